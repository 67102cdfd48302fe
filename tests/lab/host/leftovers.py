"""Folders of machines whose process was killed before it could remove them."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

PREFIX = "phoenix-lab-"


def claim(folder: Path) -> None:
    """Says that the folder is in use for as long as this process lives."""
    (folder / "owner").write_text(str(os.getpid()))


def remove() -> None:
    """Removes the folders whose owner is gone; what cannot be read is left alone."""
    for owner in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/owner"):
        try:
            os.kill(int(owner.read_text()), 0)
        except ProcessLookupError:
            shutil.rmtree(owner.parent, ignore_errors=True)
        except (OSError, ValueError):
            continue
