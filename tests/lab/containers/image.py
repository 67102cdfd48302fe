"""What containers of the lab are made of, as `scripts/lab containers` leaves it in its cache."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

FOLDER = "PHOENIX_LAB_CONTAINERS"


@dataclass(frozen=True)
class Image:
    """A folder with an OS tarball, named as Proxmox names those that it offers."""

    folder: Path

    @classmethod
    def of_environment(cls) -> Image | None:
        """What `scripts/lab containers` told its tests; None when they were started without it."""
        folder = os.environ.get(FOLDER)
        return cls(Path(folder)) if folder else None

    @property
    def tarball(self) -> str:
        """Its name in the storage ``local``."""
        return f"local:vztmpl/{next(self.folder.glob('*.tar.zst')).name}"
