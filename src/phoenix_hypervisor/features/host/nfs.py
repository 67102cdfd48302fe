"""What the node serves by NFS."""

from __future__ import annotations

from collections.abc import Iterator

from phoenix_hypervisor.documents import exports as options
from phoenix_hypervisor.documents.places import Place, place_of
from phoenix_hypervisor.documents.shares import NfsExport
from phoenix_hypervisor.documents.types import HostPath, Many, Network
from phoenix_hypervisor.documents.zfs import Zfs
from phoenix_hypervisor.resource import Feature, Lack, Resource, Slice
from phoenix_hypervisor.resources.export_lines import Export
from phoenix_hypervisor.resources.exports import PATH, Exports
from phoenix_hypervisor.resources.folder import ExportFolder
from phoenix_hypervisor.resources.package import Packages
from phoenix_hypervisor.resources.served import datasets_of, folders_of, unplaced
from phoenix_hypervisor.resources.service import Service


class Nfs(Slice):
    """The exports, and what their paths and clients are read by: datasets, where they are mounted, the subnet."""

    exports: Many[NfsExport] = ()
    default_subnet: Network | None = None
    zfs: Zfs | None = None
    mount_point_base: HostPath | None = None


def lacks(piece: Nfs) -> Iterator[Lack]:
    """Clients of its own or of the subnet for each export, and what its path is read by."""
    for index, export in enumerate(piece.exports):
        where = ("exports", index)
        if not export.clients and piece.default_subnet is None:
            yield Lack(where, f"{export.path} has no clients.", "Give it some, or add default_subnet beside exports.")
        yield from unplaced(piece, export.path, where)


def resources(piece: Nfs) -> Iterator[Resource]:
    """The server, the folders, the file, the service; without exports the server stays as it is.

    A part changes the exports that it mentions, and of each what it says; the others stay.
    """
    served = [each for each in piece.exports if each.clients or piece.default_subnet]
    unserved = tuple(each.path for each in piece.exports if each not in served)
    if not served:
        yield Exports(unserved=unserved)
        return
    yield Packages(name="nfs", packages=("nfs-kernel-server",))
    places = [place_of(each.path, piece.zfs, piece.mount_point_base) for each in served]
    folders = folders_of(ExportFolder, served, places)
    yield from folders
    after = ("package:nfs", *datasets_of(places), *(folder.id for folder in folders))
    exports = tuple(_export(piece, each, place) for each, place in zip(served, places, strict=True))
    yield Exports(exports=exports, unserved=unserved, others_stay=piece.is_part, after=after)
    yield Service(name="nfs-server.service", after=("package:nfs", f"exports:{PATH}"))


def _export(piece: Nfs, export: NfsExport, place: Place) -> Export:
    return Export(
        path=place.path,
        clients=tuple(dict.fromkeys(export.clients or filter(None, (piece.default_subnet,)))),
        options=options.in_force(export.options),
        left_open=tuple(name for name in ("clients", "options") if not piece.knows(name, export)),
    )


feature = Feature(
    name="nfs",
    summary="Folders that NFS serves.",
    scope="host",
    slice=Nfs,
    resources=resources,
    sources={
        "exports": "host.nfs.exports",
        "default_subnet": "host.network.default_subnet",
        "zfs": "host.zfs",
        "mount_point_base": "host.mount_point_base",
    },
    siblings=frozenset({"default_subnet", "zfs", "mount_point_base"}),
    needs=("initial_setup",),
    touches=(PATH, "nfs-kernel-server", "nfs-server.service"),
    lacks=lacks,
)
