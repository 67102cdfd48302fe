"""A running container as a machine: its own files, host name, addresses and programs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from phoenix_hypervisor.proxmox.properties import parse_properties
from phoenix_hypervisor.simulator.debian import dpkg
from phoenix_hypervisor.simulator.debian.zones import mount_zones
from phoenix_hypervisor.simulator.docker.packages import is_there as docker_is_there
from phoenix_hypervisor.simulator.filesystem import Filesystem, Generated
from phoenix_hypervisor.simulator.guestmounts import GuestMounts, MountEntry, MountFault
from phoenix_hypervisor.simulator.hardware.nvidia import inside as nvidia
from phoenix_hypervisor.simulator.hardware.nvidia.driver import ProcVersion
from phoenix_hypervisor.simulator.idmap import IdMap
from phoenix_hypervisor.simulator.mapped import MappedFilesystem
from phoenix_hypervisor.simulator.process import Address, Kernel, Program
from phoenix_hypervisor.simulator.tree import Entry, Tree

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.faults import Faults
    from phoenix_hypervisor.simulator.guests import Running
    from phoenix_hypervisor.simulator.node import Node

DEVICES = {"full": "c 1 7", "null": "c 1 3", "random": "c 1 8", "tty": "c 5 0", "urandom": "c 1 9", "zero": "c 1 5"}
_MOUNT_POINT = re.compile(r"^mp\d+$")
_MEMORY_BACKED = ("/dev", "/run", "/tmp", "/proc", "/sys")  # noqa: S108


def volatile_tree(owner: int) -> Tree:
    """What a container has in memory when it starts: device nodes, an empty /run and /tmp."""
    tree = Tree()
    for name in ("/dev", "/run", "/proc", "/sys/class/net"):
        tree.put(name, Entry("directory", "", 0o755, owner, owner))
    for name in ("/dev/pts", "/dev/shm", "/dev/mqueue", "/run/lock", "/tmp"):  # noqa: S108
        tree.put(name, Entry("directory", "", 0o1777, owner, owner))
    for name, numbers in DEVICES.items():
        tree.put(f"/dev/{name}", Entry("device", numbers, 0o666))
    tree.put("/dev/console", Entry("device", "c 136 0", 0o620, owner, owner))
    return tree


class _Computed(Generated):
    """A file under /proc or /sys of a container."""

    def __init__(self, container: Container, what: str) -> None:
        self._container, self._what = container, what

    def read(self) -> str:
        box = self._container
        if self._what == "uptime":
            up = box.uptime
            return f"{up:.2f} {up:.2f}\n"
        memory = int(box.running.options.get("memory", "512")) * 1024
        return f"MemTotal:       {memory:8d} kB\nMemFree:        {memory:8d} kB\nMemAvailable:   {memory:8d} kB\n"


class Container:
    """The machine that a program sees inside of a running container.

    ``starting``: whether what cannot be mounted stops it; one that runs already has lost sight of what is gone.
    """

    def __init__(self, node: Node, ctid: int, running: Running, *, starting: bool = False) -> None:
        self.node = node
        self.ctid = ctid
        self.running = running
        self._lost: tuple[type[Exception], ...] = () if starting else (MountFault,)
        self.files = self._namespace()

    def _namespace(self) -> Filesystem:
        node, running = self.node, self.running
        volume = parse_properties(running.options["rootfs"], "volume")["volume"]
        ids = IdMap.of(running.options, running.raw)
        files = MappedFilesystem(node.storages.volume(volume).tree, lambda: node.clock, ids)
        self._mounts = GuestMounts(node, files, running.volatile)
        self._mounts.volume(volume, "/")
        for place in _MEMORY_BACKED:
            files.mount(place, running.volatile, "tmpfs", place)
        for key in sorted((key for key in running.options if _MOUNT_POINT.match(key)), key=lambda key: int(key[2:])):
            with suppress(*self._lost):
                self._mount(running.options[key])
        for what in ("uptime", "meminfo"):
            files.generate(f"/proc/{what}", _Computed(self, what))
        mount_zones(files)
        files.generate("/proc/driver/nvidia/version", ProcVersion(node))
        for entry in (MountEntry.parse(value) for key, value in running.raw if key == "lxc.mount.entry"):
            if entry is not None:
                with suppress(*self._lost):
                    self._mounts.entry(entry)
        return files

    def _mount(self, text: str) -> None:
        values = parse_properties(text, "volume")
        kind = self._mounts.folder if values["volume"].startswith("/") else self._mounts.volume
        kind(values["volume"], "/" + values["mp"].strip("/"), read_only=values.get("ro") == "1")

    def plug(self, text: str) -> None:
        """Mount a mount point that was added while the container runs. Raises MountFault."""
        self._mount(text)

    @property
    def sources(self) -> Mapping[str, str]:
        """What is mounted beside the standard file systems, by place, as ``findmnt`` names it; the root first."""
        return self._mounts.sources

    # -- Machine

    @property
    def clock(self) -> float:
        return self.node.clock

    @property
    def hostname(self) -> str:
        return self.running.hostname

    @property
    def uptime(self) -> float:
        """Seconds since the start."""
        return max(0.0, self.node.clock - self.running.started)

    @property
    def booted(self) -> bool:
        """Whether init has started everything."""
        return self.uptime >= self.running.init_done

    @property
    def addresses(self) -> Sequence[Address]:
        """The interfaces of netN; their addresses come some time after the start."""
        up = self.uptime >= self.running.address_up
        nets = (self.running.options[key] for key in sorted(self.running.options) if key.startswith("net"))
        return [self._address(parse_properties(net), up) for net in nets]

    def _address(self, net: dict[str, str], up: bool) -> Address:
        """What the interface has: version 4, and version 6 only where there is no other."""
        four = net.get("ip", "manual") != "manual"
        cidr, gateway = (net["ip"], net.get("gw", "")) if four else (net.get("ip6", ""), net.get("gw6", ""))
        lease = int(net.get("hwaddr", "0:0")[-2:], 16)
        if cidr in ("dhcp", "auto"):
            last = lease % 200 + 50
            cidr, gateway = (f"192.168.1.{last}/24", "192.168.1.1") if four else (f"fd00:1::{last:x}/64", "fd00:1::1")
        if not up or net.get("link_down") == "1" or cidr in ("", "manual"):
            cidr, gateway = "", ""
        return Address(net["name"], cidr, gateway, net.get("hwaddr", ""), net.get("link_down") != "1")

    @property
    def kernel(self) -> Kernel:
        return self.node.kernel

    @property
    def archive(self) -> Mapping[str, str]:
        """The newer versions of packages that archives have, as the node sees them."""
        return self.node.archive

    @property
    def faults(self) -> Faults:
        return self.node.faults

    def entropy(self) -> str:
        return self.node.entropy()

    def program(self, name: str) -> Program | None:
        there = dpkg.brings(self.files, name) and nvidia.is_there(self, name) and docker_is_there(self, name)
        return self.node.guest_programs.get(name) if there else None
