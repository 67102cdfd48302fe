"""The container lab: what it needs on this machine, and whether this machine lets containers run."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import rootfs
import tools
from failure import Failed

from lab.containers.image import Image
from lab.containers.node import Broken, started

ROOM = 6 * 2**30
"""Bytes that the containers of one test run take; none of them stay."""


def prepare(say: Callable[[str], None]) -> Image:
    """What containers are made of; raises Failed where containers cannot run here."""
    begun = time.monotonic()
    if os.geteuid() != 0:
        raise Failed("containers need root. Start scripts/lab as root.")
    cached = rootfs.cached()
    installed = tools.establish_containers(building=not cached)
    say(f"tools: {', '.join(installed) + ' installed' if installed else 'all there'} ({_seconds(begun)})")
    begun = time.monotonic()
    made = Image(rootfs.build(say))
    say(f"tarball: {'cached' if cached else 'built'} ({_seconds(begun)}), {made.folder}")
    _check_room(made.folder)
    begun = time.monotonic()
    _try(made)
    say(f"a container starts here ({_seconds(begun)})")
    return made


def _check_room(folder: Path) -> None:
    if shutil.disk_usage(folder).free < ROOM:
        raise Failed(f"containers take up to 6 GiB in {folder.parent}. Make room, or set XDG_CACHE_HOME.")


def _try(made: Image) -> None:
    """Start a node and a container on it, as the tests do."""
    try:
        with started(made) as node:
            options = ("--rootfs", "tank:4", "--unprivileged", "1", "--features", "nesting=1")
            node.out("pct", "create", "100", made.tarball, *options)
            node.out("pct", "start", "100")
            node.out("lxc-attach", "-n", "100", "--", "true")
    except AssertionError as failed:
        said = str(failed).strip().splitlines()
        raise Failed(f"no container starts here: {said[0]}: {said[-1]}") from failed
    except Broken as broken:
        raise Failed(f"no container starts here: {broken}") from broken


def _seconds(begun: float) -> str:
    return f"{time.monotonic() - begun:.0f} s"
