"""One feature inside a container, or a container's feature on the node: converged without a plan."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import click

from phoenix_hypervisor.cli.where import Where
from phoenix_hypervisor.command import Command
from phoenix_hypervisor.engine.converge import converge
from phoenix_hypervisor.errors import Interrupted
from phoenix_hypervisor.machine import Machine
from phoenix_hypervisor.plan.host import Part
from phoenix_hypervisor.resource import Resource
from phoenix_hypervisor.transport.container import ContainerTransport


async def establish_inside(where: Where, piece: Part, ctid: int | None, mode: str, output: str) -> int:
    """Make it so in this container (None: on the node), and tell; returns the exit code."""
    transport = where.transport if ctid is None else ContainerTransport(where.transport, ctid)
    ran = await _establish(Machine(transport), piece.resources, mode)
    name = piece.feature.name
    if output == "json":
        click.echo(json.dumps({"feature": name, "changed": bool(ran), "commands": list(map(str, ran))}, indent=2))
    else:
        click.echo(f"{name}: done." if ran else f"{name}: nothing to do.")
    return 0


async def _establish(machine: Machine, resources: tuple[Resource, ...], mode: str) -> Iterable[Command]:
    """Converge; returns the commands that ran."""

    def approve(commands: Sequence[Command]) -> None:
        if mode == "interactive" and not click.confirm("\n".join(map(str, commands)) + "\nRun this?"):
            raise Interrupted("Nothing was changed.")

    return await converge(machine, resources, approve=approve)
