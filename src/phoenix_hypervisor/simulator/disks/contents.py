"""What a disk may carry when it is put into a node, and what is on it: by the word that names it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

from phoenix_hypervisor.simulator.disks import tables
from phoenix_hypervisor.simulator.disks.model import Device, sign, to_json
from phoenix_hypervisor.simulator.zfs import lifecycle
from phoenix_hypervisor.simulator.zfs.model import Away
from phoenix_hypervisor.simulator.zfs.vdevs import Wanted

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

Put = Callable[["Node", Device], None]
_FILE = "kept.txt"
_BLOCKS = {"ext4": 4096, "xfs": 512, "vfat": 512, "btrfs": 4096}


def fill(node: Node, device: Device, kind: str) -> None:
    """Write a file system, a member's label or the like to a device; a file system holds one file."""
    uuid = node.disks.uuid()
    if kind == "vfat":
        uuid = f"{uuid[:4]}-{uuid[4:8]}".upper()
    node.disks.write(device, sign(device.size, kind, uuid=uuid, block=_BLOCKS.get(kind, 0)))
    node.disks.settle(device)


def _whole(kind: str) -> Put:
    return lambda node, device: fill(node, device, kind)


def _gpt(kind: str = "", count: int = 1, table: str = "gpt") -> Put:
    def put(node: Node, device: Device) -> None:
        node.disks.partition(device, tables.in_parts(device.size, count) if count else (), table)
        for part in device.parts:
            if kind:
                fill(node, part, kind)
            node.disks.settle(part)
        node.disks.settle(device)

    return put


def _mounted(node: Node, device: Device) -> None:
    fill(node, device, "ext4")
    mount(node, device, f"/mnt/{device.name}")
    node.files.write(f"/mnt/{device.name}/{_FILE}", "Somebody's data.\n")


def _mounted_partition(node: Node, device: Device) -> None:
    _gpt("ext4")(node, device)
    mount(node, device.parts[0], f"/mnt/{device.parts[0].name}")
    node.files.write(f"/mnt/{device.parts[0].name}/{_FILE}", "Somebody's data.\n")


def mount(node: Node, device: Device, place: str) -> None:
    """Show the files of a device at a place."""
    node.files.mkdir(place, parents=True)
    node.files.mount(place, device.tree, device.path)
    device.mounts.append(place)


def _swapping(node: Node, device: Device) -> None:
    fill(node, device, "swap")
    device.swapping = True


def _held(kind: str, stem: str, mapped: str, made: str) -> Put:
    """A member that LVM or md uses."""

    def put(node: Node, device: Device) -> None:
        fill(node, device, kind)
        name, numbers = node.disks.next_virtual(stem)
        node.disks.add_virtual(Device(name, device.size // 2, made, numbers, mapped=mapped.format(name)), [device])

    return put


def _held_lvm(node: Node, device: Device) -> None:
    group = f"vg{device.name}"
    _held("LVM2_member", "dm", f"{group}-data", "lvm")(node, device)
    node.disks.groups[device.name] = group


def _vm(node: Node, device: Device) -> None:
    number = next(free for free in range(100, 1000) if free not in node.cluster.guests)
    text = f"name: vm{number}\nmemory: 2048\nscsi0: /dev/disk/by-id/{device.by_id},size={device.size >> 30}G\n"
    node.files.write(f"/etc/pve/qemu-server/{number}.conf", text)


def _raw(_node: Node, device: Device) -> None:
    """Bytes without a signature, as of plain dm-crypt or a database."""
    device.residue = True


def _table(path: str, line: str) -> Put:
    """A disk that looks empty and that a table of the system names."""

    def put(node: Node, device: Device) -> None:
        node.files.write(path, f"# what is mounted at boot\n{line.format(f'/dev/{device.name}')}\n", append=True)

    return put


def _unseen(node: Node, device: Device) -> None:
    """An ext4 that udev has not looked at, and will not until it is told to."""
    fill(node, device, "ext4")
    device.known = type(device.known)()


def _pool(state: Literal["active", "exported", "destroyed", "foreign"], *, whole: bool = True) -> Put:
    def put(node: Node, device: Device) -> None:
        name = f"old{device.name}"
        path = f"/dev/disk/by-id/{device.by_id}"
        if not whole:
            _gpt(count=1)(node, device)
            path = f"{path}-part1"
        pool = lifecycle.create(node.zfs, lifecycle.Order(name, [Wanted("", (path,))]))
        node.zfs.create(f"{name}/data", {})
        node.files.write(f"/{name}/data/{_FILE}", "Somebody's data.\n")
        if state != "active":
            lifecycle.leave(node.zfs, name, "destroyed" if state == "destroyed" else "exported", "export")
        if state == "foreign":
            node.zfs.away[pool.guid] = Away(pool, node.zfs.away[pool.guid].datasets, "foreign")
        for one in device.everything():
            node.disks.settle(one)

    return put


KINDS: Mapping[str, Put] = {
    "ext4": _whole("ext4"),
    "xfs": _whole("xfs"),
    "vfat": _whole("vfat"),
    "btrfs": _whole("btrfs"),
    "luks": _whole("crypto_LUKS"),
    "lvm": _whole("LVM2_member"),
    "lvm-active": _held_lvm,
    "swap": _whole("swap"),
    "swap-active": _swapping,
    "raid": _whole("linux_raid_member"),
    "raid-active": _held("linux_raid_member", "md", "", "raid1"),
    "zfs": _pool("active"),
    "zfs-on-partition": _pool("active", whole=False),
    "zfs-exported": _pool("exported"),
    "zfs-exported-on-partition": _pool("exported", whole=False),
    "zfs-destroyed": _pool("destroyed"),
    "zfs-foreign": _pool("foreign"),
    "gpt-empty": _gpt(count=0),
    "gpt-partitions": _gpt(count=2),
    "gpt-ext4": _gpt("ext4"),
    "gpt-lvm": _gpt("LVM2_member"),
    "dos-ext4": _gpt("ext4", table="dos"),
    "mounted": _mounted,
    "mounted-partition": _mounted_partition,
    "vm": _vm,
    "raw": _raw,
    "fstab": _table("/etc/fstab", "{} none swap sw 0 0"),
    "crypttab": _table("/etc/crypttab", "dark {} /root/key plain"),
    "unseen-by-udev": _unseen,
}
"""What can be on a disk, by the word that ``Node.put_on_disk`` takes."""


def readable(node: Node, device: Device) -> dict[str, Any]:
    """All that is on a disk and what uses it, to be compared with what was there before; udev's memory is left out."""
    value = to_json(device)
    for one, own in zip(device.everything(), [value, *value["parts"]], strict=True):
        own.pop("known"), own.pop("written")
        own["files"] = {path: asdict(entry) for path, entry in one.tree.items()}
        own["pool"] = _pool_of(node, one)
    return value


def _pool_of(node: Node, device: Device) -> dict[str, Any]:
    """The pool that a label names, with its datasets and their files."""
    label = device.find("zfs_member")
    if label is None:
        return {}
    away = node.zfs.away.get(int(label.uuid))
    pool = lifecycle.active(node.zfs, device) or (away.pool if away else None)
    if pool is None:
        return {}
    found = away.datasets if away else {one.name: one for one in node.zfs.datasets.values()}
    inside = {name: one for name, one in found.items() if name.partition("/")[0] == pool.name}
    files = {name: {path: asdict(entry) for path, entry in one.tree.items()} for name, one in inside.items()}
    return {"name": pool.name, "state": away.state if away else "active", "files": files}
