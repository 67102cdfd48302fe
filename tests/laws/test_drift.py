"""Whatever people change on a converged node: one apply, and everything declared holds again; what they added stays."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from drift import LOST, WAYS, Drift, Ground, configuration, drifts, of_volumes, wrong_after
from phoenix_hypervisor.events import Ran
from rig import Rig

Grounds = Callable[[str, str], Ground]
QUICK = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
EVERY = pytest.mark.parametrize(("example", "way"), [(name, way) for name in ("ai-lab", "2025-09-01") for way in WAYS])


@pytest.fixture(scope="session")
def grounds(
    request: pytest.FixtureRequest, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> Grounds:
    """Example and way of cloning to a ground, each laid once."""

    @cache
    def lay(example: str, way: str) -> Ground:
        beside = repository / "examples" if example == "ai-lab" else request.getfixturevalue("examples")
        return Ground.lay(beside / example, way, tmp_path_factory.mktemp("ground"))

    return lay


def restarts(rig: Rig) -> int:
    return sum(isinstance(event, Ran) and event.command.startswith("pct shutdown") for event in rig.events)


@EVERY
@QUICK
@given(data=st.data())
def test_one_apply_makes_up_for_any_drift(grounds: Grounds, example: str, way: str, data: st.DataObject) -> None:
    ground = grounds(example, way)
    rig = ground.rig()
    ctid = data.draw(st.sampled_from(sorted(ground.site.containers)), "container")
    done = [drift.do(rig.node, ctid).ok for drift in data.draw(drifts(), "drifts")]
    assume(any(done))
    before = configuration(rig.node, ctid)
    rig.converge()
    assert wrong_after(ground, rig.node, ctid, before) == []
    assert rig.plan().empty
    assert restarts(rig) <= 1
