"""What ``rollback_on_failure`` takes back, over the whole road (spec R5)."""

from __future__ import annotations

from pathlib import Path

import pytest

from phoenix_hypervisor.features.lifecycle.restore import NAME
from rig import Rig, site_of, tree
from scenarios import SCENARIOS, UNDO


@pytest.mark.parametrize("name", ["put back", "destroyed again"])
def test_what_fails_is_taken_back(tmp_path: Path, name: str) -> None:
    rig = SCENARIOS[name].prepare(tmp_path / "etc")
    before = {ctid: guest.current.get("memory") for ctid, guest in rig.look().guests.items()}
    summary = rig.apply()
    assert "950" in summary.undone
    after = {ctid: guest.current.get("memory") for ctid, guest in rig.look().guests.items()}
    assert after.get(950) == before.get(950)


def test_when_all_went_well_no_restore_point_is_left(tmp_path: Path) -> None:
    rig = SCENARIOS["with a restore point"].prepare(tmp_path / "etc")
    plan = rig.plan()
    names = [step.id for step in plan.steps if step.target == "950"]
    assert names.index("950:restore-point") < names.index("950:configure") < names.index("950:forget")
    rig.converge()
    assert all(NAME not in guest.config.snapshots for guest in rig.look().guests.values())


def test_what_clones_hang_on_is_not_taken_back(tmp_path: Path) -> None:
    etc = tmp_path / "etc"
    rig = SCENARIOS["small"].prepare(etc)
    rig.converge()
    documents = tree()
    for ctid in ("900", "150"):
        documents["lxc_configs"][ctid]["memory_mb"] = 2048
    changed = Rig(site_of(etc, documents, UNDO), rig.node)
    assert set(changed.plan().undo) == {"150"}
