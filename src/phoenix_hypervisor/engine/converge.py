"""Resources made so on a machine: one round trip looks, a second one changes what differs and looks again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.machine import Fact, Facts, Machine
from phoenix_hypervisor.resource import Resource

Told = Callable[[Command, Result], None]
Look = Callable[[Sequence[Fact[Any]]], Awaitable[Facts]]


class CommandFailed(NodeError):
    """A command of a resource failed; what comes after it was not run."""

    def __init__(self, command: Command, result: Result) -> None:
        super().__init__(f"{command}: {result.said}")
        self.command = command
        self.result = result


async def converge(
    machine: Machine,
    resources: Sequence[Resource],
    told: Told = lambda _command, _result: None,
    approve: Callable[[Sequence[Command]], None] = lambda _: None,
    look: Look | None = None,
) -> list[Command]:
    """Run what makes the resources so; returns the commands. ``told`` hears of each with its result.

    ``approve`` sees the commands before the first one runs, and raises to stop. ``look`` is the first look, where that
    brings something with it. CommandFailed when one failed, NodeError when all succeeded and it is not so.
    """
    wanted = [fact for resource in resources for fact in resource.facts()]
    facts = await (look or machine.read)(wanted)
    commands = [command for resource in resources for command in resource.change(facts)]
    if not commands:
        return []
    approve(commands)
    ran, after = await machine.change(commands, wanted)
    for command, result in zip(commands, ran, strict=False):
        told(command, result)
    if after is None:
        raise CommandFailed(commands[len(ran) - 1], ran[-1])
    for resource in resources:
        if any(resource.change(after)):
            raise NodeError(
                f"{resource}: the commands succeeded, but it is not so: {resource.verdict(after).reason}.",
                "Look at its log.",
            )
    return commands
