"""Block devices and what is written on them, as values of the node's memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from phoenix_hypervisor.simulator.tree import Tree

SECTOR = 512
_LABEL, _NVLIST = 256 << 10, 0x4000


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of signature: where its magic is (from the end when negative), the magic, blkid's USAGE and VERSION."""

    offsets: tuple[int, ...]
    magic: str
    usage: str
    version: str = ""


KINDS: Mapping[str, Kind] = {
    "ext4": Kind((0x438,), "53 ef", "filesystem", "1.0"),
    "xfs": Kind((0x0,), "58 46 53 42", "filesystem"),
    "vfat": Kind((0x52, 0x0, 0x1FE), "46 41 54 33 32 20 20 20", "filesystem", "FAT32"),
    "btrfs": Kind((0x10040,), "5f 42 48 52 66 53 5f 4d", "filesystem"),
    "crypto_LUKS": Kind((0x0,), "4c 55 4b 53 ba be", "crypto", "2"),
    "LVM2_member": Kind((0x218,), "4c 56 4d 32 20 30 30 31", "raid", "LVM2 001"),
    "linux_raid_member": Kind((0x1000,), "fc 4e 2b a9", "raid", "1.2"),
    "swap": Kind((0xFF6,), "53 57 41 50 53 50 41 43 45 32", "other", "1"),
    "zfs_member": Kind(
        (_NVLIST, _LABEL + _NVLIST, -2 * _LABEL + _NVLIST, -_LABEL + _NVLIST),
        "01 01 00 00 00 00 00 00",
        "filesystem",
        "5000",
    ),
    "gpt": Kind((0x200, -0x200), "45 46 49 20 50 41 52 54", ""),
    "PMBR": Kind((0x1FE,), "55 aa", ""),
    "dos": Kind((0x1FE,), "55 aa", ""),
}
TABLES = ("gpt", "PMBR", "dos")


@dataclass(frozen=True, slots=True)
class Signature:
    """What a probe finds: its type, where its magic is written, the names in it.

    ``block`` is the block size in bytes. Of a ZFS label ``uuid`` is the pool's number and ``sub`` the device's.
    """

    type: str
    offsets: tuple[int, ...]
    uuid: str = ""
    label: str = ""
    sub: str = ""
    block: int = 0


def sign(size: int, kind: str, **names: Any) -> Signature:
    """The signature of a type on a device of so many bytes."""
    end = size - size % _LABEL if kind == "zfs_member" else size
    offsets = tuple(offset if offset >= 0 else end + offset for offset in KINDS[kind].offsets)
    return Signature(kind, offsets, **names)


@dataclass(frozen=True, slots=True)
class Known:
    """What udev remembers of a device."""

    fstype: str = ""
    label: str = ""
    uuid: str = ""
    pttype: str = ""
    parttype: str = ""
    partlabel: str = ""


@dataclass
class Device:
    """A block device: a disk, a partition, a loop device, or what LVM or md made of others.

    ``written`` is when something was written that udev has not looked at yet. ``tree`` holds the files of a file
    system. ``users`` names the devices that stand on this one; ``back`` is the file behind a loop device,
    ``mapped`` the name under /dev/mapper. ``residue``: where it begins or ends, it has bytes beside its signatures.
    """

    name: str
    size: int
    type: str
    numbers: str
    by_id: str = ""
    serial: str = ""
    model: str = ""
    signatures: list[Signature] = field(default_factory=list)
    table: str = ""
    table_uuid: str = ""
    parts: list[Device] = field(default_factory=list)
    number: int = 0
    start: int = 0
    parttype: str = ""
    partlabel: str = ""
    partuuid: str = ""
    known: Known = field(default_factory=Known)
    written: float | None = None
    tree: Tree = field(default_factory=Tree)
    mounts: list[str] = field(default_factory=list)
    swapping: bool = False
    users: list[str] = field(default_factory=list)
    back: str = ""
    mapped: str = ""
    residue: bool = False

    @property
    def path(self) -> str:
        return f"/dev/mapper/{self.mapped}" if self.mapped else f"/dev/{self.name}"

    @property
    def is_whole(self) -> bool:
        """Whether ZFS takes it for a whole disk and partitions it."""
        return self.type == "disk"

    def partition_name(self, number: int) -> str:
        return f"{self.name}{'p' if self.name[-1].isdigit() else ''}{number}"

    def find(self, kind: str) -> Signature | None:
        return next((one for one in self.signatures if one.type == kind), None)

    @property
    def content(self) -> Signature | None:
        """What is on it beside a partition table: the first that a probe takes."""
        return next((one for one in self.signatures if one.type not in TABLES), None)

    def everything(self) -> Iterator[Device]:
        """The device and its partitions."""
        yield self
        yield from self.parts

    def present(self) -> Known:
        """What udev would remember if it looked now."""
        content = self.content
        own = (content.type, content.label, content.uuid) if content else ("", "", "")
        return Known(*own, self.table, self.parttype, self.partlabel)


def to_json(device: Device) -> dict[str, Any]:
    """All of a device but its files."""
    plain = {one.name: getattr(device, one.name) for one in fields(device) if one.name != "tree"}
    plain["signatures"] = [asdict(one) for one in device.signatures]
    plain["parts"] = [to_json(part) for part in device.parts]
    return {**plain, "known": asdict(device.known)}


def from_json(value: Mapping[str, Any]) -> Device:
    """The device that ``to_json`` wrote, without files."""
    plain = dict(value)
    plain["signatures"] = [Signature(**{**one, "offsets": tuple(one["offsets"])}) for one in plain["signatures"]]
    plain["parts"] = [from_json(part) for part in plain["parts"]]
    plain["known"] = Known(**plain["known"])
    return Device(**plain)
