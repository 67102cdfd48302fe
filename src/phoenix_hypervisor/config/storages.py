"""Which Proxmox storages the host document declares, and under which ids."""

from __future__ import annotations

from dataclasses import dataclass

from phoenix_hypervisor.documents import zfs
from phoenix_hypervisor.documents.host import HostDocument
from phoenix_hypervisor.documents.zfs import Dataset, alias_key

__all__ = ["LOCAL_TYPES", "DeclaredStorage", "alias_key", "declared_storages", "storage_id", "storage_of_dataset"]

LOCAL_TYPES = frozenset({"zfspool", "dir", "nfs"})
"""Types that can stand on a dataset of this node."""


@dataclass(frozen=True, slots=True)
class DeclaredStorage:
    """A storage on a declared dataset; ``index`` is the dataset's place in ``zfs.datasets``."""

    id: str
    type: str
    content: frozenset[str]
    dataset: str
    index: int


def storage_id(host: HostDocument, dataset: Dataset) -> str:
    """The id of the dataset's storage: the alias, exactly and case-sensitively, else ``POOL-NAME``."""
    return zfs.storage_id(dataset, host.proxmox_storage_ids)


def declared_storages(host: HostDocument) -> dict[str, DeclaredStorage]:
    """The storages by id, in the order of their datasets."""
    found: dict[str, DeclaredStorage] = {}
    for index, dataset in enumerate(host.zfs.datasets if host.zfs else ()):
        if dataset.proxmox_storage_type in LOCAL_TYPES:
            name = storage_id(host, dataset)
            found.setdefault(
                name,
                DeclaredStorage(name, str(dataset.proxmox_storage_type), dataset.content, dataset.full_name, index),
            )
    return found


def storage_of_dataset(host: HostDocument, full_name: str) -> str:
    """The id of the storage on a dataset that is named ``POOL/NAME``; a name without a slash is an id already."""
    pool, slash, name = full_name.partition("/")
    if not slash:
        return full_name
    return storage_id(host, Dataset.model_construct(pool=pool, name=name))
