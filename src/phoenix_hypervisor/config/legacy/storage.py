"""Pools, datasets, the storages on them and the ARC limit of a legacy file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from phoenix_hypervisor.config.legacy.draft import Told, Tree
from phoenix_hypervisor.config.legacy.shelf import Shelf
from phoenix_hypervisor.config.storages import alias_key
from phoenix_hypervisor.config.texts import listing, shown
from phoenix_hypervisor.documents.zfs import Dataset

GIB = 1 << 30
DISKS = ("_DRIVES", "_DRIVE", "_DISKS", "_DISK")
LEVELS = ("_RAID_LEVEL", "_RAID_TYPE", "_RAID")
STORAGE_ID = "DEFAULT_STORAGE_ID_"


def translate(shelf: Shelf, tree: Tree, shared: Iterable[str]) -> None:
    """Fills ``zfs`` and ``proxmox_storage_ids``; ``shared`` are prefixes whose lists are exports and shares."""
    zfs: Tree = {}
    _arc(shelf, zfs)
    prefixes = {name.removesuffix("_POOL"): name for name in shelf.names("_POOL") if name not in shelf.taken}
    names: dict[str, str] = {}
    for prefix, variable in prefixes.items():
        if (pool := shelf.text(variable)) is not None:
            names[prefix] = pool.value
            zfs.setdefault("pools", []).append(_pool(shelf, prefix, pool))
    datasets: list[Tree] = []
    for variable in shelf.names("_DATASET_LIST"):
        prefix = variable.removesuffix("_DATASET_LIST")
        if f"{prefix}_DATASET" not in shared:
            datasets += _datasets(shelf, prefix, names.get(prefix))
    for variable in shelf.names("_DATASET_PROPERTIES"):
        if variable not in shelf.taken:
            _without_list(shelf, variable)
    _storages(shelf, datasets)
    if datasets:
        zfs["datasets"] = datasets
    if zfs:
        tree["zfs"] = zfs
    _storage_ids(shelf, tree, datasets, names)


def _arc(shelf: Shelf, zfs: Tree) -> None:
    if (limit := shelf.text("ZFS_ARC_MAX")) is None:
        return
    if not re.fullmatch(r"[0-9]{1,18}", limit.value) or int(limit.value) == 0:
        hint = 'Write "zfs": {"arc_max_gb": …}.'
        shelf.tell(limit.place, "value", "ZFS_ARC_MAX is no number of bytes, or 0; it is left out.", hint)
        return
    size = int(limit.value)
    zfs["arc_max_gb"] = Told(size // GIB if size % GIB == 0 else size / GIB, limit.place)


def _pool(shelf: Shelf, prefix: str, name: Told) -> Tree:
    pool: Tree = {"name": name}
    for suffix in LEVELS:
        if f"{prefix}{suffix}" in shelf.values and (level := shelf.text(f"{prefix}{suffix}")) is not None:
            pool["raid_level"] = Told(level.value.lower(), level.place)
    disks = [disk for suffix in DISKS for disk in shelf.words(f"{prefix}{suffix}")]
    bare = [disk for disk in disks if not disk.value.startswith("/dev/disk/")]
    for disk in bare:
        message = f"{shown(disk.value)} can be another disk after a reboot."
        shelf.tell(disk.place, "unstable-disk", message, "Write its name below /dev/disk/by-id.")
    if disks and all(disk.value.startswith("/") for disk in disks):
        pool["disks"] = disks
    elif disks:
        shelf.tell(disks[0].place, "not-carried-over", f"the disks of the pool {shown(name.value)} are left out.")
    return pool


def _datasets(shelf: Shelf, prefix: str, pool: str | None) -> list[Tree]:
    wanted = shelf.words(f"{prefix}_DATASET_LIST")
    properties = shelf.table(f"{prefix}_DATASET_PROPERTIES")
    if pool is None:
        for name in wanted:
            message = f"the pool of the dataset {shown(name.value)} is not known, because {prefix}_POOL is not."
            shelf.tell(name.place, "not-carried-over", message, f"Set {prefix}_POOL.")
        return []
    datasets = []
    for said in wanted:
        name = said.value.removeprefix(f"{pool}/")
        dataset: Tree = {"name": Told(name, said.place), "pool": Told(pool, said.place)}
        found = properties.pop(name, None) or properties.pop(f"{pool}/{name}", None)
        if found is not None:
            dataset["properties"] = found
        datasets.append(dataset)
    for key, told in properties.items():
        message = f"{prefix}_DATASET_LIST does not hold {shown(key)}, so its properties have no use."
        shelf.tell(told.place, "not-carried-over", message)
    return datasets


def _without_list(shelf: Shelf, variable: str) -> None:
    for key, told in shelf.table(variable).items():
        message = f"no list of datasets holds {shown(key)}, so its properties have no use."
        shelf.tell(told.place, "not-carried-over", message)


def _full_name(dataset: Tree) -> str:
    return f"{dataset['pool'].value}/{dataset['name'].value}"


def _storages(shelf: Shelf, datasets: list[Tree]) -> None:
    """``DATASET_STORAGE_TYPES["pool/name"]="type:content"``."""
    by_name = {_full_name(dataset): dataset for dataset in datasets}
    for key, told in shelf.table("DATASET_STORAGE_TYPES").items():
        kind, colon, content = told.value.partition(":")
        if not colon:
            message = f"the storage of {shown(key)} is no type and content, as dir:iso; it is left out."
            shelf.tell(told.place, "value", message)
        elif key not in by_name:
            message = f"no list of datasets holds {shown(key)}, so it has no storage."
            shelf.tell(told.place, "not-carried-over", message)
        else:
            by_name[key]["proxmox_storage_type"] = Told(kind.strip(), told.place)
            if content.strip():
                by_name[key]["proxmox_content_type"] = Told(content.strip(), told.place)


def _storage_ids(shelf: Shelf, tree: Tree, datasets: list[Tree], pools: dict[str, str]) -> None:
    """``DEFAULT_STORAGE_ID_<POOL>_<DATASET>``, the latter whole or in part."""
    for variable in [name for name in shelf.values if name.startswith(STORAGE_ID)]:
        if (told := shelf.text(variable)) is None:
            continue
        meant = _meant(variable.removeprefix(STORAGE_ID), datasets, pools)
        if len(meant) != 1:
            near = listing((_full_name(each) for each in meant), "or") or "no dataset"
            message = f"{variable} can mean {near}; it is left out."
            hint = 'Write "proxmox_storage_ids": {"POOL_DATASET": "ID"}, with _ for - in the name of the dataset.'
            shelf.tell(told.place, "not-carried-over", message, hint)
            continue
        [dataset] = meant
        name = alias_key(Dataset.model_construct(pool=dataset["pool"].value, name=dataset["name"].value))
        if not variable.endswith(f"_{_folded(dataset['name'].value)}"):
            message = f"{variable} is taken for the storage of {_full_name(dataset)}."
            shelf.tell(told.place, "dataset-taken", message, "Look whether that is what it names.")
        tree.setdefault("proxmox_storage_ids", {})[name] = told


def _meant(suffix: str, datasets: list[Tree], pools: dict[str, str]) -> list[Any]:
    """The datasets that ``POOL_NAME`` can mean: by its whole name, else by words of it."""
    rests: dict[str, set[str]] = {}
    for prefix, pool in pools.items():
        for start in (f"{prefix}_", f"{_folded(pool)}_"):
            if suffix.startswith(start):
                rests.setdefault(pool, set()).add(suffix.removeprefix(start))
    near = [(dataset, rest) for dataset in datasets for rest in rests.get(dataset["pool"].value, ())]
    whole = [dataset for dataset, rest in near if _folded(dataset["name"].value) == rest]
    return whole or [dataset for dataset, rest in near if _begins(_folded(dataset["name"].value), rest)]


def _begins(name: str, rest: str) -> bool:
    """Whether the words of ``rest`` begin words of ``name``, in their order."""
    words = iter(name.split("_"))
    return all(any(word.startswith(piece) for word in words) for piece in rest.split("_"))


def _folded(name: str) -> str:
    return re.sub(r"[^A-Z0-9]+", "_", name.upper())
