"""Commands that fail, or are killed midway: what they left is known as ours, is cleared, and all is made after all.

The sweeps of the laws go over every command; here are those after which something must be tidied up.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from phoenix_hypervisor.plan.build import build
from phoenix_hypervisor.simulator.faults import Fault, Kind
from rig import Rig
from scenarios import SCENARIOS

MARKS = "/var/lib/phoenix_hypervisor/creating/*"


def failed(folder: Path, scenario: str, fault: Fault) -> Rig:
    """The scenario after a run in which a command failed; the fault is gone."""
    rig = SCENARIOS[scenario].prepare(folder / "etc")
    rig.node.faults.add(fault)
    assert rig.apply(jobs=1).failed
    assert not len(rig.node.faults)
    return rig


def goes_on(rig: Rig) -> None:
    """The next run makes everything, and nothing is left of the first."""
    rig.distort = lambda plan: plan
    assert rig.plan().blocked == ()
    rig.converge()
    assert rig.plan().empty
    assert list(rig.node.files.glob(MARKS)) == []
    facts = rig.look()
    assert all(guest.lock is None for guest in facts.guests.values())
    for ctid, guest in facts.guests.items():
        assert sorted(facts.volumes(ctid)) == sorted(facts.own_volumes(guest))


CREATE, LINK = ("pct", "create", "900"), ("pct", "clone", "900", "150")
COPY, BASE = ("pct", "clone", "910", "960"), ("pct", "template", "900")


@pytest.mark.parametrize(("scenario", "words"), [("native", CREATE), ("native", LINK), ("full", COPY)])
def test_what_failed_and_left_nothing_leaves_no_mark_of_ours(
    tmp_path: Path, scenario: str, words: tuple[str, ...]
) -> None:
    rig = failed(tmp_path, scenario, Fault(Kind.FAIL, words, times=1))
    assert list(rig.node.files.glob(MARKS)) == []
    goes_on(rig)


def test_a_destruction_that_failed_leaves_no_mark_of_ours(tmp_path: Path) -> None:
    rig = SCENARIOS["native"].prepare(tmp_path / "etc")
    rig.converge()
    plan = build(rig.site, rig.look(), rebuild=[150])
    rig.distort = lambda _: plan
    rig.node.faults.add(Fault(Kind.FAIL, ("pct", "destroy"), times=1))
    assert rig.apply().failed
    rig.distort = lambda plan: plan
    assert list(rig.node.files.glob(MARKS)) == []
    assert [step.id for step in rig.plan().steps] == ["150:start"], "it was stopped before, and is whole"


@pytest.mark.parametrize("kind", [Kind.DIE, Kind.LATE])
@pytest.mark.parametrize(
    ("scenario", "words", "pauses"),
    [("native", CREATE, 2), ("native", LINK, 5), ("full", COPY, 3), ("native", BASE, 2), ("native", BASE, 4)],
)
def test_what_was_killed_midway_is_cleared_and_made(
    tmp_path: Path, kind: Kind, scenario: str, words: tuple[str, ...], pauses: int
) -> None:
    goes_on(failed(tmp_path, scenario, Fault(kind, words, times=1, pauses=pauses)))


@pytest.mark.parametrize("pauses", range(2, 7))
def test_a_copy_that_was_killed_leaves_its_source_no_lock(tmp_path: Path, pauses: int) -> None:
    rig = failed(tmp_path, "full", Fault(Kind.DIE, COPY, times=1, pauses=pauses))
    assert rig.look().guests[910].lock is None
    goes_on(rig)
