"""Carries out the work of one step."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.engine.converge import CommandFailed, converge
from phoenix_hypervisor.engine.telling import failure, said
from phoenix_hypervisor.errors import NodeError, TransportError
from phoenix_hypervisor.features.lifecycle.inside import unstamp
from phoenix_hypervisor.features.lifecycle.stamp import Stamp
from phoenix_hypervisor.machine import Fact, Facts, Machine
from phoenix_hypervisor.plan.step import Converge, Established, Expect, Guarded, Poll, Unobstructed, Work
from phoenix_hypervisor.resource import Resource
from phoenix_hypervisor.transport.container import ContainerTransport, inside
from phoenix_hypervisor.transport.pack import pack, unpack

Told = Callable[[Command, Result], None]

TRANSIENT = (
    "got timeout",
    "got lock request timeout",
    "dataset is busy",
    "Resource temporarily unavailable",
    "Temporary failure resolving",
    "Could not resolve host",
    "Could not connect to ",
    "Unable to connect to ",
    "Connection failed",
    "Connection timed out",
    "Connection reset by peer",
    "Hash Sum mismatch",
    "File has unexpected size",
    "500  Internal Server Error",
    "502  Bad Gateway",
    "503  Service Unavailable",
    "504  Gateway Time",
)
"""What a command says when trying again soon is known to help: of a node under load, a network, a mirror."""
BUSY = "Could not get lock /var/lib/apt/lists/"
"""What apt says while another one fetches lists; for dpkg's own lock it waits itself."""
LOCKED = "CT is locked ("
"""What Proxmox says while something else works on a container: a clone of it, a backup."""
_TRIES = 3
_TRIES_BUSY = 60
_TRIES_LOCKED = 120
_PAUSE = 5.0
_FIRST_PAUSE = 0.5


class WorkFailed(Exception):
    """The step cannot be done; the text is for people."""


class Worker:
    """Runs work on a machine and tells of every command."""

    def __init__(self, machine: Machine, told: Told, interrupted: Callable[[], bool] = lambda: False) -> None:
        self._machine = machine
        self._told = told
        self._interrupted = interrupted

    async def do(self, work: Work) -> None:
        """Do it, or raise WorkFailed. Once the run is interrupted, no further command is begun."""
        self._go_on()
        if isinstance(work, Command):
            await self._run(self._machine, work)
        elif isinstance(work, Poll):
            await self._poll(work)
        elif isinstance(work, Guarded):
            await self._guarded(work)
        elif isinstance(work, Expect):
            await self._expect(work)
        elif isinstance(work, Unobstructed):
            await self._look_once_more(work)
        elif isinstance(work, Established):
            await self._established(work.resource)
        else:
            await self._converge(work)

    def _go_on(self) -> None:
        if self._interrupted():
            raise WorkFailed("interrupted")

    async def _run(self, machine: Machine, command: Command) -> None:
        attempt = 0
        while True:
            self._go_on()
            result = await machine.run(command)
            self._told(command, result)
            if result.ok:
                return
            attempt += 1
            if attempt >= _tries(result):
                raise WorkFailed(failure(command, result, _tried(attempt)))
            await asyncio.sleep(_PAUSE)

    async def _poll(self, poll: Poll) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + poll.limit
        pause = min(_FIRST_PAUSE, poll.every)
        while True:
            result = await self._machine.run(poll.command)
            if result.ok or loop.time() + pause >= end:
                self._told(poll.command, result)
                if result.ok:
                    return
                asked = f"{poll.asked}: " if poll.asked else ""
                why = f"{asked}{said(result)}{await self._why(poll)}"
                raise WorkFailed(f"not {poll.what} within {poll.limit:g} s: {why}")
            await asyncio.sleep(pause)
            self._go_on()
            pause = min(2 * pause, poll.every)

    async def _why(self, poll: Poll) -> str:
        """What is to be said beside, in lines of their own."""
        if poll.explain is None:
            return ""
        told = (await self._machine.run(poll.explain)).stdout.strip()
        return f"\n{told}" if told else ""

    async def _expect(self, work: Expect) -> None:
        """Exit code 0 is not the truth."""
        facts = [condition.fact() for condition in work.conditions]
        read = await self._machine.read(facts)
        looked = zip(work.conditions, facts, strict=True)
        wrong = [text for condition, fact in looked if (text := condition.wrong(read[fact]))]
        if wrong:
            raise WorkFailed(f"the commands succeeded, but {'; '.join(wrong)}")

    async def _look_once_more(self, work: Unobstructed) -> None:
        """What was planned must still be right: somebody may have begun to use what is there."""
        facts = await self._machine.read(work.resource.facts())
        for obstacle in work.resource.verdict(facts).obstacles:
            if obstacle.loses not in work.allowed:
                raise WorkFailed(f"{obstacle.reason}. {obstacle.hint}".strip())
        if tuple(work.resource.change(facts)) != work.commands:
            raise WorkFailed("the node changed since the plan was made; nothing was done. Run again.")

    async def _established(self, resource: Resource) -> None:
        """Exit code 0 is not the truth."""
        facts = await self._machine.read(resource.facts())
        if any(resource.change(facts)):
            reason = resource.verdict(facts).reason
            raise WorkFailed(f"the commands succeeded, but it is not so: {reason}")

    async def _guarded(self, work: Guarded) -> None:
        try:
            await self._run(self._machine, work.command)
        except WorkFailed:
            self._told(work.if_failed, await self._machine.run(work.if_failed))
            raise

    async def _converge(self, work: Converge) -> None:
        """What is stamped and turns out not to have taken effect loses its stamp."""
        machine = Machine(ContainerTransport(self._machine.transport, work.ctid))
        stamp = Stamp(name=work.layer, digest=work.digest)
        attempt = 0
        while True:
            self._go_on()
            try:
                look = partial(self._give_and_look, work) if work.given else None
                await converge(machine, (*work.resources, stamp), self._told, look=look)
            except CommandFailed as failed:
                attempt += 1
                if attempt >= _tries(failed.result):
                    raise WorkFailed(failure(failed.command, failed.result, _tried(attempt))) from failed
            except TransportError:
                raise
            except NodeError:
                await self._run(machine, unstamp(work.layer))
                raise
            else:
                return
            await asyncio.sleep(_PAUSE)

    async def _give_and_look(self, work: Converge, facts: Sequence[Fact[Any]]) -> Facts:
        """Give the container what the node has for it, and look inside: one round trip."""
        wanted = list(dict.fromkeys(facts))
        look = inside(work.ctid, pack([fact.command for fact in wanted]))
        gave, looked = await self._machine.transport.change_together(work.given, [look])
        for command, result in zip(work.given, gave, strict=False):
            self._told(command, result)
        if not looked:
            raise CommandFailed(work.given[len(gave) - 1], gave[-1])
        results = unpack(looked[0], len(wanted))
        return Facts({fact: fact.parse(result) for fact, result in zip(wanted, results, strict=True)})


def _tries(result: Result) -> int:
    """How often a command that said this is tried in all."""
    if LOCKED in result.stderr:
        return _TRIES_LOCKED
    if BUSY in result.stderr:
        return _TRIES_BUSY
    return _TRIES if any(text in result.stderr for text in TRANSIENT) else 1


def _tried(times: int) -> str:
    """What is to be said of how long it was tried."""
    if times > _TRIES:
        return f" (after {times * _PAUSE / 60:g} minutes)"
    return f" (tried {times} times)" if times > 1 else ""
