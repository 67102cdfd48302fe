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
_LONGEST = 120_000
"""Bytes of the line that starts a command: Linux takes 128 KiB as one argument (execve(2))."""
_PATIENCE = 60.0
"""Seconds in which a connection that was lost is tried again."""
_FIRST_PAUSE, _PAUSE, _LONGEST_PAUSE = 0.5, 0.5, 5.0
_GRACE = 30.0
_LEAVE = 5.0
_TRIES = 5
"""How often a session may end without a word while the connection stands."""
_TRIES_ALONE = 60
"""How often a session may be refused while no other one of ours is open: one that was left may still be ending."""
_REFUSED = "refused by peer"
_MORE_SESSIONS = f"Let its sshd_config set MaxSessions {SESSIONS + 2}, or run fewer steps at once: --jobs 1."
_GOES_ON = "What was begun there goes on. Run again."
_KILLED = 137


class _Cut(Exception):
    """The connection broke before the result was here."""


class _Refused(Exception):
    """The server takes no further session now; nothing was begun."""


class SshTransport(Transport):
    """Runs commands as root on a machine behind SSH; through ``sudo -n`` where the user is another one."""

    def __init__(self, destination: Destination, changes: bool) -> None:
        """Connect; ``changes``: for a run that changes the machine, which is alone there."""
        super().__init__()
        self.label = destination.host
        self._slots = asyncio.Semaphore(SESSIONS)
        self._mending = asyncio.Lock()
        self._ending = asyncio.Lock()
        self._open = 0
        self._lost = ""
        self._connection = Connection(destination, changes, secrets.token_hex(8), os.environ)
        try:
            self._connection.open()
        except BaseException:
            self._connection.close()
            raise

    async def _send(self, command: Command) -> Result:
        async with self._slots:
            refused = 0
            while True:
                try:
                    return await self._timed(secrets.token_hex(8), command)
                except _Refused as error:
                    refused += 1 if self._open == 0 else 0
                    if refused > _TRIES_ALONE:
                        raise TransportError(f"{self.label} refuses a session: {error}.", _MORE_SESSIONS) from error
                await asyncio.sleep(_PAUSE)

    async def _timed(self, token: str, command: Command) -> Result:
        """Run it under its limit, with what it takes to end it there and to connect again."""
        started = time.monotonic()
        self._open += 1
        try:
            async with asyncio.timeout(command.timeout + remote.KILL_AFTER + _GRACE + _PATIENCE):
                result = await self._run(token, command)
        except TimeoutError:
            await self._end(token)
            return _too_late(command, time.monotonic() - started)
        except asyncio.CancelledError:
            await self._end(token)
            raise
        finally:
            self._open -= 1
        seconds = time.monotonic() - started
        if result.rc in (TIMED_OUT, _KILLED) and seconds >= command.timeout:
            return _too_late(command, seconds)
        return Result(result.rc, result.stdout, result.stderr, seconds)

    async def _run(self, token: str, command: Command) -> Result:
        """Run it, however often the connection breaks; only what never began is begun again."""
        collecting = False
        cuts = begun = seen = 0
        while True:
            begun += not collecting
            if begun > _TRIES:
                raise TransportError(f"{command.argv[0]} cannot be begun on {self.label}.", "Is its /run full?")
            generation = self._connection.generation
            cuts, seen = (cuts if generation == seen else 0), generation
            try:
                said = await self._exchange(token, command, collecting)
            except _Refused:
                if not collecting:
                    raise
                await asyncio.sleep(_PAUSE)
                continue
            except _Cut as cut:
                cuts += 1
                await self._mend(generation, cuts, str(cut))
                collecting = True
                continue
            if isinstance(said, Result):
                return said
            if said == "unheld":
                await self._mend(generation, drop=True)
            elif said != "unknown":
                raise ConnectionLost(f"{command.argv[0]} was cut off on {self.label}.", "Run again.")
            collecting = False

    async def _exchange(self, token: str, command: Command, collecting: bool) -> Result | str:
        """One session: its result, or what was said in its place. _Cut when it was not whole."""
        there = self._connection.remote(token)
        line = there.collect() if collecting else there.start(command)
        if len(encode(line)) > _LONGEST:
            raise TransportError(f"{command.argv[0]} cannot be run: its arguments are too long for SSH.")
        session = await self._connection.session(line)
        try:
            with contextlib.suppress(ConnectionError):
                session.given.write(b"" if collecting else encode(command.stdin))
                await session.given.drain()
            try:
                said = await _framed(session.said, token)
            except asyncio.IncompleteReadError:
                complained = decode(await session.complained.read()).strip()
                if _REFUSED in complained and self._connection.alive:
                    raise _Refused(complained) from None
                raise _Cut(complained) from None
            with contextlib.suppress(ConnectionError, TimeoutError):
                session.given.write(encode(token) + b"\n")
                session.given.close()
                async with asyncio.timeout(_LEAVE):
                    await session.process.wait()
            return said
        finally:
            session.leave()

    async def _mend(self, generation: int, cuts: int = 0, said: str = "", drop: bool = False) -> None:
        """Connect again, if nobody else has; ConnectionLost when that does not come about.

        ``generation``: the connection that failed; ``drop``: it stands, and does not hold the machine any more.
        """
        if self._stands(generation) and not drop:
            if cuts > _TRIES:
                raise ConnectionLost(f"{self.label} ends every session: {said or 'without a word'}.", _GOES_ON)
            await asyncio.sleep(_PAUSE)
        async with self._mending:
            if self._lost:
                raise ConnectionLost(self._lost, _GOES_ON)
            if self._connection.generation != generation or (self._connection.alive and not drop):
                return
            before = self._connection.holder
            try:
                await self._try_again()
            except PhoenixError as error:
                self._lost = f"The connection to {self.label} was lost: {error.message}"
                raise ConnectionLost(self._lost, _GOES_ON) from error
            if before and self._connection.holder and before.boot != self._connection.holder.boot:
                self._lost = f"{self.label} was restarted."
                raise ConnectionLost(self._lost, "Run again.")

    def _stands(self, generation: int) -> bool:
        return self._connection.alive and self._connection.generation == generation

    async def _try_again(self) -> None:
        """Without a word to the user; a server that wants one is not asked twice."""
        end, pause = time.monotonic() + _PATIENCE, _FIRST_PAUSE
        while True:
            try:
                await asyncio.to_thread(self._connection.open, silent=True)
            except TransportError as error:
                if time.monotonic() + pause > end or "Permission denied" in error.message:
                    raise
            else:
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _end(self, token: str) -> None:
        """End what runs there, in the time that it may take; one after the other, as sessions may be refused."""
        with contextlib.suppress(TimeoutError, TransportError):
            async with asyncio.timeout(_GRACE), self._ending:
                while self._connection.alive:
                    session = await self._connection.session(self._connection.remote(token).end())
                    await session.process.communicate(b"")
                    if session.process.returncode == 0:
                        return
                    await asyncio.sleep(_PAUSE)

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
