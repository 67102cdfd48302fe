"""A running container as a machine: its own files, host name, addresses and programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from phoenix_hypervisor.proxmox.properties import parse_properties
from phoenix_hypervisor.simulator.filesystem import Filesystem, Generated
from phoenix_hypervisor.simulator.mapped import MappedFilesystem, base_of
from phoenix_hypervisor.simulator.process import Address, Program
from phoenix_hypervisor.simulator.tree import Entry, Tree

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.guests import Running
    from phoenix_hypervisor.simulator.node import Node
    from phoenix_hypervisor.simulator.storage import Volume

DEVICES = {"full": "c 1 7", "null": "c 1 3", "random": "c 1 8", "tty": "c 5 0", "urandom": "c 1 9", "zero": "c 1 5"}
PACKAGED = {"ssh-keygen": "openssh-client"}
"""Programs that a container has only with the package that brings them."""
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
    """The machine that a program sees inside of a running container."""

    def __init__(self, node: Node, ctid: int, running: Running) -> None:
        self.node = node
        self.ctid = ctid
        self.running = running
        self.sources: dict[str, str] = {}
        self.files = self._namespace()

    def _namespace(self) -> Filesystem:
        node, options = self.node, self.running.options
        rootfs = node.storages.volume(parse_properties(options["rootfs"], "volume")["volume"])
        files = MappedFilesystem(rootfs.tree, lambda: node.clock, base_of(options.get("unprivileged") == "1"))
        self.sources["/"] = _source(rootfs)
        for place in _MEMORY_BACKED:
            files.mount(place, self.running.volatile, "tmpfs", place)
        for key in sorted(key for key in options if key.startswith("mp")):
            self._mount(files, options[key])
        for key, value in self.running.raw:
            if key == "lxc.mount.entry":
                self._mount_entry(files, value)
        for what in ("uptime", "meminfo"):
            files.generate(f"/proc/{what}", _Computed(self, what))
        return files

    def _mount(self, files: Filesystem, text: str) -> None:
        values = parse_properties(text, "volume")
        point, volume = "/" + values["mp"].strip("/"), values["volume"]
        read_only = values.get("ro") == "1"
        if not volume.startswith("/"):
            found = self.node.storages.volume(volume)
            files.mount(point, found.tree, volume, read_only=read_only)
            self.sources[point] = _source(found)
        else:
            self._bind(files, volume, point, read_only)

    def _mount_entry(self, files: Filesystem, line: str) -> None:
        fields = line.split()
        if len(fields) >= 4 and fields[0].startswith("/") and "bind" in fields[3]:
            self._bind(files, fields[0], "/" + fields[1].strip("/"), "ro" in fields[3].split(","))

    def _bind(self, files: Filesystem, source: str, point: str, read_only: bool) -> None:
        host = self.node.files
        if not host.exists(source):
            return
        tree, inner = _place(host, source)
        files.mount(point, tree, source, inner, read_only=read_only)
        dataset = next((name for name, one in self.node.zfs.datasets.items() if one.tree is tree), "")
        self.sources[point] = (dataset or source) + (f"[{inner}]" if dataset and inner != "/" else "")

    def plug(self, text: str) -> None:
        """Mount a mount point that was added while the container runs."""
        self._mount(self.files, text)

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

    def entropy(self) -> str:
        return self.node.entropy()

    def program(self, name: str) -> Program | None:
        package = PACKAGED.get(name)
        if package is not None and not self._installed(package):
            return None
        return self.node.guest_programs.get(name)

    def _installed(self, package: str) -> bool:
        status = self.files.stat("/var/lib/dpkg/status")
        return status is not None and f"Package: {package}\n" in status.data


def _source(volume: Volume) -> str:
    return volume.dataset.name if volume.dataset else volume.id


def _place(files: Filesystem, path: str) -> tuple[Tree, str]:
    """The tree that holds a path of the node, and the path inside of it."""
    resolved = files.resolve(path)
    above = [mount for mount in files.mounts if resolved == mount.path or resolved.startswith(f"{mount.path}/")]
    mount = max(above or files.mounts[:1], key=lambda one: len(one.path))
    rest = resolved[len(mount.path.rstrip("/")) :]
    return mount.tree, (mount.base.rstrip("/") + rest) or "/"
