"""What a container depends on is at work before it first runs (spec L1), and not before it is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from phoenix_hypervisor.events import Done, Started
from rig import Rig, small


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return small(tmp_path / "etc")


def test_only_the_first_start_waits(rig: Rig) -> None:
    plan = rig.plan()
    last = [step.id for step in plan.steps if step.target == "950"][-1]
    assert [step.id for step in plan.steps if step.target == "150" and last in step.needs] == ["150:start"]


def test_it_starts_when_the_other_is_through(rig: Rig) -> None:
    rig.converge(jobs=32)
    through = max(event.at for event in rig.events if isinstance(event, Done) and event.step.startswith("950:"))
    begun = {event.step: event.at for event in rig.events if isinstance(event, Started)}
    assert begun["150:start"] >= through > begun["150:clone"]
