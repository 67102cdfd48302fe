"""One run at a time per node (spec R7): a lock on the node that says who holds it."""

from __future__ import annotations

import getpass
import json
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.errors import ConnectionLost, LockedError, NodeError
from phoenix_hypervisor.machine import Machine

PATH = "/run/phoenix_hypervisor.lock"
_HELD = 17
_TAKE = """\
set -eu
if [ "$3" != none ] && [ "$(cat "$1" 2>/dev/null)" = "$3" ]; then rm -f "$1"; fi
set -C
{ printf '%s\\n' "$2" >"$1"; } 2>/dev/null && exit 0
cat "$1"
exit 17
"""
_GIVE = 'if [ "$(cat "$1" 2>/dev/null)" = "$2" ]; then rm -f "$1"; fi\n'


@dataclass(frozen=True, slots=True)
class Owner:
    """Who holds the lock: a process of one boot of one machine."""

    who: str
    pid: int
    started: str
    """The process's start, in clock ticks since boot: a pid that was used again is another process."""
    boot: str
    run: str

    def alive(self) -> bool:
        """Whether the process still runs. A process of another boot, or of another machine's, does not run here."""
        return self.boot == _boot() and self.started == _process_start(self.pid)


def this_process(run: str) -> Owner:
    return Owner(f"{getpass.getuser()}@{socket.gethostname()}", os.getpid(), _process_start(os.getpid()), _boot(), run)


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "unknown"


def _process_start(pid: int) -> str:
    """Field 22 of /proc/PID/stat (proc(5)); empty when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _read(text: str) -> Owner | None:
    try:
        return Owner(**json.loads(text))
    except (ValueError, TypeError):
        return None


async def take(machine: Machine, owner: Owner) -> str | None:
    """Take the lock; LockedError when a living run holds it. Returns whom it was taken over from, if anyone."""
    mine = json.dumps(asdict(owner), sort_keys=True)
    result = await machine.run(Command("sh", "-s", "--", PATH, mine, "none", stdin=_TAKE))
    if result.ok:
        return None
    if result.rc != _HELD:
        raise NodeError(f"The run lock {PATH} cannot be taken: {result.said}.")
    held = _read(result.stdout)
    empty = not result.stdout.strip()  # its owner was cut off between making it and writing into it
    if not empty and (held is None or held.alive()):
        raise _locked(held)
    result = await machine.run(Command("sh", "-s", "--", PATH, mine, result.stdout.strip(), stdin=_TAKE))
    if not result.ok:
        raise _locked(_read(result.stdout))
    return f"{held.who} (process {held.pid})" if held else "a run that was cut off at once"


def _locked(held: Owner | None) -> LockedError:
    if held is None:
        return LockedError(f"{PATH} on the node is held, but not in our words.", "Look at it, and remove it.")
    return LockedError(
        f"Another run is at work on this node: {held.who}, process {held.pid}, run {held.run}.",
        "Wait until it is done.",
    )


async def give(machine: Machine, owner: Owner) -> None:
    """Give the lock back, if it is still ours."""
    mine = json.dumps(asdict(owner), sort_keys=True)
    await machine.run(Command("sh", "-s", "--", PATH, mine, stdin=_GIVE))


@asynccontextmanager
async def held(machine: Machine, run: str) -> AsyncIterator[str | None]:
    """The lock of a machine for a run of this process; whom it was taken over from, if anyone.

    Where the connection is lost it stays: nobody alive holds it then, and the next run takes it over.
    """
    owner = this_process(run)
    taken_from = await take(machine, owner)
    try:
        yield taken_from
    finally:
        with suppress(ConnectionLost):
            await give(machine, owner)
