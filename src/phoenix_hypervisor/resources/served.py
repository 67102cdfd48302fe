"""What exports and shares stand on: their folders, and the datasets that those lie on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from phoenix_hypervisor.documents.host import NfsExport, SambaShare
from phoenix_hypervisor.documents.places import Place, place_of
from phoenix_hypervisor.resource import Lack
from phoenix_hypervisor.resources.directory import Directory
from phoenix_hypervisor.resources.folder import merged

_Folder = TypeVar("_Folder", bound=Directory)


def place_in(piece: Any, path: str) -> Place:
    """Where a path of a slice with ``zfs`` and ``mount_point_base`` lies; an absolute one needs neither."""
    if path.startswith("/") and not (piece.knows("zfs") and piece.knows("mount_point_base")):
        return place_of(path, None, None)
    return place_of(path, piece.zfs, piece.mount_point_base)


def unplaced(piece: Any, path: str, where: tuple[str | int, ...]) -> Iterator[Lack]:
    """What such a slice lacks to say where a path lies."""
    lost = [name for name in ("zfs", "mount_point_base") if not piece.knows(name)]
    if not lost or path.startswith("/"):
        return
    if lost == ["mount_point_base"] and place_of(path, piece.zfs, None) == place_of(path, piece.zfs, "/elsewhere"):
        return
    hint = f"Add {' and '.join(lost)} of the document beside it, or give an absolute path."
    yield Lack(where, f"where {path} lies cannot be told.", hint)


def datasets_of(places: Iterable[Place]) -> tuple[str, ...]:
    """Ids of the declared datasets of these places, each once."""
    return tuple(dict.fromkeys(f"zfs.dataset:{place.dataset}" for place in places if place.dataset))


def folders_of(
    kind: type[_Folder],
    served: Sequence[NfsExport | SambaShare],
    places: Sequence[Place],
    after: tuple[str, ...] = (),
) -> tuple[_Folder, ...]:
    """The folders below declared datasets, made where they are not there; and those with a declared owner or mode."""
    return merged(
        kind(
            name=place.path,
            owner=each.owner,
            group=each.group,
            mode=each.mode,
            after=(*after, *datasets_of((place,))),
        )
        for each, place in zip(served, places, strict=True)
        if each.owner or each.group or each.mode or (place.dataset and not place.is_root)
    )
