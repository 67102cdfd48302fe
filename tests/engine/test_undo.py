"""What a run changed is taken back when a step of the same target fails (spec R5), and only then."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.engine.walk import Settings, Summary, Walk
from phoenix_hypervisor.machine import Machine
from phoenix_hypervisor.plan.step import Plan, Step, Symbol, Undo
from phoenix_hypervisor.transport.base import Transport
from phoenix_hypervisor.transport.simulated import VirtualLoop

BACK = Undo("900", "destroy it again", (Command("undo", "900"),), since="900:create")


class Failing(Transport):
    """Takes a second for each command (for one that ends in ``slow`` five), and fails what is named."""

    def __init__(self, *failing: str) -> None:
        super().__init__()
        self.failing = failing
        self.sent: list[str] = []

    async def _send(self, command: Command) -> Result:
        self.sent.append(str(command))
        await asyncio.sleep(5 if command.argv[-1].endswith("slow") else 1)
        self.sent.append(f"ended: {command}")
        return Result(1, "", "no") if str(command) in self.failing else Result()


def step(name: str, *needs: str) -> Step:
    target = name.partition(":")[0]
    locks = frozenset({f"ct:{target}"})
    return Step(name, target, Symbol.ADD, name, "because", (Command("do", name),), needs, locks)


CHAIN = (
    step("900:create"),
    step("900:start", "900:create"),
    step("900:snapshot", "900:start"),
    step("901:clone", "900:snapshot"),
    step("950:set"),
)


def walk(
    undo: Undo, *failing: str, steps: tuple[Step, ...] = CHAIN, interrupt: float | None = None
) -> tuple[Summary, list[str]]:
    transport = Failing(*failing)

    async def run() -> Summary:
        loop = asyncio.get_running_loop()
        plan = Plan("node", steps, undo={undo.target: undo})
        current = Walk(plan, Machine(transport), lambda _: None, Settings(loop.time))
        if interrupt is not None:
            loop.call_later(interrupt, current.interrupt)
        return await current.run()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(run()), transport.sent


def test_a_failure_is_taken_back_and_the_rest_goes_on() -> None:
    summary, sent = walk(BACK, "do 900:start")
    assert sent[-1] == "ended: undo 900"
    assert summary.undone == ["900"]
    assert list(summary.failed) == ["900:start"]
    assert "950:set" in summary.done
    assert set(summary.skipped) == {"900:snapshot", "901:clone"}


def test_what_takes_it_back_is_no_step_that_was_done() -> None:
    summary, _ = walk(BACK, "do 900:start")
    assert set(summary.done) == {"900:create", "950:set"}


def test_a_failure_to_take_it_back_is_told() -> None:
    summary, _ = walk(BACK, "do 900:start", "undo 900")
    assert summary.undone == []
    assert set(summary.failed) == {"900:start", "900:undo"}


def test_nothing_is_taken_back_when_all_goes_well() -> None:
    summary, sent = walk(BACK)
    assert "undo 900" not in sent and summary.undone == []


def test_a_failure_of_another_target_takes_nothing_back() -> None:
    _, sent = walk(BACK, "do 950:set")
    assert "undo 900" not in sent


def test_a_failure_before_the_first_change_takes_nothing_back() -> None:
    _, sent = walk(replace(BACK, since="900:start"), "do 900:create")
    assert "undo 900" not in sent


def test_what_was_there_from_the_beginning_is_always_taken_back() -> None:
    _, sent = walk(replace(BACK, since=None), "do 900:create")
    assert sent[-1] == "ended: undo 900"


def test_a_restore_point_that_is_gone_is_not_gone_back_to() -> None:
    _, sent = walk(replace(BACK, until="900:start"), "do 900:snapshot")
    assert "undo 900" not in sent


@pytest.mark.parametrize("clones", [("901:clone",), ()])
def test_what_clones_hang_on_is_not_taken_back(clones: tuple[str, ...]) -> None:
    steps = (*CHAIN, step("900:forget", "901:clone"))
    _, sent = walk(replace(BACK, unless=clones), "do 900:forget", steps=steps)
    assert ("undo 900" in sent) is not bool(clones)


def test_an_interruption_takes_nothing_back() -> None:
    summary, sent = walk(BACK, "do 900:start", interrupt=1.5)
    assert list(summary.failed) == ["900:start"]
    assert "undo 900" not in sent


def test_it_waits_for_the_locks_of_what_runs() -> None:
    """The copy of a source is not taken back while the source is worked on."""
    steps = (step("900:create"), step("900:start", "900:create"), step("910:slow"))
    _, sent = walk(replace(BACK, locks=frozenset({"ct:910"})), "do 900:start", steps=steps)
    assert sent.index("undo 900") > sent.index("ended: do 910:slow") > sent.index("ended: do 900:start")
