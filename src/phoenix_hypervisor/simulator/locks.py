"""File locks of the node's processes: they end with the process that holds them."""

from __future__ import annotations

from collections.abc import Generator
from types import TracebackType

from phoenix_hypervisor.simulator.durations import LOCK_POLL, LOCK_WAIT
from phoenix_hypervisor.simulator.failures import PveError


class Lease:
    """A held lock, to be used with ``with``."""

    def __init__(self, held: set[str], path: str) -> None:
        self._held, self._path = held, path

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.discard(self._path)


class Locks:
    """Who holds which lock file."""

    def __init__(self) -> None:
        self.held: set[str] = set()

    def wait(self, path: str, seconds: float = LOCK_WAIT) -> Generator[float, None, Lease]:
        """Take a lock, waiting for it; PVE's own error when it stays taken."""
        waited = 0.0
        while path in self.held:
            if waited >= seconds:
                raise PveError(f"can't lock file '{path}' - got timeout")
            waited += LOCK_POLL
            yield LOCK_POLL
        self.held.add(path)
        return Lease(self.held, path)


def config_lock(ctid: int) -> str:
    return f"/run/lock/lxc/pve-config-{ctid}.lock"


def storage_lock(storage: str) -> str:
    return f"/var/lock/pve-manager/pve-storage-{storage}"
