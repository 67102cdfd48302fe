"""The lock files of Proxmox, really locked: what else takes them waits for the stand-in, and the other way round."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Generator
from pathlib import Path
from types import TracebackType
from typing import IO

from phoenix_hypervisor.simulator.durations import LOCK_POLL, LOCK_WAIT
from phoenix_hypervisor.simulator.failures import PveError
from phoenix_hypervisor.simulator.locks import Lease, Locks


class FileLease(Lease):
    """A locked file, to be used with ``with``."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


class FileLocks(Locks):
    """``taken`` is called whenever a lock was taken: what was read before may be old."""

    def __init__(self, taken: Callable[[], None]) -> None:
        super().__init__()
        self._taken = taken

    def wait(self, path: str, seconds: float = LOCK_WAIT) -> Generator[float, None, Lease]:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        file = Path(path).open("a")  # noqa: SIM115
        until = time.monotonic() + seconds
        while not _locked(file):
            if time.monotonic() >= until:
                file.close()
                raise PveError(f"can't lock file '{path}' - got timeout")
            time.sleep(LOCK_POLL)
        self._taken()
        yield 0.0
        return FileLease(file)


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
