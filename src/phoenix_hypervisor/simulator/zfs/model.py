"""Pools, datasets and snapshots as values of the node's memory."""

from __future__ import annotations

from dataclasses import dataclass, field

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
class Pool:
    """A pool: its size in bytes and the disks, each group of them one virtual device."""

    name: str
    size: int
    guid: int
    layout: str = ""
    disks: list[str] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)


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
