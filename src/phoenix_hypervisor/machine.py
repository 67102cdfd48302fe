"""A machine: a transport, and the facts that are read through it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from phoenix_hypervisor.command import TIMED_OUT, Command, Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.transport.base import Transport

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Fact(Generic[T_co]):
    """Something to know about a machine: the command that tells it, and the parser of its answer.

    File names in the command are relative to the machine's root. The parser raises NodeError for an answer that it
    cannot work with.
    """

    name: str
    command: Command
    parse: Callable[[Result], T_co]


class Facts:
    """Facts as they were read at one moment."""

    def __init__(self, values: Mapping[Fact[Any], Any]) -> None:
        self._values = dict(values)

    def __getitem__(self, fact: Fact[T]) -> T:
        value: T = self._values[fact]
        return value


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine behind a transport."""

    transport: Transport
    root: str = "/"

    async def run(self, command: Command) -> Result:
        return await self.transport.run(command)

    async def read(self, facts: Iterable[Fact[Any]]) -> Facts:
        """All facts in one round trip."""
        wanted = list(dict.fromkeys(facts))
        results = await self.transport.run_together([fact.command for fact in wanted], self.root)
        return _parsed(wanted, results)

    async def change(
        self, commands: Sequence[Command], facts: Iterable[Fact[Any]]
    ) -> tuple[list[Result], Facts | None]:
        """Run commands in their order, then read facts, all in one round trip.

        The first command that fails is the last one; then there are no facts.
        """
        wanted = list(dict.fromkeys(facts))
        ran, looked = await self.transport.change_together(commands, [fact.command for fact in wanted], self.root)
        failed = bool(ran) and not ran[-1].ok
        return ran, None if failed else _parsed(wanted, looked)


def _parsed(facts: Sequence[Fact[Any]], results: Sequence[Result]) -> Facts:
    return Facts({fact: fact.parse(result) for fact, result in zip(facts, results, strict=True)})


def answered(result: Result, question: str) -> str:
    """Standard output of a command that must succeed; NodeError in its words when it did not."""
    if result.rc == TIMED_OUT:
        raise NodeError(f"The node could not tell {question} in time.", "Run again when it is less busy.")
    if not result.ok:
        raise NodeError(f"The node could not tell {question}: {result.said}")
    return result.stdout
