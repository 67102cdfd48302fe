"""The lab's image: made once from the recipe beside this file, and kept in a cache outside the repository."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import building
from failure import Failed

ROOM = 6 * 2**30
"""Bytes that a build takes for a while; 2 GiB of them stay."""


def folder() -> Path:
    """Where the image of today's recipe is, or would be."""
    return cache() / _recipe_key()


def cached() -> bool:
    return folder().is_dir()


def build(say: Callable[[str], None]) -> Path:
    """Makes the image unless it is there; raises Failed. One build at a time."""
    cache().mkdir(parents=True, exist_ok=True)
    with one_at_a_time():
        wanted = folder()
        if wanted.is_dir():
            return wanted
        for cut_off in cache().glob("building-*"):
            shutil.rmtree(cut_off)
        if os.geteuid() != 0:
            raise Failed("only root can build the image. Start scripts/lab as root.")
        if shutil.disk_usage(cache()).free < ROOM:
            raise Failed(f"the image needs 6 GiB in {cache()} while it is built. Make room, or set XDG_CACHE_HOME.")
        with tempfile.TemporaryDirectory(dir=cache(), prefix="building-") as name:
            building.Build(Path(name), cache() / "build.log", say).run().rename(wanted)
    return wanted


def cache() -> Path:
    """Where all that the labs keep is."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "phoenix_hypervisor" / "lab"


def _recipe_key() -> str:
    """Changes with every file that makes the image."""
    digest = hashlib.sha256()
    for path in (Path(building.__file__), *sorted(building.RECIPE.rglob("*"))):
        if path.is_file():
            name = path.relative_to(building.RECIPE.parent)
            digest.update(f"{name} {path.stat().st_mode & 0o111}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """For one build, of whichever lab."""
    with (cache() / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
