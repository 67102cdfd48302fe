"""A Proxmox VE node in memory: its files, pools, storages, guests and programs, on a clock that others turn."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from phoenix_hypervisor.command import Result
from phoenix_hypervisor.simulator import installation, persistence, programs, rootfs, setup
from phoenix_hypervisor.simulator.cluster import ClusterTree, mount_cluster
from phoenix_hypervisor.simulator.container import Container
from phoenix_hypervisor.simulator.debian import dpkg
from phoenix_hypervisor.simulator.disks.devices import Disks
from phoenix_hypervisor.simulator.faults import Faults
from phoenix_hypervisor.simulator.filesystem import Filesystem
from phoenix_hypervisor.simulator.fittings import Fittings
from phoenix_hypervisor.simulator.guests import Guests
from phoenix_hypervisor.simulator.hardware import boot, boottools, packages, timers
from phoenix_hypervisor.simulator.hardware.links import Network
from phoenix_hypervisor.simulator.hardware.modules import Modules
from phoenix_hypervisor.simulator.hardware.timers import Timer
from phoenix_hypervisor.simulator.kernel import mount_kernel
from phoenix_hypervisor.simulator.locks import Locks
from phoenix_hypervisor.simulator.process import NOT_FOUND, Address, Kernel, Process, Program, Run, execute, find
from phoenix_hypervisor.simulator.releases import NEWEST, RELEASES, Release
from phoenix_hypervisor.simulator.sharing.netmounts import NetMounts
from phoenix_hypervisor.simulator.storage import Storages
from phoenix_hypervisor.simulator.tarballs import Tarball
from phoenix_hypervisor.simulator.tree import Tree
from phoenix_hypervisor.simulator.zfs.arc import Arc
from phoenix_hypervisor.simulator.zfs.datasets import Zfs

CLOCK = 1_795_000_000.0
PATIENCE, INTERRUPTED = 86_400.0, 130
"""Seconds after which whoever runs a command by hand ends it, and its exit status then."""
ENVIRONMENT: Mapping[str, str] = {
    "SHELL": "/bin/bash",
    "PWD": "/root",
    "LOGNAME": "root",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "USER": "root",
    "PATH": "/sbin:/bin:/usr/sbin:/usr/bin",
}


class Node(Fittings):
    """The node. ``clock`` is seconds since the epoch; whoever drives processes sets it to the time of each step."""

    def __init__(
        self,
        name: str,
        *,
        seed: int,
        clock: float,
        started: float,
        root: Tree,
        cluster: ClusterTree,
        release: Release = RELEASES[NEWEST],
    ) -> None:
        self.name = name
        self.release = release
        self.seed = seed
        self._clock = clock
        self.started = started
        self.ready = 0.0
        self.boots = 0
        self.timers: list[Timer] = []
        self.internet: dict[str, str] = {}
        self.drawn = 0
        self.root = root
        self.cluster = cluster
        self.files = Filesystem(root, lambda: self.clock)
        mount_cluster(self.files, cluster, int(started))
        self.disks = Disks(self.files, lambda: self.clock, self.entropy)
        self.arc = Arc()
        self.zfs = Zfs(self.files, self.disks, lambda: self.clock, self._identity, release.zfs)
        self.storages = Storages(self.files, self.zfs)
        self.netmounts = NetMounts(self)
        self.guests = Guests(cluster, lambda: self.clock)
        self.zfs.mounting.is_busy = self.guests.mounts
        self.locks = Locks()
        self.modules = Modules(self)
        self.network = Network(self)
        self.faults = Faults()
        self.archive: dict[str, str] = {}
        mount_kernel(self)
        self.programs: Mapping[str, Program] = programs.of_node(self)
        self.guest_programs: Mapping[str, Program] = programs.of_guest(self)
        self._containers: dict[int, Container] = {}

    @classmethod
    def new(cls, name: str = "pve1", *, seed: int = 0, clock: float = CLOCK, version: int = NEWEST) -> Node:
        """A plain installation of Proxmox VE 8.4 or 9.2: storages ``local`` and ``local-zfs``, ``vmbr0``, no guest."""
        release = RELEASES[version]
        root, cluster = installation.root_tree(name, release), ClusterTree(name)
        node = cls(name, seed=seed, clock=clock, started=clock, root=root, cluster=cluster, release=release)
        installation.install(node)
        return node

    @classmethod
    def load(cls, path: str | Path) -> Node:
        """The node that ``save`` wrote. Raises NodeFileError on anything else."""
        return persistence.load(Path(path), cls)

    def save(self, path: str | Path) -> None:
        """Write the node to a file, at once or not at all."""
        persistence.save(self, Path(path))

    # -- time and power

    @property
    def clock(self) -> float:
        """Seconds since the epoch, simulated. Setting it lets what is due by then happen."""
        return self._clock

    @clock.setter
    def clock(self, now: float) -> None:
        if any(timer.due <= now for timer in self.timers):
            timers.fire(self, now)
        self._clock = now

    def set_clock(self, now: float) -> None:
        """Set the clock, and nothing happens."""
        self._clock = now

    def reboot(self) -> None:
        """Restart the node, and wait until it is there again."""
        boot.reboot(self)
        self.ready = self._clock

    # -- running

    def start(self, argv: Sequence[str], stdin: str = "") -> Process:
        """A process of the node, not yet run."""
        return Process(self, list(argv), stdin, dict(ENVIRONMENT), "/root", top=True)

    def execute(self, process: Process) -> Run:
        """Run a process; a name that is no program is 127 with the shell's words. A restart of the node ends it."""
        if self.clock < self.ready:
            yield self.ready - self.clock
        name, absent = process.argv[0], find(process) is None
        run, boots = execute(process), self.boots
        try:
            while True:
                yield next(run)
                if self.boots != boots:
                    process.complain(f"Connection to {self.name} closed by remote host.\n")
                    return boot.LOST
        except StopIteration as end:
            rc = int(end.value)
        finally:
            run.close()
        if absent and rc == NOT_FOUND:
            process.complain(f"{name}: command not found\n")
        return rc

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        """Run a process alone, turning the clock by what it spends; one that is not done within a day is ended."""
        process = self.start(argv, stdin)
        began, run = self.clock, self.execute(process)
        try:
            while self.clock - began < PATIENCE:
                self.clock += next(run)
            run.close()
            rc = INTERRUPTED
            process.complain(f"{argv[0]}: interrupted after {PATIENCE:g} s\n")
        except StopIteration as end:
            rc = end.value
        return Result(rc, "".join(process.out), "".join(process.err), self.clock - began)

    def container(self, ctid: int) -> Container | None:
        """The running container of an id; None when it does not run."""
        running = self.guests.running.get(ctid)
        if running is None:
            self._containers.pop(ctid, None)
            return None
        known = self._containers.get(ctid)
        if known is None or known.running is not running:
            known = self._containers[ctid] = Container(self, ctid, running)
        return known

    def unpack(self, tarball: Tarball, _path: str, tree: Tree, owner: int) -> None:
        """Fill a volume with what the tarball holds; ``owner`` is whom the container's root is on the node."""
        tree.update(rootfs.unpacked(tarball.system, owner))

    def write_host_key(self, root: setup.Root, kind: str, hostname: str) -> str:
        """Make an SSH host key of a container; its fingerprint."""
        return setup.write_host_key(root, kind, hostname, self.entropy())

    def boot(self, root: setup.Root) -> None:
        """What a container's init writes when it starts."""
        setup.boot(root, self.entropy)

    # -- Machine

    @property
    def hostname(self) -> str:
        return self.name

    @property
    def kernel(self) -> Kernel:
        """The kernel that runs, as /proc tells it."""
        release, version = (self.files.stat(f"/proc/sys/kernel/{name}") for name in ("osrelease", "version"))
        return Kernel(release.data.strip(), version.data.strip()) if release and version else self.release.kernel

    @property
    def secure_boot(self) -> bool:
        """Whether the firmware and the kernel take only what is signed."""
        entry = self.files.stat(boottools.SECURE_BOOT)
        return entry is not None and entry.data.endswith("\x01")

    @property
    def addresses(self) -> Sequence[Address]:
        return [one for one in self.network.addresses() if one.cidr or self.network.is_bridge(one.interface)]

    def _node(self) -> Node:
        return self

    def _identity(self) -> int:
        return int(self.entropy()[:16], 16) | 1

    def entropy(self) -> str:
        """64 hexadecimal digits that follow from the seed and how often it was asked."""
        self.drawn += 1
        return hashlib.sha256(f"{self.seed}:{self.drawn}".encode()).hexdigest()

    def program(self, name: str) -> Program | None:
        there = dpkg.brings(self.files, name) and packages.is_there(self, name)
        return self.programs.get(name) if there else None
