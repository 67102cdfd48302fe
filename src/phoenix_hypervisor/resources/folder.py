"""Folders that are served: one may be served by NFS and by Samba, so each has a resource of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, TypeVar

from phoenix_hypervisor.resources.directory import Directory


class ExportFolder(Directory):
    """A folder that NFS serves."""

    kind: ClassVar[str] = "export-folder"


class ShareFolder(Directory):
    """A folder that Samba serves."""

    kind: ClassVar[str] = "share-folder"


_Folder = TypeVar("_Folder", bound=Directory)


def merged(folders: Iterable[_Folder]) -> tuple[_Folder, ...]:
    """Each folder once, with what any of the same name declares; the first one that does decides."""
    found: dict[str, _Folder] = {}
    for folder in folders:
        first = found.setdefault(folder.id, folder)
        names = ("owner", "group", "mode")
        given = {name: getattr(first, name) or getattr(folder, name) for name in names}
        found[folder.id] = first.model_copy(
            update={**given, "after": tuple(dict.fromkeys((*first.after, *folder.after)))}
        )
    return tuple(found.values())
