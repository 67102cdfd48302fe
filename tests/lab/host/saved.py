"""A machine that has started once, kept with its memory: later ones go on from there within seconds.

Only under emulation, where a start costs a minute, and only for the hardware, the QEMU and the command line that it was
saved with. Where there is none, machines start from the image.
"""

from __future__ import annotations

import hashlib
import inspect
import time
from dataclasses import dataclass
from pathlib import Path

from lab.host import disk, qemu
from lab.host.image import Image
from lab.host.monitor import Monitor

LIMIT = 300.0
"""Seconds for writing the memory."""


@dataclass(frozen=True)
class Saved:
    """A folder with a root file system over the image's, and the memory that belongs to it."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "root.qcow2"

    @property
    def memory(self) -> Path:
        return self.folder / "memory"

    def there(self) -> bool:
        return self.folder.is_dir()


def of(image: Image) -> Saved:
    """Where it is for this image and today's QEMU; it need not be there."""
    words = [qemu.version(), repr(qemu.Hardware()), *image.processor]
    texts = [inspect.getsource(module) for module in (qemu, disk)]
    key = hashlib.sha256("\0".join([*words, *texts]).encode()).hexdigest()[:12]
    return Saved(image.folder / f"started-{key}")


def write_memory(monitor: Monitor, path: Path) -> None:
    """Writes the memory; the machine has stopped for good and its disks are complete when this returns."""
    monitor.ask("migrate-set-parameters", **{"max-bandwidth": 2**40})
    monitor.ask("migrate", uri=f"exec:cat >{path}")
    deadline = time.monotonic() + LIMIT
    while (status := monitor.ask("query-migrate").get("status")) != "completed":
        if status in ("failed", "cancelled") or time.monotonic() > deadline:
            raise OSError(f"the memory could not be written to {path}: {status}")
        time.sleep(0.1)
