"""Pools, datasets and snapshots as values of the node's memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from phoenix_hypervisor.simulator.tree import Tree

EMPTY_BYTES = 98_304
"""What an empty file system refers to."""


class ZfsError(Exception):
    """What ``zfs`` says on standard error, and its exit status."""

    def __init__(self, text: str, rc: int = 1) -> None:
        super().__init__(text)
        self.text = text
        self.rc = rc


def missing(name: str) -> ZfsError:
    return ZfsError(f"cannot open '{name}': dataset does not exist")


@dataclass
class Leaf:
    """A device of a pool: its path as given, its number, whether ZFS partitioned it, whether it was taken offline."""

    path: str
    guid: int
    whole: bool = False
    offline: bool = False

    @property
    def member(self) -> str:
        """The path of what carries the label."""
        if not self.whole:
            return self.path
        if self.path.startswith("/dev/disk/"):
            return f"{self.path}-part1"
        return f"{self.path}{'p' if self.path[-1].isdigit() else ''}1"


@dataclass
class Group:
    """A virtual device at the top of a pool: a mirror, a raidz, or a disk alone (``kind`` is empty).

    ``size`` is what it gives in bytes, parity included; ``role`` is empty for data, else ``logs``, ``cache`` or
    ``spares``.
    """

    kind: str
    leaves: list[Leaf]
    guid: int
    size: int = 0
    role: str = ""


@dataclass
class Pool:
    """A pool: its size in bytes, of which so many are usable, its virtual devices, what a scrub found."""

    name: str
    size: int
    guid: int
    groups: list[Group] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)
    usable: int = 0
    altroot: str = ""
    scrubbed: float | None = None

    @property
    def leaves(self) -> list[Leaf]:
        return [leaf for group in self.groups for leaf in group.leaves]


@dataclass
class Away:
    """A pool that is not imported, whose labels are on its disks: exported, destroyed, or in use by another system."""

    pool: Pool
    datasets: dict[str, Dataset]
    state: Literal["exported", "destroyed", "foreign"]


@dataclass
class Snapshot:
    """A frozen copy of a dataset's files; ``bulk`` is what it refers to beyond the files that are modelled."""

    name: str
    tree: Tree
    creation: int
    txg: int
    guid: int
    bulk: int = 0
    properties: dict[str, str] = field(default_factory=dict)


@dataclass
class Dataset:
    """A file system: properties set here, files, snapshots from the oldest to the newest, the snapshot it came from.

    ``bulk`` is the bytes it refers to beyond the files that are modelled, such as those of an unpacked tarball;
    ``system`` names the operating system that was unpacked into it.
    """

    name: str
    creation: int
    txg: int
    guid: int
    tree: Tree = field(default_factory=Tree)
    properties: dict[str, str] = field(default_factory=dict)
    received: dict[str, str] = field(default_factory=dict)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    origin: str = ""
    bulk: int = 0
    system: str = ""

    @property
    def parent(self) -> str:
        return self.name.rpartition("/")[0]

    @property
    def newest(self) -> Snapshot | None:
        return next(reversed(self.snapshots.values()), None)
