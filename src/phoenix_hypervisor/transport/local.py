"""The machine that Phoenix runs on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time

from phoenix_hypervisor.command import TIMED_OUT, Command, Result, decode, encode
from phoenix_hypervisor.errors import TransportError
from phoenix_hypervisor.transport.base import PATH, Transport

_GRACE = 30.0


class LocalTransport(Transport):
    """Runs commands as child processes, each in a process group of its own, with a plain environment."""

    label = "this machine"

    def __init__(self, inherited: tuple[int, ...] = ()) -> None:
        """``inherited``: open files that every command keeps open, such as the lock of the run it belongs to."""
        super().__init__()
        self._inherited = inherited

    async def _send(self, command: Command) -> Result:
        started = time.monotonic()
        try:
            process = await asyncio.create_subprocess_exec(
                *command.argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**os.environ, "PATH": _path(), "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"},
                start_new_session=True,
                pass_fds=self._inherited,
            )
        except FileNotFoundError:
            return Result(127, "", f"{command.argv[0]}: command not found\n")
        except OSError as error:
            raise TransportError(f"{command.argv[0]} cannot be run: {error.strerror}.") from error
        try:
            async with asyncio.timeout(command.timeout):
                out, err = await process.communicate(encode(command.stdin))
        except TimeoutError:
            await _end(process)
            said = f"{command.argv[0]}: no answer within {command.timeout:g} s\n"
            return Result(TIMED_OUT, "", said, time.monotonic() - started)
        except asyncio.CancelledError:
            await _end(process)
            raise
        rc = process.returncode or 0
        return Result(rc if rc >= 0 else 128 - rc, decode(out), decode(err), time.monotonic() - started)


def _path() -> str:
    """The user's own first, then what Proxmox's commands need."""
    return ":".join(part for part in (os.environ.get("PATH"), PATH) if part)


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the whole process group: asked first, then killed."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GRACE):
                await process.wait()
                return
