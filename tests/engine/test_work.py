"""The work of a step: what is tried again, what is run when a command fails, what an interruption leaves out."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.engine.walk import Settings, Summary, Walk
from phoenix_hypervisor.machine import Machine
from phoenix_hypervisor.plan.step import Guarded, Plan, Poll, Step, Symbol, Work
from phoenix_hypervisor.transport.base import Transport
from phoenix_hypervisor.transport.simulated import VirtualLoop


class Failing(Transport):
    """Takes a second for each command, and fails what is named, with ``said``."""

    said = "no"

    def __init__(self, *failing: str) -> None:
        super().__init__()
        self.failing = failing
        self.sent: list[str] = []

    async def _send(self, command: Command) -> Result:
        self.sent.append(str(command))
        await asyncio.sleep(1)
        return Result(1, "", self.said) if str(command) in self.failing else Result()


def step(name: str, *work: Work, needs: tuple[str, ...] = (), after: tuple[str, ...] = ()) -> Step:
    return Step(name, name, Symbol.ADD, name, "because", work or (Command("do", name),), needs, after=after)


def walk(
    steps: tuple[Step, ...], *failing: str, said: str = "no", interrupt: float | None = None
) -> tuple[Summary, list[str]]:
    transport = Failing(*failing)
    transport.said = said

    async def run() -> Summary:
        loop = asyncio.get_running_loop()
        current = Walk(Plan("node", steps), Machine(transport), lambda _: None, Settings(loop.time))
        if interrupt is not None:
            loop.call_later(interrupt, current.interrupt)
        return await current.run()

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


@pytest.mark.parametrize(
    ("said", "tries", "told"),
    [
        ("CT is locked (disk)", 120, " (after 10 minutes)"),
        ("E: Could not get lock /var/lib/apt/lists/lock.", 60, " (after 5 minutes)"),
        ("can't lock file - got timeout", 3, " (tried 3 times)"),
        ("E: Failed to fetch http://deb.debian.org/x  Hash Sum mismatch", 3, " (tried 3 times)"),
        ("E: Could not get lock /var/lib/dpkg/lock-frontend.", 1, ""),
        ("no space left", 1, ""),
    ],
)
def test_what_passes_is_waited_for_as_long_as_it_may_take(said: str, tries: int, told: str) -> None:
    summary, sent = walk((step("a"),), "do a", said=said)
    assert len(sent) == tries
    assert summary.failed["a"] == f"do a: {' '.join(said.split())}{told}"


@pytest.mark.parametrize(
    ("work", "said"),
    [
        ((Command("one"), Command("two")), "no"),
        ((Command("one"), Poll(Command("two"), "ready", 1.0, 60.0)), "no"),
        ((Poll(Command("one"), "ready", 60.0, 600.0),), "no"),
        ((Command("one"),), "got timeout"),
    ],
    ids=["between commands", "before a poll", "while it polls", "before it tries again"],
)
def test_interrupted_it_begins_no_further_command(work: tuple[Work, ...], said: str) -> None:
    failing = ("one",) if len(work) == 1 else ()
    summary, sent = walk((step("a", *work),), *failing, said=said, interrupt=0.5)
    assert sent == ["one"]
    assert summary.failed == {"a": "interrupted"}
