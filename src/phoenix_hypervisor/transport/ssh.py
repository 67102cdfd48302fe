"""A machine behind SSH: commands that outlive the connection, and a connection that comes back."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import time

from phoenix_hypervisor.command import TIMED_OUT, Command, Result, decode, encode
from phoenix_hypervisor.errors import ConnectionLost, PhoenixError, TransportError
from phoenix_hypervisor.transport import remote
from phoenix_hypervisor.transport.base import Transport
from phoenix_hypervisor.transport.connection import Connection
from phoenix_hypervisor.transport.destination import Destination

SESSIONS = 8
"""At once: an SSH server allows ten unless it is told otherwise (MaxSessions); one is the master's own."""
_LONGEST = 100_000
"""Bytes of a command's argv, quoted: Linux takes 128 KiB as one argument (execve(2))."""
_PATIENCE = 60.0
"""Seconds in which a connection that was lost is tried again."""
_FIRST_PAUSE = 0.5
_GRACE = 30.0
_TRIES = 5
"""How often a session may end without a word while the connection stands."""
_PAUSE = 0.5
_REFUSED = "refused by peer"
_TRIES_REFUSED = 1200
"""Ten minutes: another session ends before that."""
_MORE_SESSIONS = f"Let its sshd_config set MaxSessions {SESSIONS + 2}, or run fewer steps at once: --jobs 1."
_KILLED = 137


class _Cut(Exception):
    """The connection broke before the result was here."""


class SshTransport(Transport):
    """Runs commands as root on a machine behind SSH; through ``sudo -n`` where the user is another one."""

    def __init__(self, destination: Destination, changes: bool) -> None:
        """Connect; ``changes``: for a run that changes the machine, which is alone there."""
        super().__init__()
        self.label = destination.host
        self._changes = changes
        self._slots = asyncio.Semaphore(SESSIONS)
        self._mending = asyncio.Lock()
        self._lost = ""
        self._connection = Connection(destination, changes, secrets.token_hex(8), os.environ)
        try:
            self._connection.open()
        except BaseException:
            self._connection.close()
            raise

    async def _send(self, command: Command) -> Result:
        if sum(len(encode(word)) for word in command.argv) > _LONGEST:
            raise TransportError(f"{command.argv[0]} cannot be run: its arguments are too long for SSH.")
        async with self._slots:
            token, started = secrets.token_hex(8), time.monotonic()
            try:
                async with asyncio.timeout(command.timeout + remote.KILL_AFTER + _GRACE + _PATIENCE):
                    result = await self._run(token, command)
            except TimeoutError:
                return _too_late(command, time.monotonic() - started)
            except asyncio.CancelledError:
                await self._end(token)
                raise
            seconds = time.monotonic() - started
            if result.rc in (TIMED_OUT, _KILLED) and seconds >= command.timeout:
                return _too_late(command, seconds)
            return Result(result.rc, result.stdout, result.stderr, seconds)

    async def _run(self, token: str, command: Command) -> Result:
        """Run it, however often the connection breaks; only what never began is begun again."""
        start = remote.start(token, command, self._changes), encode(command.stdin)
        line, given = start
        cuts = 0
        while True:
            try:
                said = await self._exchange(token, line, given)
            except _Cut as cut:
                cuts += 1
                await self._mend(cuts, str(cut))
                line, given = remote.collect(token), b""
                continue
            if isinstance(said, Result):
                return said
            if said == "lost":
                raise ConnectionLost(f"{command.argv[0]} was cut off on {self.label}.", "Run again.")
            line, given = start

    async def _exchange(self, token: str, line: str, given: bytes) -> Result | str:
        """One session: its result, or what was said in its place. _Cut when it was not whole."""
        session = await self._connection.session(line)
        try:
            with contextlib.suppress(ConnectionError):
                session.given.write(given)
                await session.given.drain()
            try:
                said = await _framed(session.said, token)
            except asyncio.IncompleteReadError:
                raise _Cut(decode(await session.complained.read()).strip()) from None
            with contextlib.suppress(ConnectionError):
                session.given.write(encode(token) + b"\n")
                session.given.close()
            await session.process.wait()
            return said
        finally:
            session.leave()

    async def _mend(self, cuts: int, said: str) -> None:
        """Connect again, if nobody else has; ConnectionLost when that does not come about.

        A server that takes no further session is asked again later; TransportError when that does not help either.
        """
        if self._connection.alive:
            if cuts > (_TRIES_REFUSED if _REFUSED in said else _TRIES):
                raise TransportError(f"{self.label} refuses a session: {said}.", _MORE_SESSIONS)
            await asyncio.sleep(_PAUSE)
        async with self._mending:
            if self._lost:
                raise ConnectionLost(self._lost, "What was begun there goes on. Run again.")
            if self._connection.alive:
                return
            before = self._connection.holder
            try:
                await self._try_again()
            except PhoenixError as error:
                self._lost = f"The connection to {self.label} was lost: {error.message}"
                raise ConnectionLost(self._lost, "What was begun there goes on. Run again.") from error
            if before and self._connection.holder and before.boot != self._connection.holder.boot:
                self._lost = f"{self.label} was restarted."
                raise ConnectionLost(self._lost, "Run again.")

    async def _try_again(self) -> None:
        end, pause = time.monotonic() + _PATIENCE, _FIRST_PAUSE
        while True:
            try:
                await asyncio.to_thread(self._connection.open, silent=True)
            except TransportError:
                if time.monotonic() + pause > end:
                    raise
            else:
                return
            await asyncio.sleep(pause)
            pause *= 2

    async def _end(self, token: str) -> None:
        """End what runs there, in the time that it may take."""
        with contextlib.suppress(TimeoutError, OSError):
            async with asyncio.timeout(_GRACE):
                session = await self._connection.session(remote.end(token))
                await session.process.communicate(b"")

    async def close(self) -> None:
        self._connection.close()


def _too_late(command: Command, seconds: float) -> Result:
    return Result(TIMED_OUT, "", f"{command.argv[0]}: no answer within {command.timeout:g} s\n", seconds)


async def _framed(stream: asyncio.StreamReader, token: str) -> Result | str:
    """What is delivered; IncompleteReadError when the stream ends before."""
    while True:
        line = await stream.readuntil(b"\n")
        found = remote.frame(decode(line), token)
        if isinstance(found, remote.Framed):
            out = await stream.readexactly(found.out)
            err = await stream.readexactly(found.err)
            return Result(found.rc, decode(out), decode(err))
        if found is not None:
            return found
