"""The image that machines of the host lab start from, as `scripts/lab` leaves it in its cache."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

FOLDER = "PHOENIX_LAB_IMAGE"
ACCELERATOR = "PHOENIX_LAB_ACCELERATOR"


@dataclass(frozen=True)
class Image:
    """A folder with a kernel, its initial file system, a root file system, and the keys of both sides of SSH."""

    folder: Path
    accelerator: str = "tcg"
    """`kvm`, or `tcg`: QEMU's software emulation."""

    @classmethod
    def of_environment(cls) -> Image | None:
        """What `scripts/lab` told its tests; None when they were started without it."""
        folder = os.environ.get(FOLDER)
        return cls(Path(folder), os.environ.get(ACCELERATOR, "tcg")) if folder else None

    @property
    def kernel(self) -> Path:
        return self.folder / "vmlinuz"

    @property
    def initial(self) -> Path:
        return self.folder / "initrd.img"

    @property
    def root(self) -> Path:
        """A raw ext4 file system; never written to."""
        return self.folder / "root.raw"

    @property
    def key(self) -> Path:
        return self.folder / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    @property
    def processor(self) -> tuple[str, ...]:
        """QEMU's arguments for the accelerator."""
        if self.accelerator == "kvm":
            return ("-accel", "kvm", "-cpu", "host")
        return ("-accel", "tcg,thread=multi,tb-size=512", "-cpu", "max")
