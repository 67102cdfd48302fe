"""What is read of disks, by the real shell and the real probes over a folder with files in the place of disks."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from phoenix_hypervisor.features.host.zfs.disks import Content, Probe, probe
from phoenix_hypervisor.machine import Machine
from phoenix_hypervisor.transport.local import LocalTransport

LINK = "/dev/disk/by-id/ata-A"
MIB = 1 << 20
pytestmark = pytest.mark.skipif(
    not all(shutil.which(tool) for tool in ("wipefs", "blkid")), reason="needs wipefs and blkid"
)


def looked(folder: Path, at: int | None = None, tables: dict[str, str] | None = None) -> Probe:
    """What is found on a disk of 8 MiB and some with one byte at a place."""
    size = 8 * MIB + 512
    files = {"sys/class/block/sda/size": f"{size // 512}\n", **(tables or {})}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for kind in ("id", "uuid", "partuuid", "label", "partlabel"):
        (folder / f"dev/disk/by-{kind}").mkdir(parents=True)
        (folder / f"dev/disk/by-{kind}/ata-A").symlink_to("../../sda")
    with (folder / "dev/sda").open("wb") as disk:
        disk.truncate(size)
        if at is not None:
            disk.seek(at % size)
            disk.write(b"x")
    asked = probe((LINK,))
    return asyncio.run(Machine(LocalTransport(), str(folder)).read([asked]))[asked]


@pytest.mark.parametrize(
    ("at", "found"),
    [
        (None, ()),
        (0, ("data that no probe knows",)),
        (20, ("data that no probe knows",)),
        (MIB - 1, ("data that no probe knows",)),
        (4 * MIB, ()),
        (-MIB, ("data that no probe knows",)),
        (-1, ("data that no probe knows",)),
    ],
)
def test_a_byte_where_a_disk_begins_or_ends_is_content(tmp_path: Path, at: int | None, found: tuple[str, ...]) -> None:
    assert looked(tmp_path, at).contents["sda"] == Content(found)


@pytest.mark.parametrize(
    ("file", "line", "name"),
    [
        ("etc/fstab", "/dev/sda none swap sw 0 0", "/dev/sda"),
        ("etc/fstab", "/dev/disk/by-id/ata-A /srv xfs defaults 0 2", LINK),
        ("etc/fstab", 'UUID="ata-A" /srv xfs defaults 0 2', 'UUID="ata-A"'),
        ("etc/fstab", "PARTUUID=ata-A\t/srv xfs", "PARTUUID=ata-A"),
        ("etc/fstab", "PARTLABEL=ata-A /srv xfs", "PARTLABEL=ata-A"),
        ("etc/crypttab", "dark /dev/sda /root/key plain", "/dev/sda"),
        ("etc/crypttab", "dark LABEL=ata-A none luks", "LABEL=ata-A"),
        ("etc/fstab", "# /srv was on /dev/sda during installation", None),
        ("etc/fstab", "proc /proc proc defaults 0 0", None),
        ("etc/crypttab", "/dev/sda /dev/sdb none", None),
    ],
)
@pytest.mark.parametrize("end", ["", "\n"])
def test_tables_of_the_system_name_disks(tmp_path: Path, file: str, line: str, name: str | None, end: str) -> None:
    found = looked(tmp_path, tables={file: f"# made by hand\n\n{line}{end}"})
    told = [(place, path) for place, path, real in found.tables if real == "sda"]
    assert told == ([(file, name)] if name else [])
