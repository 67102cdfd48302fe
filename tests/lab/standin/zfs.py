"""The pools and datasets that ``zfs`` really has, behind the names by which the simulator's commands ask for them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from phoenix_hypervisor.command import Result
from phoenix_hypervisor.simulator.zfs.datasets import Zfs
from phoenix_hypervisor.simulator.zfs.model import Dataset, Pool, Snapshot, ZfsError
from phoenix_hypervisor.simulator.zfs.space import Space

from .disk_tree import DiskTree

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

Run = Callable[[Sequence[str]], Result]
"""Runs an argv and waits for it."""
_COLUMNS = (
    *("name", "type", "creation", "createtxg", "guid", "origin", "mountpoint", "mounted", "refquota", "used"),
    "available",
)
_LIST = ("zfs", "list", "-H", "-p", "-t", "filesystem,snapshot", "-o", ",".join(_COLUMNS))


def run(argv: Sequence[str]) -> Result:
    """Run a real command."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return Result(127, "", f"{argv[0]}: command not found\n")
    return Result(done.returncode, done.stdout, done.stderr)


class RealSpace(Space):
    """The figures as ``zfs list`` gives them."""

    def __init__(self, figures: Mapping[str, tuple[int, int]]) -> None:
        self._figures = figures

    def used(self, dataset: Dataset) -> int:
        return self._figures[dataset.name][0]

    def available(self, name: str) -> int:
        return self._figures[name][1]


class RealZfs(Zfs):
    """All datasets. Each change is a real ``zfs``, and everything is read again after it."""

    def __init__(self, node: Node, run: Run, root: str = "") -> None:
        super().__init__(node.files, node.disks, lambda: node.clock, lambda: 0, node.release.zfs)
        self._run = run
        self._root = root
        self._points: dict[str, str] = {}
        self._figures: dict[str, tuple[int, int]] = {}
        self.load()

    def load(self) -> None:
        """Read what is there."""
        found = self._run(_LIST)
        if found.rc not in (0, 127) and "no datasets available" not in found.stdout + found.stderr:
            raise ZfsError(found.stderr.strip() or found.stdout.strip(), found.rc)
        rows = [dict(zip(_COLUMNS, line.split("\t"), strict=True)) for line in found.stdout.splitlines()]
        filesystems = [row for row in rows if row["type"] == "filesystem"]
        self._points = {row["name"]: row["mountpoint"] for row in filesystems if row["mounted"] == "yes"}
        self._figures = {row["name"]: (int(row["used"]), int(row["available"])) for row in filesystems}
        self.datasets = {row["name"]: self._dataset(row) for row in filesystems}
        tops = {name.partition("/")[0] for name in self.datasets}
        self.pools = {top: Pool(top, sum(self._figures[top]), 0) for top in sorted(tops)}
        snapshots = (row for row in rows if row["type"] == "snapshot")
        for row in sorted(snapshots, key=lambda row: int(row["createtxg"])):
            name, _, short = row["name"].partition("@")
            self.datasets[name].snapshots[short] = self._snapshot(name, short, row)

    def _dataset(self, row: Mapping[str, str]) -> Dataset:
        limit = row["refquota"] if row["refquota"].isdigit() else "0"
        tree = self._tree(row["name"])
        numbers = (int(row["creation"]), int(row["createtxg"]), int(row["guid"]))
        origin = "" if row["origin"] == "-" else row["origin"]
        return Dataset(row["name"], *numbers, tree=tree, properties={"refquota": limit}, origin=origin)

    def _snapshot(self, name: str, short: str, row: Mapping[str, str]) -> Snapshot:
        tree = self._tree(name, f"/.zfs/snapshot/{short}")
        return Snapshot(short, tree, int(row["creation"]), int(row["createtxg"]), int(row["guid"]))

    def _tree(self, name: str, below: str = "") -> DiskTree:
        place = self._points.get(name, "/nonexistent")
        return DiskTree(f"{self._root}{place}{below}", follow=True)

    # -- looking

    def mountpoint(self, name: str) -> str | None:
        return self._points.get(name)

    def space(self) -> Space:
        return RealSpace(self._figures)

    # -- changing

    def create(self, name: str, values: Mapping[str, str], *, parents: bool = False) -> Dataset:
        self._zfs("create", *(["-p"] if parents else []), *_options(values), name)
        return self.dataset(name)

    def clone(self, source: str, name: str, values: Mapping[str, str], *, parents: bool = False) -> Dataset:
        self._zfs("clone", *(["-p"] if parents else []), *_options(values), source, name)
        return self.dataset(name)

    def take(self, name: str, values: Mapping[str, str]) -> Snapshot:
        self._zfs("snapshot", *_options(values), name)
        return self.snapshot(name)

    def assign(self, name: str, values: Mapping[str, str]) -> None:
        self._zfs("set", *(f"{key}={value}" for key, value in values.items()), name)

    def rollback(self, name: str, *, newer: bool = False) -> None:
        self._zfs("rollback", *(["-r"] if newer else []), name)

    def destroy(self, name: str, *, recursive: bool = False, clones: bool = False) -> None:
        self._zfs("destroy", *(["-R"] if clones else ["-r"] if recursive else []), name)

    def rename(self, name: str, new: str) -> None:
        self._zfs("rename", name, new)

    def _zfs(self, *words: str) -> None:
        done = self._run(("zfs", *words))
        self.load()
        if done.rc:
            raise ZfsError(done.stderr.strip(), done.rc)


def _options(values: Mapping[str, str]) -> list[str]:
    return [word for key, value in values.items() for word in ("-o", f"{key}={value}")]
