"""The work of a step: what is run when a command fails, and what waits for whatever becomes of another step."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.engine.walk import Settings, Summary, Walk
from phoenix_hypervisor.machine import Machine
from phoenix_hypervisor.plan.step import Guarded, Plan, Step, Symbol, Work
from phoenix_hypervisor.transport.base import Transport
from phoenix_hypervisor.transport.simulated import VirtualLoop


class Failing(Transport):
    """Takes a second for each command, and fails what is named."""

    def __init__(self, *failing: str) -> None:
        super().__init__()
        self.failing = failing
        self.sent: list[str] = []

    async def _send(self, command: Command) -> Result:
        self.sent.append(str(command))
        await asyncio.sleep(1)
        return Result(1, "", "no") if str(command) in self.failing else Result()


def step(name: str, *work: Work, needs: tuple[str, ...] = (), after: tuple[str, ...] = ()) -> Step:
    return Step(name, name, Symbol.ADD, name, "because", work or (Command("do", name),), needs, after=after)


def walk(steps: tuple[Step, ...], *failing: str) -> tuple[Summary, list[str]]:
    transport = Failing(*failing)

    async def run() -> Summary:
        loop = asyncio.get_running_loop()
        return await Walk(Plan("node", steps), Machine(transport), lambda _: None, Settings(loop.time)).run()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(run()), transport.sent


@pytest.mark.parametrize(("failing", "tidied"), [((), False), (("make",), True), (("make", "tidy"), True)])
def test_what_failed_is_tidied_up_and_stays_a_failure(failing: tuple[str, ...], tidied: bool) -> None:
    steps = (step("a", Guarded(Command("make"), Command("tidy")), Command("further")),)
    summary, sent = walk(steps, *failing)
    assert ("tidy" in sent) is tidied
    assert ("further" in sent) is not tidied
    assert summary.failed == ({"a": "make: no"} if tidied else {})


ONE_AFTER_ANOTHER = (step("a", Command("do", "a"), Command("more", "a")), step("b", after=("a",)))


@pytest.mark.parametrize("failing", [(), ("do a",)])
def test_what_comes_after_waits_until_the_other_has_ended_well_or_not(failing: tuple[str, ...]) -> None:
    summary, sent = walk(ONE_AFTER_ANOTHER, *failing)
    assert sent[-1] == "do b"
    assert "b" in summary.done


def test_what_comes_after_what_is_skipped_goes_on() -> None:
    first, second = ONE_AFTER_ANOTHER
    summary, sent = walk((step("root"), replace(first, needs=("root",)), second), "do root")
    assert set(summary.skipped) == {"a"} and summary.done == ["b"]
    assert sent == ["do root", "do b"]
