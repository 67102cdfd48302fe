"""The files of an unprivileged container: its user 0 is the node's user 100000."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from phoenix_hypervisor.simulator.filesystem import Filesystem
from phoenix_hypervisor.simulator.mounts import Spot
from phoenix_hypervisor.simulator.tree import Entry, Tree

BASE = 100_000
"""Where the ids of an unprivileged container begin on the node."""
COUNT = 65_536
NOBODY = 65_534
"""Whom a file of a user outside of the container's range belongs to, as seen inside."""


def base_of(unprivileged: bool) -> int:
    return BASE if unprivileged else 0


class MappedFilesystem(Filesystem):
    """A namespace in which ids are shown and taken less by ``base`` than they are in the trees."""

    def __init__(self, root: Tree, clock: Callable[[], float], base: int) -> None:
        super().__init__(root, clock)
        self._base = base

    def _inside(self, number: int) -> int:
        return number - self._base if 0 <= number - self._base < COUNT else NOBODY

    def stat(self, path: str, follow: bool = True) -> Entry | None:
        entry = super().stat(path, follow)
        if entry is None:
            return None
        return replace(entry, uid=self._inside(entry.uid), gid=self._inside(entry.gid))

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
        owner = {"uid": None if uid is None else self._base + uid, "gid": None if gid is None else self._base + gid}
        super().write(path, text, append=append, exclusive=exclusive, mode=mode, **owner)

    def _set(self, spot: Spot, entry: Entry) -> None:
        super()._set(spot, replace(entry, uid=self._base + entry.uid, gid=self._base + entry.gid))

    def chown(self, path: str, uid: int | None = None, gid: int | None = None, follow: bool = True) -> None:
        super().chown(
            path, None if uid is None else self._base + uid, None if gid is None else self._base + gid, follow
        )
