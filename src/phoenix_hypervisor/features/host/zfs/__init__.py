"""ZFS on the node: pools, datasets, the storages of Proxmox on them, the limit of the ARC."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from phoenix_hypervisor.documents.types import Address, HostPath, Line, Many
from phoenix_hypervisor.documents.zfs import Dataset as Declared
from phoenix_hypervisor.documents.zfs import Zfs as Document
from phoenix_hypervisor.documents.zfs import ZfsPool, mountpoint_of, own_mountpoint, storage_id
from phoenix_hypervisor.features.host.zfs.arc import BOOT, TITLE, ArcLimit
from phoenix_hypervisor.features.host.zfs.dataset import Dataset
from phoenix_hypervisor.features.host.zfs.leftovers import Leftovers
from phoenix_hypervisor.features.host.zfs.pool import Pool
from phoenix_hypervisor.features.host.zfs.properties import RESET
from phoenix_hypervisor.features.host.zfs.storage import StorageOf
from phoenix_hypervisor.proxmox.names import check_storage_id
from phoenix_hypervisor.resource import Feature, Lack, Resource, Slice
from phoenix_hypervisor.resources.block import Block
from phoenix_hypervisor.resources.initramfs import DUE, Initramfs
from phoenix_hypervisor.resources.storage import Storage

_FOR_CONTAINERS = {"acltype": "posixacl", "xattr": "sa"}
"""What the volumes of containers inherit: a clone takes no property of its origin, but those of its parent."""
_DECIDING = ("properties", "proxmox_storage_type", "proxmox_content_type")
"""The fields of a dataset by which it has its properties."""
_SERVED = ("service:nfs-server.service", "exports:/etc/exports.d/phoenix.exports")
_STORAGE_TYPES = ("zfspool", "dir", "nfs")


class Zfs(Slice):
    """``zfs`` of the host document, and what it is read by: storage ids, where datasets are mounted, the NFS server."""

    arc_max_gb: Annotated[float | int, Field(gt=0, le=1 << 20)] | None = None
    pools: Many[ZfsPool] = ()
    datasets: Many[Declared] = ()
    proxmox_storage_ids: dict[Line, str] = {}
    mount_point_base: HostPath | None = None
    nfs_server: Address | None = None

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        storages = [storage_id(each, self.proxmox_storage_ids) for each in self.datasets if each.proxmox_storage_type]
        for name in storages if "proxmox_storage_ids" in self.model_fields_set else ():
            if fault := check_storage_id(name):
                raise PydanticCustomError("bad-storage-id", "{name}: {fault}", {"name": name, "fault": fault})
        groups = (
            ("pool", [pool.name for pool in self.pools]),
            ("dataset", [each.full_name for each in self.datasets]),
            ("storage", storages),
        )
        for what, names in groups:
            if twice := [name for name in names if names.count(name) > 1]:
                raise PydanticCustomError("value", "the {what} {name} stands twice", {"what": what, "name": twice[0]})
        return self


def lacks(piece: Zfs) -> Iterator[Lack]:
    """The ids of storages that cannot be called after their datasets."""
    for index, each in enumerate(piece.datasets):
        if (
            each.proxmox_storage_type
            and not piece.knows("proxmox_storage_ids")
            and check_storage_id(storage_id(each, {}))
        ):
            what = f"the id of the storage on {each.full_name} cannot be told."
            yield Lack(("datasets", index), what, "Add proxmox_storage_ids of the document beside datasets.")


def resources(piece: Zfs) -> Iterator[Resource]:
    """Pools, datasets, storages, the ARC, and what is told of former ones."""
    yield from _pools(piece)
    for each in piece.datasets:
        yield _dataset(each, piece)
    storages = [_storage(each, piece) for each in piece.datasets if each.proxmox_storage_type in _STORAGE_TYPES]
    yield from storages
    if piece.knows("arc_max_gb"):
        yield from _arc(piece.arc_max_gb)
    names = tuple(each.full_name for each in piece.datasets)
    if piece.knows("datasets") and piece.knows("proxmox_storage_ids"):
        yield Leftovers(datasets=names, storages=tuple(each.name for each in storages))


def _pools(piece: Zfs) -> Iterator[Pool]:
    """The declared pools, and those that only datasets name."""
    claimed = tuple(disk for pool in piece.pools for disk in pool.disks)
    for pool in piece.pools:
        yield Pool(
            name=pool.name,
            level=pool.raid_level or "single",
            disks=pool.disks,
            ashift=pool.ashift,
            autotrim=pool.autotrim,
            compression=pool.compression,
            others=tuple(disk for disk in claimed if disk not in pool.disks) if pool.disks else (),
        )
    declared = {pool.name for pool in piece.pools}
    for name in dict.fromkeys(each.pool for each in piece.datasets):
        if name not in declared:
            yield Pool(name=name)


def _properties(dataset: Declared, base: str | None) -> dict[str, str]:
    """What is declared of it, and what follows from what it is for."""
    place = own_mountpoint(dataset, base)
    moved = {"mountpoint": place} if place is not None and place != f"/{dataset.full_name}" else {}
    holds = dataset.proxmox_storage_type == "zfspool" and "rootdir" in dataset.content
    return {**(_FOR_CONTAINERS if holds else {}), **moved, **dataset.properties}


def _dataset(dataset: Declared, piece: Zfs) -> Dataset:
    own = _properties(dataset, piece.mount_point_base)
    above = _above(dataset, piece)
    return Dataset(
        name=dataset.full_name,
        properties=own,
        mountpoint=mountpoint_of(dataset, piece.mount_point_base, piece.datasets),
        above={key: above[key] for key in own if key in above and key not in RESET},
        is_placed=_is_placed(dataset, piece),
        is_whole=all(piece.knows(field, dataset) for field in _DECIDING),
    )


def _is_placed(dataset: Declared, piece: Zfs) -> bool:
    """Whether where it is mounted is declared."""
    by_base = piece.knows("mount_point_base") and piece.knows("proxmox_storage_type", dataset)
    return by_base or "mountpoint" in dataset.properties


def _above(dataset: Declared, piece: Zfs) -> dict[str, str]:
    """What it will inherit of the pools and datasets that are declared over it."""
    found: dict[str, str] = {}
    for pool in piece.pools:
        if pool.name == dataset.pool and pool.compression:
            found["compression"] = pool.compression
    for other in sorted(piece.datasets, key=lambda each: len(each.full_name)):
        if dataset.full_name.startswith(f"{other.full_name}/"):
            own = _properties(other, piece.mount_point_base)
            if own.get("mountpoint", "").startswith("/"):
                own["mountpoint"] += dataset.full_name.removeprefix(other.full_name)
            found |= own
    return found


def _storage(dataset: Declared, piece: Zfs) -> Storage:
    place = mountpoint_of(dataset, piece.mount_point_base, piece.datasets)
    kind, lacks = dataset.proxmox_storage_type, ""
    options = {"pool": dataset.full_name}
    if kind == "dir":
        options = {"path": place or ""}
    elif kind == "nfs":
        options = {"server": piece.nfs_server or "", "export": place or ""}
        lacks = "" if piece.nfs_server else "network.nfs_server is not declared"
    if place is None and kind != "zfspool":
        lacks = f"the dataset {dataset.full_name} is mounted nowhere"
    values = {
        "name": storage_id(dataset, piece.proxmox_storage_ids),
        "type": kind,
        "options": options,
        "content": tuple(sorted(dataset.content)) or None,
        "lacks": lacks,
        "after": (f"zfs.dataset:{dataset.full_name}", *(_SERVED if kind == "nfs" else ())),
    }
    if not piece.is_part:
        return Storage.model_validate(values)
    known = {"is_named": piece.knows("proxmox_storage_ids"), "is_placed": _is_placed(dataset, piece)}
    return StorageOf.model_validate({**values, **known, "dataset": dataset.full_name})


def _arc(limit: float | None) -> Iterator[Resource]:
    """Now, and at boot: for a root on ZFS the module is loaded from the initramfs."""
    text = ""
    if limit is not None:
        size = round(limit * (1 << 30))
        yield ArcLimit(limit=size)
        text = f"options zfs zfs_arc_max={size}\n"
    block = Block(name=f"{BOOT}#{TITLE}", file=BOOT, text=text, notify=(DUE,), after=("zfs.arc:limit",))
    yield block
    yield Initramfs(watches=(block,))


feature = Feature(
    name="zfs",
    summary="Pools, datasets, the storages of Proxmox on them, the limit of the ARC.",
    scope="host",
    slice=Zfs,
    resources=resources,
    sources={
        **{name: f"host.zfs.{name}" for name in Document.model_fields},
        "proxmox_storage_ids": "host.proxmox_storage_ids",
        "mount_point_base": "host.mount_point_base",
        "nfs_server": "host.network.nfs_server",
    },
    needs=("initial_setup",),
    siblings=frozenset({"proxmox_storage_ids", "mount_point_base", "nfs_server"}),
    touches=("ZFS pools and datasets", "/etc/pve/storage.cfg", BOOT, "initramfs"),
    lacks=lacks,
)
