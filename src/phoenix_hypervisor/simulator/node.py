"""A Proxmox VE node in memory: its files, pools, storages, guests and programs, on a clock that others turn."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from phoenix_hypervisor.command import Result
from phoenix_hypervisor.simulator import installation, persistence, programs
from phoenix_hypervisor.simulator.cluster import ClusterTree, mount_cluster
from phoenix_hypervisor.simulator.container import Container
from phoenix_hypervisor.simulator.faults import Faults
from phoenix_hypervisor.simulator.filesystem import Filesystem
from phoenix_hypervisor.simulator.fittings import Fittings
from phoenix_hypervisor.simulator.guests import Guests
from phoenix_hypervisor.simulator.kernel import mount_kernel
from phoenix_hypervisor.simulator.locks import Locks
from phoenix_hypervisor.simulator.process import NOT_FOUND, Address, Kernel, Process, Program, Run, execute, find
from phoenix_hypervisor.simulator.releases import NEWEST, RELEASES, Release
from phoenix_hypervisor.simulator.storage import Storages
from phoenix_hypervisor.simulator.tree import Tree
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
        self.clock = clock
        self.started = started
        self.drawn = 0
        self.root = root
        self.cluster = cluster
        self.files = Filesystem(root, lambda: self.clock)
        mount_cluster(self.files, cluster, int(started))
        self.zfs = Zfs(self.files, lambda: self.clock, lambda: int(self.entropy()[:16], 16) | 1, release.zfs)
        self.storages = Storages(self.files, self.zfs)
        self.guests = Guests(cluster, lambda: self.clock)
        self.zfs.is_busy = self.guests.mounts
        self.locks = Locks()
        self.faults = Faults()
        mount_kernel(self)
        self.programs: Mapping[str, Program] = programs.of_node(self)
        self.guest_programs: Mapping[str, Program] = programs.of_guest()
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

    # -- running

    def start(self, argv: Sequence[str], stdin: str = "") -> Process:
        """A process of the node, not yet run."""
        return Process(self, list(argv), stdin, dict(ENVIRONMENT), "/root", top=True)

    def execute(self, process: Process) -> Run:
        """Run a process; a name that is no program is 127 with the shell's words."""
        name, absent = process.argv[0], find(process) is None
        rc = yield from execute(process)
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

    # -- Machine

    @property
    def hostname(self) -> str:
        return self.name

    @property
    def kernel(self) -> Kernel:
        return self.release.kernel

    @property
    def addresses(self) -> Sequence[Address]:
        return [
            Address(name, *installation.bridge_address(self.files, name), self.files.read(f"{path}/address").strip())
            for path in self.files.glob("/sys/class/net/*")
            if (name := path.rpartition("/")[2]) != "lo" and self.files.is_dir(f"{path}/bridge")
        ]

    def entropy(self) -> str:
        """64 hexadecimal digits that follow from the seed and how often it was asked."""
        self.drawn += 1
        return hashlib.sha256(f"{self.seed}:{self.drawn}".encode()).hexdigest()

    def program(self, name: str) -> Program | None:
        return self.programs.get(name)
