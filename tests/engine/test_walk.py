"""The walk over small plans, on simulated time, with a machine that answers as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.engine.walk import Settings, Summary, Walk
from phoenix_hypervisor.events import Done, Event, Failed, Ran, Skipped, Started
from phoenix_hypervisor.machine import Machine
from phoenix_hypervisor.plan.step import Plan, Poll, Step, Symbol, Work
from phoenix_hypervisor.transport.base import Transport
from phoenix_hypervisor.transport.simulated import VirtualLoop


class Answering(Transport):
    """Takes a second for each command; answers as ``answer`` says, and counts how many run at once."""

    def __init__(self, answer: Callable[[Command], Result]) -> None:
        super().__init__()
        self.answer = answer
        self.at_once = 0
        self.most_at_once = 0
        self.sent: list[str] = []

    async def _send(self, command: Command) -> Result:
        self.sent.append(str(command))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(1)
        self.at_once -= 1
        return self.answer(command)


def step(name: str, *needs: str, locks: tuple[str, ...] = (), work: tuple[Work, ...] | None = None) -> Step:
    todo = work or (Command("do", name),)
    return Step(name, name.partition(":")[0], Symbol.ADD, name, "because", todo, needs, frozenset(locks))


def walk(
    steps: list[Step], answer: Callable[[Command], Result] = lambda _: Result(), jobs: int = 8, fail_fast: bool = False
) -> tuple[Summary, Answering, list[Event], float]:
    transport = Answering(answer)
    events: list[Event] = []

    async def run() -> tuple[Summary, float]:
        loop = asyncio.get_running_loop()
        settings = Settings(loop.time, jobs, fail_fast, redact=lambda text: text.replace("hunter2", "***"))
        summary = await Walk(Plan("node", tuple(steps)), Machine(transport), events.append, settings).run()
        return summary, loop.time()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        summary, seconds = runner.run(run())
    return summary, transport, events, seconds


def fails(*names: str) -> Callable[[Command], Result]:
    return lambda command: Result(1, "", "no") if command.argv[-1] in names else Result()


def test_what_is_independent_runs_at_once() -> None:
    summary, transport, _, seconds = walk([step(f"{n}") for n in range(5)])
    assert len(summary.done) == 5
    assert (transport.most_at_once, seconds) == (5, 1.0)


def test_jobs_bound_what_runs_at_once() -> None:
    _, transport, _, seconds = walk([step(f"{n}") for n in range(6)], jobs=2)
    assert (transport.most_at_once, seconds) == (2, 3.0)


def test_steps_that_hold_one_lock_follow_each_other() -> None:
    _, transport, _, seconds = walk([step("a", locks=("apt",)), step("b", locks=("apt",)), step("c")])
    assert (transport.most_at_once, seconds) == (2, 2.0)


def test_needs_come_first_whatever_the_order() -> None:
    _, transport, _, _ = walk([step("child", "parent"), step("parent")])
    assert transport.sent == ["do parent", "do child"]


def test_what_hangs_on_a_failure_is_skipped_and_the_rest_goes_on() -> None:
    steps = [step("a"), step("b", "a"), step("c", "b"), step("d"), step("e", "d")]
    summary, transport, events, _ = walk(steps, fails("a"))
    assert summary.done == ["d", "e"]
    assert summary.failed == {"a": "do a: no"}
    assert set(summary.skipped) == {"b", "c"}
    assert "do b" not in transport.sent
    assert [type(event) for event in events if getattr(event, "step", "") == "a"] == [Started, Ran, Failed]
    assert {event.step: event.because for event in events if isinstance(event, Skipped)} == {
        "b": "a failed",
        "c": "a failed",
    }


def test_a_step_of_the_node_is_named_as_the_plan_names_it() -> None:
    first = replace(step("host:file:/etc/x"), title="nvidia: /etc/x")
    summary, *_ = walk([first, step("host:next", "host:file:/etc/x")], fails("host:file:/etc/x"))
    assert summary.skipped == {"host:next": "nvidia: /etc/x failed"}


def test_a_step_with_two_needs_waits_for_both() -> None:
    summary, _, _, _ = walk([step("a"), step("b"), step("c", "a", "b")], fails("b"))
    assert summary.done == ["a"] and set(summary.skipped) == {"c"}


def test_fail_fast_begins_nothing_new() -> None:
    steps = [step("a"), step("b"), step("c", "b"), step("d", "c")]
    summary, _, _, _ = walk(steps, fails("a"), jobs=2, fail_fast=True)
    assert set(summary.failed) == {"a"} and summary.done == ["b"]
    assert set(summary.skipped) == {"c", "d"}


def test_the_rest_of_a_step_is_not_tried_after_a_failure() -> None:
    _, transport, _, _ = walk([step("a", work=(Command("one"), Command("two", "a"), Command("three")))], fails("a"))
    assert transport.sent == ["one", "two a"]


def test_a_poll_is_repeated_until_it_succeeds() -> None:
    tries = iter([Result(1, "", "starting"), Result(1, "", "starting"), Result()])
    poll = Poll(Command("ready"), "ready", every=5, limit=120)
    summary, _, events, seconds = walk([step("a", work=(poll,))], lambda _: next(tries))
    assert summary.done == ["a"]
    assert seconds == 1 + 0.5 + 1 + 1 + 1
    assert sum(isinstance(event, Ran) for event in events) == 1


def test_a_poll_ends_at_its_limit_and_says_why() -> None:
    poll = Poll(Command("ready"), "ready", every=5, limit=30)
    summary, _, _, seconds = walk([step("a", work=(poll,))], lambda _: Result(1, "", "no address on eth0"))
    assert summary.failed == {"a": "not ready within 30 s: no address on eth0"}
    assert seconds <= 31, "the limit, and the last command"


@pytest.mark.parametrize(
    ("told", "added"), [("web.service failed\nno such program\n", "\nweb.service failed\nno such program"), ("", "")]
)
def test_a_poll_that_failed_is_explained(told: str, added: str) -> None:
    poll = Poll(Command("curl"), "healthy", every=5, limit=30, explain=Command("journalctl"))
    answers = {"curl": Result(7), "journalctl": Result(0, told)}
    summary, transport, _, _ = walk([step("a", work=(poll,))], lambda command: answers[str(command)])
    assert summary.failed == {"a": f"not healthy within 30 s: exit status 7{added}"}
    assert transport.sent.count("journalctl") == 1


@pytest.mark.parametrize(
    ("said", "tries"), [("can't lock file '/run/x.lock' - got timeout", 3), ("CT 900 already exists", 1)]
)
def test_only_what_is_known_to_pass_is_tried_again(said: str, tries: int) -> None:
    summary, transport, _, _ = walk([step("a")], lambda _: Result(255, "", said))
    assert len(transport.sent) == tries
    assert said in summary.failed["a"]


def test_no_secret_is_told() -> None:
    command = Command("login", "--as", "hunter2")
    _, _, events, _ = walk([step("a", work=(command,))], lambda _: Result(1, "hunter2", "no hunter2"))
    assert "hunter2" not in str([event.as_json() for event in events])


def test_interrupted_it_finishes_what_runs_and_begins_nothing() -> None:
    transport = Answering(lambda _: Result())
    events: list[Event] = []

    async def run() -> Summary:
        loop = asyncio.get_running_loop()
        steps = (step("a"), step("b", "a"), step("c"))
        settings = Settings(loop.time, jobs=1)
        current = Walk(Plan("node", steps), Machine(transport), events.append, settings)
        loop.call_later(0.5, current.stop, "interrupted")
        return await current.run()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        summary = runner.run(run())
    assert summary.done == ["a"]
    assert summary.skipped == {"b": "interrupted", "c": "interrupted"}


def test_interrupted_twice_it_ends_what_runs() -> None:
    transport = Answering(lambda _: Result())
    events: list[Event] = []

    async def run() -> Summary:
        loop = asyncio.get_running_loop()
        current = Walk(Plan("node", (step("a"),)), Machine(transport), events.append, Settings(loop.time))
        loop.call_later(0.5, current.kill)
        return await current.run()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        summary = runner.run(run())
    assert summary.failed == {"a": "interrupted"}
    assert not any(isinstance(event, Done) for event in events)
