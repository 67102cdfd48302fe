"""One feature inside a container, or a container's feature on the node: one step, carried out and told."""

from __future__ import annotations

import asyncio

from phoenix_hypervisor.cli.feature_host import tell
from phoenix_hypervisor.cli.feature_walk import Manner, walk_alone
from phoenix_hypervisor.cli.where import Where
from phoenix_hypervisor.machine import Machine
from phoenix_hypervisor.plan.host import HOST, Part
from phoenix_hypervisor.plan.step import Established, Plan, Step, Symbol, Work
from phoenix_hypervisor.transport.container import ContainerTransport


def establish_inside(runner: asyncio.Runner, where: Where, piece: Part, ctid: int | None, manner: Manner) -> int:
    """Make it so in this container (None: on the node), and tell; returns the exit code."""
    machine = Machine(where.transport if ctid is None else ContainerTransport(where.transport, ctid))

    async def look() -> Plan:
        facts = await machine.read(fact for resource in piece.resources for fact in resource.facts())
        commands = tuple(command for resource in piece.resources for command in resource.change(facts))
        if not commands:
            return Plan(where.label)
        target = HOST if ctid is None else str(ctid)
        name = piece.feature.name
        title = f"{name}: {'; '.join(map(str, piece.resources))}"
        work: tuple[Work, ...] = (*commands, *map(Established, piece.resources))
        return Plan(
            where.label, (Step(f"{target}:{name}", target, Symbol.CHANGE, title, "it is not as declared", work),)
        )

    walked = runner.run(walk_alone(where, machine, look, manner.redact))
    tell(piece.feature.name, walked, manner.output)
    return walked.exit_code
