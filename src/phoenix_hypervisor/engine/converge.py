"""Resources made so on a machine: look, change what differs, look again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.machine import Machine
from phoenix_hypervisor.resource import Resource


async def converge(
    machine: Machine,
    resources: Sequence[Resource],
    run: Callable[[Command], Awaitable[None]],
    approve: Callable[[Sequence[Command]], None] = lambda _: None,
) -> list[Command]:
    """Run what makes the resources so; returns the commands. NodeError when they succeeded and it is not so.

    ``approve`` sees the commands before the first one runs, and raises to stop.
    """
    wanted = [fact for resource in resources for fact in resource.facts()]
    facts = await machine.read(wanted)
    commands = [command for resource in resources for command in resource.change(facts)]
    if not commands:
        return []
    approve(commands)
    for command in commands:
        await run(command)
    facts = await machine.read(wanted)
    for resource in resources:
        if any(resource.change(facts)):
            raise NodeError(
                f"{resource.kind} {resource}: the commands succeeded, but it is not so.", "Look at its log."
            )
    return commands
