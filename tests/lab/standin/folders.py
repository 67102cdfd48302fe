"""ZFS where the kernel has none: datasets are folders, snapshots and clones are copies of them.

A dataset lies at its mountpoint, a snapshot below HOME; what is where stands in one file there. On Btrfs they are
subvolumes, which are copied in a moment. Quotas bind nobody, and nothing is mounted: that a dataset is a file system of
its own is what does not show.
"""

from __future__ import annotations

import fcntl
import pickle
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phoenix_hypervisor.simulator.disks.devices import Disks
from phoenix_hypervisor.simulator.filesystem import Filesystem
from phoenix_hypervisor.simulator.zfs.datasets import Zfs
from phoenix_hypervisor.simulator.zfs.model import Dataset, Pool, Snapshot
from phoenix_hypervisor.simulator.zfs.space import Space

from .disk_tree import DiskTree

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.tree import Tree

    from .zfs import Run

POOL = "tank"
HOME = f"{POOL}/.standin"
"""A folder of the machine's; where it is there, ZFS is this. Folders are moved in and out: one mount holds them all."""


class FolderTree(DiskTree):
    """A folder that can be copied, as a whole, to another one on the same shelf."""

    def __init__(self, top: str | Path, shelf: Path) -> None:
        super().__init__(top, follow=True)
        self.shelf = shelf

    def __reduce__(self) -> tuple[Any, ...]:
        return FolderTree, (self.top, self.shelf)

    def copy(self) -> Tree:
        place = _free(self.shelf)
        if _subvolume("snapshot", self.top, place):
            return FolderTree(place, self.shelf)
        made = empty(self.shelf)
        made.update(self)
        return made

    def clear(self) -> None:
        _remove(*self.top.iterdir())

    def values(self) -> Any:
        """None: what room the files take is not counted."""
        return ()


def empty(shelf: Path) -> FolderTree:
    """A new folder, for everybody to look into as a mounted file system is."""
    place = _free(shelf)
    if not _subvolume("create", place):
        place.mkdir()
    return FolderTree(place, shelf)


def _free(shelf: Path) -> Path:
    return shelf / secrets.token_hex(8)


def _remove(*paths: Path) -> None:
    for path in paths:
        if not _subvolume("delete", path):
            subprocess.run(("rm", "-rf", "--one-file-system", "--", path), check=True)


def _subvolume(*words: str | Path) -> bool:
    """Let Btrfs do it, which takes a moment; False where the folder is on another file system."""
    try:
        return subprocess.run(("btrfs", "-q", "subvolume", *words), capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


class FreeSpace(Space):
    """What the disk below has free."""

    def available(self, _name: str) -> int:
        return shutil.disk_usage(next(iter(self._zfs.datasets.values())).tree.shelf).free  # type: ignore[attr-defined]


class FolderZfs(Zfs):
    """The datasets of a machine; each command reads what is there, and one at a time changes it."""

    def __init__(self, files: Filesystem, version: str, run: Run, root: str = "") -> None:
        super().__init__(files, Disks(files, time.time, _entropy), time.time, _identity, version)
        self.mounting.is_busy = lambda leaf: _owner(leaf) in run(("lxc-ls", "--running", "-1")).stdout.split()
        self._root = root
        self._home = Path(f"{root}/{HOME}")
        self._state = self._home / "state"
        self._depth = 0
        if not self._state.exists():
            with self._alone(fresh=True):
                super().add_pool(Pool(POOL, shutil.disk_usage(self._home).free, self.identity()), {})
        self.load()

    def load(self) -> None:
        """Read what is there."""
        self.pools, self.datasets, self.txg = pickle.loads(self._state.read_bytes())
        self.remount()

    def _save(self) -> None:
        written = self._state.with_suffix(".new")
        written.write_bytes(pickle.dumps((self.pools, self.datasets, self.txg)))
        written.replace(self._state)

    @contextmanager
    def _alone(self, fresh: bool = False) -> Iterator[None]:
        """One change, made of what is there now; afterwards the folders are where they belong."""
        self._depth += 1
        try:
            if self._depth > 1:
                yield
                return
            with (self._home / "lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if not fresh:
                    self.load()
                before = self._folders()
                try:
                    yield
                finally:
                    self._settle(before)
                    self._save()
        finally:
            self._depth -= 1

    def _folders(self) -> set[Path]:
        holders: list[Dataset | Snapshot] = [*self.datasets.values()]
        for dataset in self.datasets.values():
            holders += dataset.snapshots.values()
        return {_tree(one).top for one in holders}

    def _settle(self, before: set[Path]) -> None:
        for name in sorted(self.datasets):
            tree, point = _tree(self.datasets[name]), Path(self._root + self.effective(name, "mountpoint")[0])
            if tree.top != point:
                point.parent.mkdir(parents=True, exist_ok=True)
                tree.top.rename(point)
                before.discard(tree.top)
                tree.top = point
        _remove(*(before - self._folders()))

    # -- looking

    def space(self) -> Space:
        return FreeSpace(self)

    # -- changing

    def create(self, name: str, values: Mapping[str, str], *, parents: bool = False) -> Dataset:
        with self._alone():
            return super().create(name, values, parents=parents)

    def clone(self, source: str, name: str, values: Mapping[str, str], *, parents: bool = False) -> Dataset:
        with self._alone():
            return super().clone(source, name, values, parents=parents)

    def take(self, name: str, values: Mapping[str, str]) -> Snapshot:
        with self._alone():
            return super().take(name, values)

    def assign(self, name: str, values: Mapping[str, str]) -> None:
        with self._alone():
            super().assign(name, values)

    def rollback(self, name: str, *, newer: bool = False) -> None:
        with self._alone():
            super().rollback(name, newer=newer)

    def destroy(self, name: str, *, recursive: bool = False, clones: bool = False) -> None:
        with self._alone():
            super().destroy(name, recursive=recursive, clones=clones)

    def rename(self, name: str, new: str) -> None:
        with self._alone():
            super().rename(name, new)

    def _add(self, name: str, values: dict[str, str], tree: Tree | None = None) -> Dataset:
        if tree is None:
            tree = FolderTree(f"{self._root}/{POOL}", self._home) if name == POOL else empty(self._home)
        return super()._add(name, values, tree)


def _owner(leaf: str) -> str:
    """The container whose volume has that name: ``subvol-900-disk-0``."""
    return leaf.partition("-")[2].partition("-")[0]


def _entropy() -> str:
    return secrets.token_hex(32)


def _identity() -> int:
    return secrets.randbits(63) | 1


def _tree(one: Dataset | Snapshot) -> FolderTree:
    assert isinstance(one.tree, FolderTree)
    return one.tree
