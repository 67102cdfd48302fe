"""A virtual disk: a sparse file on this machine, a SCSI disk with a name of its own on the other."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

UNITS = {"M": 2**20, "G": 2**30}


@dataclass(frozen=True)
class Disk:
    """Empty at first. The serial number is its name: letters, digits, `-` and `_`, at most 20."""

    serial: str
    size: str = "2G"
    """A number and M or G."""

    @property
    def path(self) -> str:
        """Its stable name on the machine."""
        return f"/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_{self.serial}"

    def file(self, folder: Path) -> Path:
        return folder / f"disk-{self.serial}.raw"

    def make(self, folder: Path) -> None:
        self.file(folder).touch(exist_ok=False)
        os.truncate(self.file(folder), int(self.size[:-1]) * UNITS[self.size[-1]])

    def node(self, folder: Path) -> dict[str, object]:
        """QEMU's block node. What the guest wrote is in the file at once, so a killed QEMU loses none of it."""
        file = {"driver": "file", "filename": str(self.file(folder)), "cache": {"no-flush": True}}
        return {
            "driver": "raw",
            "node-name": f"node-{self.serial}",
            "discard": "unmap",
            "cache": {"no-flush": True},
            "file": {**file, "discard": "unmap"},
        }

    def device(self) -> dict[str, object]:
        return {
            "driver": "scsi-hd",
            "bus": "disks.0",
            "id": self.serial,
            "serial": self.serial,
            "drive": f"node-{self.serial}",
        }
