"""The laws, each as a function that raises AssertionError where it does not hold."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.events import Ran
from phoenix_hypervisor.plan.step import Converge
from rig import Crash, Rig, state


def planning_changes_nothing(rig: Rig) -> None:
    """Law 1."""
    before = state(rig.node)
    rig.plan()
    assert state(rig.node) == before


def applied_means_nothing_to_do(rig: Rig, jobs: int = 8) -> None:
    """Law 2: apply, then plan: empty. Apply twice: the second runs no changing command."""
    rig.converge(jobs=jobs)
    assert rig.plan().steps == ()
    assert rig.transport.stats.round_trips == 1
    rig.events.clear()
    rig.converge(jobs=jobs)
    assert not [event for event in rig.events if isinstance(event, Ran)]


def interrupted_it_ends_the_same(make: Callable[[], Rig], cuts: list[tuple[int, int]]) -> None:
    """Law 3: cut off after so many commands, in the middle of the next, and run again: the same end."""
    reference = make()
    reference.converge(jobs=1)
    expected = state(reference.node)
    total = len(reference.transport.sent)
    for cut, pauses in cuts:
        if cut >= total:
            continue
        rig = make()
        with pytest.raises(Crash):
            rig.apply(jobs=1, crash_after=cut, crash_yields=pauses)
        rig.converge()
        assert rig.plan().steps == (), f"not converged after a cut at {cut}, {pauses}"
        assert state(rig.node) == expected, f"another end after a cut at {cut}, {pauses}"


def parallel_ends_like_serial(make: Callable[[], Rig]) -> None:
    """Law 4."""
    ends = []
    for jobs in (1, 32):
        rig = make()
        rig.converge(jobs=jobs)
        ends.append(state(rig.node))
    assert ends[0] == ends[1]


def hostile_value_is_one_argument(value: str, commands: list[Command]) -> None:
    """Law 5: the value stands in an argv by itself or as the end of ``key=value``, never inside a shell text."""
    for command in commands:
        script = command.argv[0] in ("sh", "bash") and "-c" in command.argv
        for number, word in enumerate(command.argv):
            if value not in word:
                continue
            is_text = script and number == command.argv.index("-c") + 1
            assert not is_text, f"{value!r} is inside a shell text: {command}"
            assert word == value or word.endswith(f"={value}"), f"{value!r} is glued: {command}"
            assert number > 0, f"{value!r} is a program: {command}"
        is_data = script or command.confidential
        assert is_data or value not in command.stdin, f"{value!r} is in a script: {command}"


def no_secret_is_shown(rig: Rig, secret: str) -> None:
    """Law 6: not in argv, plan, events (and so neither in the journal nor the log)."""
    plan = rig.plan()
    assert secret not in json.dumps(plan.as_json())
    rig.apply()
    for command in rig.transport.sent:
        assert secret not in " ".join(command.argv)
    assert secret not in json.dumps([event.as_json() for event in rig.events])
    for step in plan.steps:
        for work in step.work:
            assert isinstance(work, Converge) or secret not in str(work.command if hasattr(work, "command") else work)


def what_is_not_ours_is_as_it_was(rig: Rig, foreign: Callable[[], str]) -> None:
    """Law 7. ``foreign`` tells of everything on the node that is not ours."""
    before = foreign()
    rig.apply()
    assert foreign() == before
