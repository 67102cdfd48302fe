"""Scripts and features of the user's own that lie beside the configuration (spec S4, S5)."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from phoenix_hypervisor.config.site import DEFAULT_BIN

_SETUP_SCRIPT = re.compile(r"phoenix_hypervisor_setup_([0-9]{1,9})\.sh")


def script_folders(etc: Path) -> tuple[Path, ...]:
    """Where scripts are looked for: ETC, ETC/../bin, the default place."""
    return tuple(dict.fromkeys((etc, beside(etc, "bin"), DEFAULT_BIN)))


def beside(etc: Path, name: str) -> Path:
    """``ETC/../name``."""
    return etc.parent / name if etc.name not in ("", "..") else etc / ".." / name


def setup_scripts(folders: tuple[Path, ...]) -> dict[int, Path]:
    """CTID to its set-up script; the first folder wins."""
    found: dict[int, Path] = {}
    for folder in folders:
        for path in _files(folder, "phoenix_hypervisor_setup_*.sh"):
            if (match := _SETUP_SCRIPT.fullmatch(path.name)) and os.path.isfile(path):  # noqa: PTH113 - never raises
                found.setdefault(int(match[1]), path)
    return found


def own_features(etc: Path) -> frozenset[str]:
    """The names of features in any language: manifests in ``features.d`` in ETC, beside it, or of this repository."""
    repository = Path(__file__).parents[3]
    folders = (etc / "features.d", beside(etc, "features.d"), repository / "features.d")
    return frozenset(name for folder in folders for path in _files(folder, "*.json") if (name := _manifest_name(path)))


def _manifest_name(path: Path) -> str | None:
    try:
        manifest = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    name = manifest.get("name") if isinstance(manifest, dict) else None
    return name if isinstance(name, str) else None


def _files(folder: Path, pattern: str) -> list[Path]:
    try:
        return sorted(folder.glob(pattern))
    except (OSError, ValueError):
        return []
