"""The files of a container as its root sees them: its users are others on the node."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import replace

from phoenix_hypervisor.simulator.filesystem import Filesystem
from phoenix_hypervisor.simulator.idmap import NOBODY, IdMap
from phoenix_hypervisor.simulator.mounts import Spot, fail
from phoenix_hypervisor.simulator.tree import Entry, Tree


class MappedFilesystem(Filesystem):
    """A namespace in which ids are shown and taken through an id map."""

    def __init__(self, root: Tree, clock: Callable[[], float], ids: IdMap) -> None:
        super().__init__(root, clock)
        self.ids = ids

    def _outside(self, kind: str, number: int | None, path: str) -> int | None:
        if number is None:
            return None
        found = self.ids.outside(kind, number)
        return fail(errno.EINVAL, path) if found is None else found

    def stat(self, path: str, follow: bool = True) -> Entry | None:
        entry = super().stat(path, follow)
        if entry is None:
            return None
        return replace(entry, uid=self.ids.inside("u", entry.uid), gid=self.ids.inside("g", entry.gid))

    def write(
        self,
        path: str,
        text: str,
        *,
        append: bool = False,
        exclusive: bool = False,
        mode: int | None = None,
        uid: int | None = None,
        gid: int | None = None,
    ) -> None:
        spot = self._find(path)
        if spot.entry is None:
            uid, gid = uid or 0, gid or 0
            self._check_folder_of(spot)
        elif spot.entry.kind == "file" and spot.generated is None:
            self._check_writable(spot, path)
            if not self._may_write(spot.entry):
                fail(errno.EACCES, path)
        owner = {"uid": self._outside("u", uid, path), "gid": self._outside("g", gid, path)}
        super().write(path, text, append=append, exclusive=exclusive, mode=mode, **owner)

    def _set(self, spot: Spot, entry: Entry) -> None:
        uid, gid = self._outside("u", entry.uid, spot.path), self._outside("g", entry.gid, spot.path)
        super()._set(spot, replace(entry, uid=uid or 0, gid=gid or 0))

    def chown(self, path: str, uid: int | None = None, gid: int | None = None, follow: bool = True) -> None:
        super().chown(path, self._outside("u", uid, path), self._outside("g", gid, path), follow)

    # -- a container's root is nobody to what ids outside its map own (capabilities(7), user_namespaces(7))

    def _may_write(self, entry: Entry) -> bool:
        ids = self.ids
        mine = ids.inside("u", entry.uid) != NOBODY, ids.inside("g", entry.gid) != NOBODY
        bits = 0o2 if entry.uid != ids.root[0] else 0o200
        return not ids.ranges or all(mine) or bool(entry.mode & bits)

    def _check_folder_of(self, spot: Spot) -> None:
        self._check_writable(spot, spot.path)
        folder = super().stat(spot.path.rpartition("/")[0] or "/")
        if folder is not None and not self._may_write(folder):
            fail(errno.EACCES, spot.path)

    def _place(self, path: str) -> Spot:
        spot = super()._place(path)
        self._check_folder_of(spot)
        return spot

    def remove(self, path: str, recursive: bool = False) -> None:
        self._check_folder_of(self._there(path, follow=False)[0])
        super().remove(path, recursive)

    def rename(self, source: str, target: str) -> None:
        self._check_folder_of(self._there(source, follow=False)[0])
        self._check_folder_of(self._find(target, follow=False))
        super().rename(source, target)

    def _change(self, path: str, follow: bool, change: Callable[[Entry], Entry]) -> None:
        entry = super().stat(path, follow)
        if (
            entry is not None
            and self.ids.ranges
            and NOBODY
            in (
                self.ids.inside("u", entry.uid),
                self.ids.inside("g", entry.gid),
            )
        ):
            fail(errno.EPERM, path)
        super()._change(path, follow, change)
