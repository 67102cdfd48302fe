"""Pools, datasets and the storages on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from phoenix_hypervisor.config.checks.view import Finding, View, finds
from phoenix_hypervisor.config.storages import alias_key
from phoenix_hypervisor.config.texts import did_you_mean, listing, shown
from phoenix_hypervisor.documents.zfs import FEWEST_DISKS, Zfs, mountpoint_of
from phoenix_hypervisor.proxmox.storage import ALLOWED_CONTENT


def _zfs(view: View) -> Zfs:
    return view.site.host.zfs or Zfs()


@finds("zfspool-content", host="zfs")
def zfspool_content(view: View) -> Iterator[Finding]:
    """One problem per dataset."""
    for index, dataset in enumerate(_zfs(view).datasets):
        wrong = sorted(dataset.content - ALLOWED_CONTENT["zfspool"])
        if dataset.proxmox_storage_type == "zfspool" and wrong:
            message = f"a zfspool holds images and rootdir only, not {listing(wrong, 'or')}."
            hint = f'Give {dataset.full_name} "proxmox_storage_type": "dir".'
            yield view.site.places.problem(
                "zfspool-content", message, f"zfs.datasets.{index}.proxmox_content_type", hint=hint
            )


@finds("storage-alias-unused", host="zfs proxmox_storage_ids")
def storage_alias_unused(view: View) -> Iterator[Finding]:
    """One problem per key that matches no dataset."""
    keys = [alias_key(dataset) for dataset in _zfs(view).datasets]
    for key, name in view.site.host.proxmox_storage_ids.items():
        if key not in keys:
            message = f"the key {shown(key)} matches no dataset, so {shown(name)} names no storage."
            source = view.site.places.source
            hint = _right_key(view, name) or did_you_mean(key, keys) or "A key is POOL_DATASET, with _ for -."
            yield source.problem(
                "storage-alias-unused", message, ("proxmox_storage_ids", key), hint=hint, severity="warning", key=True
            )


@finds("disk-used-twice", host="zfs")
def disk_used_twice(view: View) -> Iterator[Finding]:
    """One problem per further use."""
    first: dict[str, str] = {}
    for row, pool in enumerate(_zfs(view).pools):
        for index, disk in enumerate(pool.disks):
            if disk in first:
                message = f"the disk {shown(disk)} is already in the pool {shown(first[disk])}."
                yield view.site.places.problem("disk-used-twice", message, f"zfs.pools.{row}.disks.{index}")
            first.setdefault(disk, pool.name)


@finds("pool-unknown", host="zfs")
def pool_unknown(view: View) -> Iterator[Finding]:
    """Only where the host file declares pools."""
    pools = [pool.name for pool in _zfs(view).pools]
    if not pools:
        return
    for index, dataset in enumerate(_zfs(view).datasets):
        if dataset.pool not in pools:
            message = f"the pool {shown(dataset.pool)} of the dataset {shown(dataset.name)} is not declared."
            field = f"zfs.datasets.{index}.pool"
            field = field if _stands(view, field) else f"zfs.datasets.{index}.name"
            yield view.site.places.problem("pool-unknown", message, field, hint=did_you_mean(dataset.pool, pools))
    default = view.site.host.proxmox_defaults.zfs_lxc_pool or ""
    pool, slash, _ = default.partition("/")
    if slash and pool not in pools:
        message = f"the pool {shown(pool)} is not declared."
        hint = did_you_mean(pool, pools)
        yield view.site.places.problem("pool-unknown", message, "proxmox_defaults.zfs_lxc_pool", hint=hint)


def _right_key(view: View, name: str) -> str:
    """The key of the dataset whose storage has that name already."""
    storage = view.site.storages.get(name)
    if storage is None:
        return ""
    key = alias_key(_zfs(view).datasets[storage.index])
    return f"The dataset {storage.dataset} has that storage; its key would be {shown(key)}."


def _stands(view: View, field: str) -> bool:
    return view.site.places.find(field) in view.site.places.source.offsets


@finds("pool-layout", host="zfs")
def pool_layout(view: View) -> Iterator[Finding]:
    """A pool whose disks do not make its level."""
    for index, pool in enumerate(_zfs(view).pools):
        fewest = FEWEST_DISKS.get(pool.raid_level or "", 1)
        if pool.disks and len(pool.disks) < fewest:
            message = (
                f"{pool.raid_level} needs at least {fewest} disks; the pool {shown(pool.name)} has {len(pool.disks)}."
            )
            yield view.site.places.problem("value", message, f"zfs.pools.{index}.disks")
        if pool.raid_level == "single" and len(pool.disks) > 1:
            message = f"single is one disk; the pool {shown(pool.name)} has {len(pool.disks)}."
            hint = "Several without redundancy: stripe."
            yield view.site.places.problem("value", message, f"zfs.pools.{index}.raid_level", hint=hint)
        if pool.raid_level is None and len(pool.disks) > 1:
            message = f"the pool {shown(pool.name)} has {len(pool.disks)} disks and no raid_level."
            hint = f"Say how they form it: {listing(FEWEST_DISKS, 'or')}, or stripe."
            yield view.site.places.problem("value", message, f"zfs.pools.{index}.disks", hint=hint)
        if pool.raid_level == "raid10" and len(pool.disks) % 2:
            message = f"raid10 takes pairs of disks; the pool {shown(pool.name)} has {len(pool.disks)}."
            yield view.site.places.problem("value", message, f"zfs.pools.{index}.disks")


@finds("storage-unmounted", host="zfs mount_point_base")
def storage_unmounted(view: View) -> Iterator[Finding]:
    """A storage of files on a dataset that is mounted nowhere."""
    datasets, base = _zfs(view).datasets, view.site.host.mount_point_base
    for index, dataset in enumerate(datasets):
        if dataset.proxmox_storage_type in ("dir", "nfs") and mountpoint_of(dataset, base, datasets) is None:
            message = f"{dataset.full_name} is mounted nowhere, so no {dataset.proxmox_storage_type} can lie there."
            hint = "Give it a mountpoint, or leave that property out."
            yield view.site.places.problem("value", message, f"zfs.datasets.{index}.properties", hint=hint)


@finds("declared-twice", host="zfs proxmox_storage_ids samba nfs")
def declared_twice(view: View) -> Iterator[Finding]:
    """Pools, datasets, storages, shares and exports that stand twice."""
    host = view.site.host
    zfs = _zfs(view)
    storages = [
        view.site.host.proxmox_storage_ids.get(alias_key(each), f"{each.pool}-{each.name}")
        if each.proxmox_storage_type
        else None
        for each in zfs.datasets
    ]
    groups: tuple[tuple[str, str, list[str | None]], ...] = (
        ("pool", "zfs.pools.{}.name", [pool.name for pool in zfs.pools]),
        ("dataset", "zfs.datasets.{}.name", [dataset.full_name for dataset in zfs.datasets]),
        ("share", "samba.shares.{}.name", [share.name for share in host.samba.shares] if host.samba else []),
        ("export", "nfs.exports.{}.path", [export.path for export in host.nfs.exports] if host.nfs else []),
    )
    datasets = {name for name, count in Counter(each.full_name for each in zfs.datasets).items() if count > 1}
    for what, field, names in groups:
        yield from _twice(view, what, field, names)
    unique = [
        None if dataset.full_name in datasets else name for dataset, name in zip(zfs.datasets, storages, strict=True)
    ]
    yield from _twice(view, "storage", "zfs.datasets.{}.name", unique)


def _twice(view: View, what: str, field: str, names: list[str | None]) -> Iterator[Finding]:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name is not None and name in seen:
            message = f"the {what} {shown(name)} stands twice."
            yield view.site.places.problem("value", message, field.format(index))
        seen.add(name or "")
