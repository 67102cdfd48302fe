"""The older shape of the host document as the newer one, with the places where everything really stands."""

from __future__ import annotations

from typing import Any

from phoenix_hypervisor.config.source import Steps
from phoenix_hypervisor.documents.host import HostDocument, NvidiaDriver
from phoenix_hypervisor.documents.older import OlderDocument
from phoenix_hypervisor.documents.shares import Nfs
from phoenix_hypervisor.documents.zfs import Dataset, OlderDataset, OlderZfs, Zfs

_GIB = 1 << 30


def modernise(older: OlderDocument) -> tuple[HostDocument, dict[Steps, Steps]]:
    """The newer document, and for each field that moved its path in the older one."""
    moved: dict[Steps, Steps] = {}
    fields: dict[str, Any] = {name: getattr(older, name) for name in HostDocument.model_fields}
    fields["zfs"] = _zfs(older.zfs, moved)
    fields["nfs"] = _nfs(older, moved)
    fields["nvidia_driver"] = _nvidia(older, moved)
    return HostDocument.model_construct(older.model_fields_set, **fields), moved


def _nvidia(older: OlderDocument, moved: dict[Steps, Steps]) -> NvidiaDriver | None:
    if older.nvidia is None or older.nvidia_driver is not None:
        return older.nvidia_driver
    moved[("nvidia_driver",)] = ("nvidia",)
    moved[("nvidia_driver", "version")] = ("nvidia", "driver_version")
    return NvidiaDriver.model_construct(version=older.nvidia.driver_version, runfile_url=older.nvidia.runfile_url)


def _nfs(older: OlderDocument, moved: dict[Steps, Steps]) -> Nfs | None:
    if older.nfs is None:
        return None
    if older.nfs.shares and not older.nfs.exports:
        moved[("nfs", "exports")] = ("nfs", "shares")
    return Nfs.model_construct(exports=older.nfs.exports or older.nfs.shares)


def _zfs(older: OlderZfs | None, moved: dict[Steps, Steps]) -> Zfs | None:
    if older is None:
        return None
    storages = {entry.dataset: (index, entry.storage_type) for index, entry in enumerate(older.dataset_storage_types)}
    datasets = []
    for index, dataset in enumerate(older.datasets):
        modern = _dataset(dataset)
        if modern.proxmox_storage_type is None and modern.full_name in storages:
            row, text = storages[modern.full_name]
            here: Steps = ("zfs", "datasets", index)
            there: Steps = ("zfs", "dataset_storage_types", row, "storage_type")
            moved[(*here, "proxmox_storage_type")] = moved[(*here, "proxmox_content_type")] = there
            kind, _, content = text.partition(":")
            modern = modern.model_copy(update={"proxmox_storage_type": kind, "proxmox_content_type": content})
        datasets.append(modern)
    limit: float | int | None = older.arc_max_gb
    if older.arc_max is not None and limit is None:
        moved[("zfs", "arc_max_gb")] = ("zfs", "arc_max")
        limit = older.arc_max // _GIB if older.arc_max % _GIB == 0 else older.arc_max / _GIB
    return Zfs.model_construct(arc_max_gb=limit, pools=older.pools, datasets=tuple(datasets))


def _dataset(older: OlderDataset) -> Dataset:
    pool, _, name = older.name.partition("/")
    if older.pool is not None:
        pool, name = older.pool, older.name.removeprefix(f"{older.pool}/")
    return Dataset.model_construct(
        name=name,
        pool=pool,
        properties=older.properties,
        proxmox_storage_type=older.proxmox_storage_type,
        proxmox_content_type=older.proxmox_content_type,
        storage_class=older.storage_class,
    )
