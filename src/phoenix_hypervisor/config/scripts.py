"""Scripts and features of the user's own that lie beside the configuration (spec S4, S5)."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from phoenix_hypervisor.config.site import DEFAULT_BIN, OwnFeatures
from phoenix_hypervisor.config.source import read_source
from phoenix_hypervisor.config.translate import read_model
from phoenix_hypervisor.errors import Problem
from phoenix_hypervisor.features.external import external
from phoenix_hypervisor.features.manifest import Manifest
from phoenix_hypervisor.features.registry import container_feature_names, of_host
from phoenix_hypervisor.resource import Feature

SIZE_LIMIT = 16 << 20
"""Bytes of an executable: it goes into a container in one piece."""
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


def own_features(etc: Path) -> OwnFeatures:
    """Features in any language: manifests in ``features.d`` in ETC, ETC/../ or this repository; the first wins."""
    repository = Path(__file__).parents[3]
    folders = (etc / "features.d", beside(etc, "features.d"), repository / "features.d")
    found: dict[str, Feature] = {}
    problems: list[Problem] = []
    for path in (path for folder in dict.fromkeys(folders) for path in _files(folder, "*.json")):
        read = _own_feature(path)
        if isinstance(read, Feature):
            found.setdefault(read.name, read)
        else:
            problems += read
    return OwnFeatures(found, tuple(problems))


def _own_feature(path: Path) -> Feature | tuple[Problem, ...]:
    """The feature of a manifest, or what is wrong with it."""
    source = read_source(path, str(path))
    if source.data is None:
        return source.problems
    reading = read_model(Manifest, source)
    manifest, problems = reading.model, (*source.problems, *reading.problems)
    if manifest is None or problems:
        return problems or (source.problem("value", "the manifest cannot be read."),)
    if fault := _name_fault(manifest.name, path.stem):
        return (source.problem("value", fault, ("name",)),)
    executable = path.with_name(manifest.executable)
    try:
        if fault := _file_fault(executable):
            return (source.problem("value", fault, ("executable",)),)
        return external(manifest, path.read_text("utf-8"), executable.read_bytes())
    except OSError as error:
        reason = f"{executable} cannot be read: {error.strerror}."
        return (source.problem("value", reason, ("executable",), hint="It lies beside its manifest."),)


def _name_fault(name: str, stem: str) -> str | None:
    if name in {*container_feature_names(), *of_host()}:
        return f'"{name}" is the name of a built-in feature.'
    return None if name == stem else f'the name must be that of its file, "{stem}".'


def _file_fault(executable: Path) -> str | None:
    status = executable.stat()
    if not stat.S_ISREG(status.st_mode):
        return f"{executable} is no regular file."
    return f"{executable} has more than {SIZE_LIMIT >> 20} MiB." if status.st_size > SIZE_LIMIT else None


def _files(folder: Path, pattern: str) -> list[Path]:
    try:
        return sorted(folder.glob(pattern))
    except (OSError, ValueError):
        return []
