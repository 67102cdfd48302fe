"""The estimate of a plan: what the engine's walk over it will take, and the chain that bounds it."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.engine.walk import Settings, Walk
from phoenix_hypervisor.machine import Machine
from phoenix_hypervisor.plan.estimate import Estimate, estimate
from phoenix_hypervisor.plan.step import Converge, Expect, Guarded, Plan, Poll, Step, Symbol, Work
from phoenix_hypervisor.resources.package import Packages
from phoenix_hypervisor.resources.timezone import Timezone
from phoenix_hypervisor.transport.base import Transport
from phoenix_hypervisor.transport.simulated import VirtualLoop
from rig import fitted, load_site


def takes(seconds: float) -> Command:
    return Command("take", str(seconds))


def expected(command: Command) -> float:
    return float(command.argv[1]) if command.argv[0] == "take" else 0.5


def step(name: str, seconds: float, *needs: str, locks: str = "", after: tuple[str, ...] = ()) -> Step:
    work = (takes(seconds),)
    return Step(name, name, Symbol.ADD, name, "because", work, needs, frozenset(locks), after)


def of(*steps: Step, jobs: int = 8) -> Estimate:
    return estimate(Plan("node", steps), expected, jobs)


def test_nothing_takes_no_time() -> None:
    assert of() == Estimate(0.0, 8, (), 0.0, {})


def test_steps_that_need_one_another_add_up_and_others_run_beside_them() -> None:
    found = of(step("a", 1), step("b", 2, "a"), step("c", 4, "b"), step("x", 5), step("y", 1, "x"))
    assert (found.seconds, found.critical_path, found.critical_seconds) == (7.0, ("a", "b", "c"), 7.0)
    assert found.by_step == {"a": 1.0, "b": 2.0, "c": 4.0, "x": 5.0, "y": 1.0}


def test_of_two_needs_the_later_one_is_in_the_chain() -> None:
    found = of(step("top", 1, "short", "long"), step("short", 2), step("long", 3))
    assert found.critical_path == ("long", "top") and found.seconds == 4.0


def test_jobs_bound_the_time_and_not_the_chain() -> None:
    steps = [step(name, 2) for name in "abcde"]
    assert [of(*steps, jobs=jobs).seconds for jobs in (1, 2, 3, 5, 8)] == [10.0, 6.0, 4.0, 2.0, 2.0]
    assert of(*steps, jobs=1).critical_seconds == 2.0


def test_what_holds_one_lock_follows_one_another_and_leaves_its_place_to_others() -> None:
    found = of(step("a", 3, locks="x"), step("b", 3, locks="xy"), step("c", 3, locks="y"), step("d", 1), jobs=2)
    assert found.seconds == 6.0
    assert found.critical_seconds == 3.0


def test_the_first_of_the_plan_comes_first() -> None:
    assert of(step("a", 5), step("b", 1), step("c", 5, "b"), jobs=1).seconds == 11.0
    assert of(step("b", 1), step("a", 5), step("c", 5, "b"), jobs=2).seconds == 6.0
    assert of(step("a", 1), step("b", 1), step("c", 5), jobs=2).seconds == 6.0


def test_what_comes_after_waits_too() -> None:
    found = of(step("a", 2), step("b", 3, after=("a",)))
    assert (found.seconds, found.critical_path) == (5.0, ("a", "b"))


def test_what_is_needed_and_no_step_is_there_already() -> None:
    assert of(step("a", 2, "gone", after=("gone",))).seconds == 2.0


@pytest.mark.parametrize(
    ("work", "least", "most"),
    [
        (takes(7), 7, 7),
        (Guarded(takes(7), takes(100)), 7, 7),
        (Poll(takes(1), "stopped", 1, 60), 1, 1),
        (Poll(takes(1), "ready", 1, 120), 3, 6),
        (Expect(()), 0.001, 0.1),
        (Converge(900, "base", "0", ()), 1.5, 1.5),
        (Converge(900, "base", "0", (Timezone(name="UTC"),)), 1.5, 2),
        (Converge(900, "base", "0", (Packages(name="x", packages=("curl",)), Timezone(name="UTC"))), 8, 20),
    ],
    ids=lambda value: type(value).__name__,
)
def test_kinds_of_work(work: Work, least: float, most: float) -> None:
    one = Step("a", "a", Symbol.ADD, "a", "because", (work, takes(1)))
    assert least + 1 <= of(one).seconds <= most + 1


class Taking(Transport):
    """Takes what its commands say."""

    async def _send(self, command: Command) -> Result:
        await asyncio.sleep(float(command.argv[1]))
        return Result()


def walked(plan: Plan, jobs: int) -> float:
    """The seconds that the engine takes."""

    async def run() -> float:
        loop = asyncio.get_running_loop()
        await Walk(plan, Machine(Taking()), lambda _: None, Settings(loop.time, jobs)).run()
        return loop.time()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(run())


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Up to ten steps of different durations, no two of which end at the same time."""
    count = draw(st.integers(0, 10))
    names = [f"s{number}" for number in draw(st.permutations(range(count)))]
    steps = []
    for number, name in enumerate(names):
        needs = draw(st.lists(st.sampled_from(names[:number]), max_size=2)) if number else []
        locks = draw(st.sampled_from(["", "", "x", "y", "xy"]))
        steps.append(step(name, draw(st.integers(1, 9)) + 2.0**-number / 1000, *needs, locks=locks))
    return Plan("node", tuple(draw(st.permutations(steps))))


@given(plans(), st.integers(1, 5))
def test_it_is_what_the_engine_takes(plan: Plan, jobs: int) -> None:
    found = estimate(plan, expected, jobs)
    assert found.seconds == pytest.approx(walked(plan, jobs))
    assert found.critical_seconds <= found.seconds + 1e-9 <= sum(found.by_step.values()) + 2e-9


@given(plans())
def test_the_critical_path_is_a_chain_that_bounds_the_time(plan: Plan) -> None:
    found = estimate(plan, expected, jobs=8)
    steps = {each.id: each for each in plan.steps}
    chain = [steps[name] for name in found.critical_path]
    assert all(before.id in later.needs for before, later in pairwise(chain))
    assert found.critical_seconds == pytest.approx(sum(found.by_step[each.id] for each in chain))
    free = tuple(Step(each.id, each.target, each.symbol, "", "", each.work, each.needs) for each in plan.steps)
    assert estimate(Plan("node", free), expected, jobs=100).seconds == pytest.approx(found.critical_seconds)


@pytest.mark.parametrize("jobs", [1, 2, 8])
def test_the_simulated_run_takes_about_as_long(repository: Path, jobs: int) -> None:
    rig = fitted(load_site(repository / "examples/ai-lab"))
    plan = rig.plan()
    found = estimate(plan, rig.transport.expected, jobs)
    begun = rig.node.clock
    rig.converge(jobs=jobs)
    assert 0.5 < found.seconds / (rig.node.clock - begun) < 2
    assert found.critical_seconds <= found.seconds
