"""Partition tables: what sfdisk's types are called, and the layout that ZFS gives a whole disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from phoenix_hypervisor.simulator.disks.model import SECTOR

LINUX = "0fc63daf-8483-4772-8e79-3d69d8477de4"
ZFS = "6a898cc3-1dd2-11b2-99a6-080020736631"
ZFS_RESERVED = "6a945a3b-1dd2-11b2-99a6-080020736631"
EFI = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
BIOS = "21686148-6449-6e6f-744e-656564454649"
TYPE_NAMES: Mapping[str, str] = {
    LINUX: "Linux filesystem",
    ZFS: "Solaris /usr & Apple ZFS",
    ZFS_RESERVED: "Solaris reserved 1",
    EFI: "EFI System",
    BIOS: "BIOS boot",
    "0x83": "Linux",
    "0xc": "W95 FAT32 (LBA)",
}
TYPE_CODES: Mapping[str, str] = {LINUX: "8300", ZFS: "BF01", ZFS_RESERVED: "BF07", EFI: "EF00", BIOS: "EF02"}
_ALIGNMENT, _RESERVED, _TAIL = 2048, 16384, 34


@dataclass(frozen=True, slots=True)
class Slice:
    """A partition to be made: its number, start and length in sectors, type and name."""

    number: int
    start: int
    sectors: int
    type: str = LINUX
    name: str = ""


def of_zfs(size: int, name: str) -> Sequence[Slice]:
    """What ``zpool create`` makes of a whole disk. Source: libzfs_pool_os.c, zpool_label_disk."""
    usable = size // SECTOR - _TAIL + 1 - _RESERVED - _ALIGNMENT
    length = usable - usable % _ALIGNMENT
    return Slice(1, _ALIGNMENT, length, ZFS, name), Slice(9, _ALIGNMENT + length, _RESERVED, ZFS_RESERVED)


def of_installer(size: int) -> Sequence[Slice]:
    """What Proxmox's installer makes of the system disk for ZFS."""
    sectors = size // SECTOR
    return (
        Slice(1, 34, 2014, BIOS),
        Slice(2, 2048, (1 << 30) // SECTOR, EFI),
        Slice(3, 2048 + (1 << 30) // SECTOR, sectors - 2048 - (1 << 30) // SECTOR - _TAIL + 1, ZFS),
    )


def in_parts(size: int, count: int) -> Sequence[Slice]:
    """So many equal Linux partitions."""
    length = (size // SECTOR - 2 * _ALIGNMENT) // count
    length -= length % _ALIGNMENT
    return [Slice(row + 1, _ALIGNMENT + row * length, length) for row in range(count)]
