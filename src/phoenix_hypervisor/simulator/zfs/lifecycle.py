"""How pools come and go: created on disks, destroyed, exported, imported, with the labels that stay on the disks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from phoenix_hypervisor.simulator.disks import tables
from phoenix_hypervisor.simulator.disks.model import Device, sign
from phoenix_hypervisor.simulator.zfs import properties, vdevs
from phoenix_hypervisor.simulator.zfs.datasets import Zfs
from phoenix_hypervisor.simulator.zfs.model import Away, Dataset, Group, Leaf, Pool, ZfsError
from phoenix_hypervisor.simulator.zfs.pools import identity
from phoenix_hypervisor.simulator.zfs.vdevs import Wanted

TWICE = "one or more vdevs refer to the same device, or one of\nthe devices is part of an active md or lvm device"
SHIFT = 12
"""Disks have sectors of 4 KiB, loop devices of 512 bytes."""


@dataclass(frozen=True, slots=True)
class Order:
    """A pool to be made: what its devices are, its properties, those of its root, as they read back."""

    name: str
    groups: Sequence[Wanted]
    pool: Mapping[str, str] = field(default_factory=dict)
    root: Mapping[str, str] = field(default_factory=dict)
    altroot: str = ""


def create(zfs: Zfs, order: Order) -> Pool:
    """Make a pool: label its devices, mount its root. What is on them is gone."""
    claimed = [device for one in order.groups for device in devices(zfs, one.names)]
    for device in claimed:
        if zfs.disks.is_used(device) or active(zfs, device) is not None:
            raise ZfsError(
                f"cannot open '{device.path}': Device or resource busy\ncannot create '{order.name}': {TWICE}"
            )
    if len({device.name for device in claimed}) < len(claimed):
        raise ZfsError(f"cannot create '{order.name}': {TWICE}")
    if any(device.size < vdevs.MIN_DEVICE for device in claimed):
        raise ZfsError(f"cannot create '{order.name}': one or more devices is less than the minimum size (64M)")
    pool = Pool(order.name, 0, zfs.identity(), properties=dict(order.pool), altroot=order.altroot)
    add_groups(zfs, pool, order.groups)
    zfs.add_pool(pool, order.root)
    return pool


def devices(zfs: Zfs, paths: Sequence[str]) -> list[Device]:
    """The devices behind some paths, all of which are there."""
    return [device for device in map(zfs.disks.at, paths) if device is not None]


def add_groups(zfs: Zfs, pool: Pool, wanted: Sequence[Wanted]) -> None:
    """Label devices and give them to a pool, which grows by what they hold."""
    for one in wanted:
        leaves = [label(zfs, pool, path) for path in one.names]
        sizes = [member.size for member in devices(zfs, [leaf.member for leaf in leaves])]
        group = Group(one.kind, leaves, identity(pool, f"{one.kind}-{len(pool.groups)}"), role=one.role)
        shift = int(pool.properties.get("ashift", "0")) or (
            9 if all(leaf.path.startswith("/dev/loop") for leaf in leaves) else SHIFT
        )
        group.size, usable = vdevs.capacity(one.kind, sizes, shift)
        pool.groups.append(group)
        if not one.role:
            pool.size += group.size
            pool.usable += usable


def label(zfs: Zfs, pool: Pool, path: str) -> Leaf:
    """Write a pool's label to a device, partitioned before where it is a whole disk."""
    device = zfs.disks.at(path)
    assert device is not None  # noqa: S101
    leaf = Leaf(path, identity(pool, path), device.is_whole)
    if leaf.whole:
        part = f"zfs-{identity(pool, f'part {path}'):016x}"
        zfs.disks.partition(device, tables.of_zfs(device.size, part), seed=f"{pool.guid}:{path}")
        device = device.parts[0]
    stamp(zfs, pool, leaf, device)
    return leaf


def stamp(zfs: Zfs, pool: Pool, leaf: Leaf, device: Device) -> None:
    """Write a pool's label to the device that carries it."""
    names = {"uuid": str(pool.guid), "label": pool.name, "sub": str(leaf.guid), "block": 4096}
    zfs.disks.write(device, sign(device.size, "zfs_member", **names))


def active(zfs: Zfs, device: Device) -> Pool | None:
    """The imported pool that uses a device or a partition of it."""
    uuids = {found.uuid for one in device.everything() if (found := one.find("zfs_member"))}
    return next((pool for pool in zfs.pools.values() if str(pool.guid) in uuids), None)


def label_state(zfs: Zfs, device: Device) -> tuple[str, str]:
    """What a label says of its pool, and the pool's name: active, exported, potentially active, or nothing."""
    found = device.find("zfs_member")
    if found is None:
        return "", ""
    if any(str(pool.guid) == found.uuid for pool in zfs.pools.values()):
        return "active", found.label
    away = zfs.away.get(int(found.uuid))
    states = {"exported": "exported", "foreign": "potentially active", "destroyed": ""}
    return (states[away.state] if away else ""), found.label


def leave(zfs: Zfs, name: str, state: Literal["exported", "destroyed"], action: str) -> None:
    """Export or destroy a pool: its labels and, for who imports it again, its datasets stay."""
    pool = zfs.pools.get(name)
    if pool is None:
        raise ZfsError(f"cannot open '{name}': no such pool")
    inside = [zfs.datasets[name], *zfs.below(name)]
    try:
        zfs.mounting.check_idle(inside)
    except ZfsError as busy:
        more = "\ncould not destroy '{}': could not unmount datasets" if action == "destroy" else ""
        raise ZfsError(busy.text + more.format(name)) from busy
    zfs.mounting.unmount([one.name for one in inside])
    zfs.mounting.off -= {one.name for one in inside}
    pool.altroot = ""
    zfs.away[pool.guid] = Away(pool, {one.name: zfs.datasets.pop(one.name) for one in inside}, state)
    del zfs.pools[name]


def importable(zfs: Zfs, *, destroyed: bool = False) -> list[Away]:
    """The pools of which a label is on a disk, in the order of their numbers."""
    found = {one.uuid for device in zfs.disks.every() if (one := device.find("zfs_member"))}
    wanted = (zfs.away[guid] for guid in sorted(zfs.away) if str(guid) in found)
    return [away for away in wanted if (away.state == "destroyed") == destroyed]


def bring(zfs: Zfs, away: Away, name: str, *, mount: bool = True) -> None:
    """Import a pool under a name: its datasets are there again."""
    pool, before = away.pool, away.pool.name
    del zfs.away[pool.guid]
    pool.name = name
    zfs.pools[name] = pool
    for dataset in away.datasets.values():
        _rename(dataset, before, name)
        zfs.datasets[dataset.name] = dataset
        if not mount:
            zfs.mounting.off.add(dataset.name)
    for leaf in pool.leaves:
        device = zfs.disks.at(leaf.member)
        if name != before and device is not None and vdevs.carries(device, leaf, pool):
            stamp(zfs, pool, leaf, device)
    zfs.remount(name)


def bring_exported(zfs: Zfs, name: str) -> None:
    """Import a pool of a name as Proxmox does for a storage: where it is exported, all there and the only one."""
    found = [one for one in importable(zfs) if one.pool.name == name and one.state == "exported"]
    if name not in zfs.pools and len(found) == 1 and vdevs.pool_state(found[0].pool, zfs.disks) != "UNAVAIL":
        found[0].pool.properties["cachefile"] = "none"
        bring(zfs, found[0], name)


def _rename(dataset: Dataset, before: str, name: str) -> None:
    dataset.name = name + dataset.name[len(before) :]
    if dataset.origin:
        dataset.origin = name + dataset.origin[len(before) :]


def checked(values: Mapping[str, str], name: str, version: str) -> dict[str, str]:
    """The properties of a new pool's root as they read back. Raises ZfsError."""
    try:
        return properties.all_normalised(values, version)
    except ZfsError as refused:
        raise ZfsError(f"cannot create '{name}': {refused.text}") from refused
