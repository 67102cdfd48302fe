"""What is looked at right before and right after a resource of the node is changed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.engine.walk import Settings, Summary, Walk
from phoenix_hypervisor.machine import Fact, Facts, Machine
from phoenix_hypervisor.plan.step import Established, Plan, Step, Symbol, Unobstructed, Work
from phoenix_hypervisor.resource import Obstacle, Resource, Verdict
from phoenix_hypervisor.resources.file import HEADER, File
from phoenix_hypervisor.simulator.node import Node
from phoenix_hypervisor.transport.simulated import SimulatedTransport, VirtualLoop

FILE = File(name="/etc/ours.conf", text=f"# {HEADER}\nwanted\n")


class Disk(Resource):
    """A file that stands for a disk: what is in it stands in the way."""

    kind: ClassVar[str] = "disk"

    def facts(self) -> Iterator[Fact[Any]]:
        yield Fact("disk", Command("cat", "dev/thing"), _text)

    def change(self, facts: Facts) -> Iterator[Command]:
        for fact in self.facts():
            if facts[fact] != "pool":
                yield Command("sh", "-c", "printf pool >/dev/thing")

    def verdict(self, facts: Facts) -> Verdict:
        there = [facts[fact] for fact in self.facts() if facts[fact] not in ("", "pool")]
        return Verdict(obstacles=tuple(Obstacle(f"it holds {text}", "Use another.", f"disk:{text}") for text in there))


def _text(result: Any) -> str:
    return str(result.stdout)


def walked(node: Node, *work: Work) -> Summary:
    async def run() -> Summary:
        plan = Plan("node", (Step("host:it", "host", Symbol.CHANGE, "it", "because", work),))
        machine = Machine(SimulatedTransport(node, "sim"))
        return await Walk(plan, machine, lambda _: None, Settings(lambda: node.clock)).run()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(run())


def test_what_its_commands_made_so_is_done() -> None:
    node = Node.new()
    facts = asyncio.run(_facts(node))
    assert walked(node, *FILE.change(facts), Established(FILE)).done == ["host:it"]
    assert node.files.read("/etc/ours.conf") == FILE.text


async def _facts(node: Node) -> Facts:
    return await Machine(SimulatedTransport(node, "sim")).read(FILE.facts())


@pytest.mark.parametrize("argv", [("true",), ("rm", "-f", "/etc/ours.conf")])
def test_commands_that_succeed_and_change_nothing_fail(argv: tuple[str, ...]) -> None:
    summary = walked(Node.new(), Command(*argv), Established(FILE))
    assert summary.failed == {"host:it": "the commands succeeded, but it is not so: not there yet"}


@pytest.mark.parametrize(
    ("held", "allowed", "failure"),
    [
        ("", "", ""),
        ("ext4", "", "it holds ext4. Use another."),
        ("ext4", "disk:other", "it holds ext4. Use another."),
        ("ext4", "disk:ext4", ""),
    ],
)
def test_what_came_to_stand_in_the_way_is_seen_right_before(held: str, allowed: str, failure: str) -> None:
    node = Node.new()
    node.files.write("/dev/thing", held)
    commands = (Command("sh", "-c", "printf pool >/dev/thing"),)
    summary = walked(node, Unobstructed(Disk(name="d"), commands, frozenset({allowed})), *commands)
    assert summary.failed.get("host:it", "") == failure
    assert node.files.read("/dev/thing") == ("pool" if not failure else held)


def test_what_would_be_done_otherwise_now_is_not_done() -> None:
    node = Node.new()
    node.files.write("/dev/thing", "")
    summary = walked(node, Unobstructed(Disk(name="d"), (Command("mkfs"),), frozenset()), Command("mkfs"))
    assert "changed since the plan was made" in summary.failed["host:it"]
