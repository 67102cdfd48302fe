"""What exports and shares stand on: their folders, and the datasets that those lie on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from phoenix_hypervisor.documents.places import Place, place_of
from phoenix_hypervisor.documents.shares import NfsExport, SambaShare
from phoenix_hypervisor.resource import Lack
from phoenix_hypervisor.resources.directory import Directory
from phoenix_hypervisor.resources.folder import merged

_Folder = TypeVar("_Folder", bound=Directory)


def unplaced(piece: Any, path: str, where: tuple[str | int, ...]) -> Iterator[Lack]:
    """What a slice with ``zfs`` and ``mount_point_base`` lacks to say where a path lies, and on which dataset."""
    lost = [name for name in ("zfs", "mount_point_base") if not piece.knows(name)]
    if not lost:
        return
    anywhere = place_of(path, piece.zfs, None)
    if anywhere.dataset is None or anywhere != place_of(path, piece.zfs, "/elsewhere"):
        hint = f"Add {' and '.join(lost)} of the document beside it."
        yield Lack(where, f"where {path} lies, and on which dataset, cannot be told.", hint)


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
