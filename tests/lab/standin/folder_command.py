"""``zfs`` over folders. It is asked often: nothing is imported that it does not need."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from phoenix_hypervisor.simulator.filesystem import Filesystem
from phoenix_hypervisor.simulator.process import Process
from phoenix_hypervisor.simulator.zfs import commands

from .disk_tree import DiskTree
from .folders import FolderZfs
from .zfs import run

_VERSION = "2.2"


def main(words: Sequence[str]) -> int:
    files = Filesystem(DiskTree("/"), time.time)
    process = Process(None, list(words))  # type: ignore[arg-type]
    running = commands.program(FolderZfs(files, _VERSION, run))(process)
    try:
        while True:
            next(running)
    except StopIteration as end:
        rc = int(end.value)
    sys.stdout.write("".join(process.out))
    sys.stderr.write("".join(process.err))
    return rc
