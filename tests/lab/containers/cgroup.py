"""A control group of the lab's own: what is in it ends together."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

PREFIX = "phoenix-lab-"
PATIENCE = 30.0
_POLL = 0.05


def top() -> Path | None:
    """Where the machine has mounted version 2 of control groups; None where it has not."""
    rows = (line.split() for line in Path("/proc/self/mounts").read_text().splitlines())
    return next((Path(row[1]) for row in rows if row[2] == "cgroup2"), None)


def make(above: Path) -> Path:
    """A new one, named after this process."""
    made = above / f"{PREFIX}{os.getpid()}"
    made.mkdir(exist_ok=True)
    return made


def end(group: Path) -> None:
    """Kill what is in a group and below it, then remove it."""
    with suppress(OSError):
        (group / "cgroup.kill").write_text("1")
    until = time.monotonic() + PATIENCE
    while group.exists() and time.monotonic() < until:
        for folder, _inner, _files in os.walk(group, topdown=False):
            with suppress(OSError):
                Path(folder).rmdir()
        time.sleep(_POLL)


def end_left(above: Path) -> None:
    """Remove the groups of labs that were killed."""
    for group in above.glob(f"{PREFIX}*"):
        if not Path(f"/proc/{group.name.removeprefix(PREFIX)}").exists():
            end(group)
