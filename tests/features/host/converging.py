"""Resources made so on a simulated node, as a run does: all is read at once, each is changed after what it needs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.machine import Facts, Machine
from phoenix_hypervisor.plan.graph import order
from phoenix_hypervisor.resource import Resource
from phoenix_hypervisor.simulator.node import Node
from phoenix_hypervisor.transport.simulated import SimulatedTransport, VirtualLoop


def look(node: Node, resources: Iterable[Resource]) -> Facts:
    """All facts of the resources, in one round trip."""
    machine = Machine(SimulatedTransport(node, "sim"))
    wanted = [fact for each in resources for fact in each.facts()]
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(machine.read(wanted))


def changes(node: Node, resources: Iterable[Resource]) -> list[Command]:
    """The commands that make the resources so on the node as it is, in the order of their needs."""
    known = {each.id: each for each in resources}
    facts = look(node, known.values())
    position = {name: number for number, name in enumerate(known)}
    ids = order({name: list(each.needs()) for name, each in known.items()}, key=position.__getitem__)
    return [command for name in ids for command in known[name].change(facts)]


def converge(node: Node, resources: Iterable[Resource]) -> list[Command]:
    """Make them so; the commands that ran. Nothing is left to be done afterwards."""
    known = list(resources)
    commands = changes(node, known)
    for command in commands:
        done = node.run(command.argv, command.stdin)
        assert done.ok, (command.argv, done)
    left = changes(node, known)
    assert not left, left
    return commands
