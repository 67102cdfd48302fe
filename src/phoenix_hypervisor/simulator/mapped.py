"""The files of a container as its root sees them: its users are others on the node."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import replace

from phoenix_hypervisor.simulator.filesystem import Filesystem
from phoenix_hypervisor.simulator.idmap import IdMap
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
        if super().stat(path) is None:
            uid, gid = uid or 0, gid or 0
        owner = {"uid": self._outside("u", uid, path), "gid": self._outside("g", gid, path)}
        super().write(path, text, append=append, exclusive=exclusive, mode=mode, **owner)

    def _set(self, spot: Spot, entry: Entry) -> None:
        uid, gid = self._outside("u", entry.uid, spot.path), self._outside("g", entry.gid, spot.path)
        super()._set(spot, replace(entry, uid=uid or 0, gid=gid or 0))

    def chown(self, path: str, uid: int | None = None, gid: int | None = None, follow: bool = True) -> None:
        super().chown(path, self._outside("u", uid, path), self._outside("g", gid, path), follow)
