"""What a run does when something fails (spec R4, R5), over the whole road."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from phoenix_hypervisor.simulator.faults import Fault, Kind
from phoenix_hypervisor.simulator.node import Node
from rig import SCRIPT, TARBALL, Rig, container, fitted, site_of
from scenarios import DATA, FAILING, HOST, PRECIOUS, SCENARIOS, UNDO, base, end, everything

POINT = "phoenix-restore-point"
Json = dict[str, Any]


def rig_of(folder: Path, containers: Json, script: str = SCRIPT, undo: bool = True, node: Node | None = None) -> Rig:
    folder.mkdir(exist_ok=True)
    (folder / "app.sh").write_text(script)
    if node is None:
        node = Node.new()
        node.add_storage("plain", "dir", "images,rootdir", path="/srv/plain")
    return fitted(site_of(folder, {"lxc_configs": containers}, UNDO if undo else HOST), node)


# -- a container that was made in this run

SOURCES: dict[str, Json] = {
    "snapshot": {"cloning": "snapshot", "clone_from_ctid": "900"},
    "native": {"cloning": "native", "clone_from_ctid": "900"},
    "full": {"cloning": "full", "clone_from_ctid": "900"},
    "full on a folder": {"cloning": "full", "clone_from_ctid": "900", "storage_pool": "plain"},
    "tarball": {"template": TARBALL, "is_template": True, "template_snapshot_name": "mine"},
    "tarball on a folder": {"template": TARBALL, "is_template": True, "storage_pool": "plain"},
}
STAGES: dict[str, Fault] = {
    "made": Fault(Kind.DIE, (), times=1, pauses=4),
    "made, in the middle": Fault(Kind.DIE, (), times=1, pauses=7),
    "configured": Fault(Kind.FAIL, ("pct", "set", "950"), times=1),
    "started": Fault(Kind.FAIL, ("pct", "start", "950"), times=1),
    "given a feature": Fault(Kind.FAIL, ("apt-get", "install"), times=1),
    "snapshotted": Fault(Kind.LATE, ("pct", "snapshot", "950"), times=1),
}


def failing_site(way: str) -> tuple[Json, Json]:
    """A source, a sibling and CT 950; and the same without the last."""
    rest = {
        "900": base(volumes=[DATA], is_template=True),
        "150": container(150, clone_from_ctid="900", cloning="native" if way == "native" else "snapshot"),
    }
    fields = {**everything(), "features": ["base_setup"], **SOURCES[way]}
    if "template" in fields:
        del fields["clone_from_ctid"]
    return {**rest, "950": fields}, rest


def stages(way: str) -> list[str]:
    """What can fail: a ZFS clone is made by other commands, and what is on a folder takes no snapshots."""
    ruled_out = {"made", "made, in the middle"} if way == "snapshot" else set()
    ruled_out |= {"snapshotted"} if "folder" in way else set()
    ruled_out |= {"configured"} if "tarball" in way else set()
    return [stage for stage in STAGES if stage not in ruled_out]


@pytest.mark.parametrize(("way", "stage"), [(way, stage) for way in SOURCES for stage in stages(way)])
def test_what_was_made_and_failed_is_destroyed_without_leftovers(tmp_path: Path, way: str, stage: str) -> None:
    containers, rest = failing_site(way)
    rig = rig_of(tmp_path / "etc", containers)
    made = ("pct", "create", "950") if "tarball" in way else ("pct", "clone", "900", "950")
    rig.node.faults.add(replace(STAGES[stage], words=STAGES[stage].words or made))
    summary = rig.apply()
    assert len(rig.node.faults) == 0
    assert [step.partition(":")[0] for step in summary.failed] == ["950"], summary
    assert summary.undone == ["950"]
    assert {step.partition(":")[0] for step in summary.skipped} <= {"950"}
    without = rig_of(tmp_path / "without", rest)
    without.converge()
    assert without_host_files(end(rig.node)) == without_host_files(end(without.node))
    rig.converge()
    assert rig.plan().empty


def without_host_files(found: Json) -> Json:
    """Folders and ranges of ids were added to the node, which is no harm."""
    return {key: value for key, value in found.items() if key not in ("ids", "/srv/*")}


@pytest.mark.parametrize("words", [("zfs", "clone"), ("pct", "set", "950")])
def test_a_zfs_clone_that_fails_is_destroyed(tmp_path: Path, words: tuple[str, ...]) -> None:
    containers, rest = failing_site("snapshot")
    rig = rig_of(tmp_path / "etc", rest)
    rig.converge()
    before = end(rig.node)
    rig = rig_of(tmp_path / "etc", containers, node=rig.node)
    rig.node.faults.add(Fault(Kind.LATE, words, times=1))
    assert rig.apply().undone == ["950"]
    assert without_host_files(end(rig.node)) == without_host_files(before)


def test_what_clones_hang_on_is_kept(tmp_path: Path) -> None:
    """The template fails after its clones were begun."""
    containers = {"900": base(start_at_boot=True), "950": container(950, clone_from_ctid="900")}
    rig = rig_of(tmp_path / "etc", containers)
    rig.node.faults.add(Fault(Kind.SILENT, ("lxc-attach", "-n", "900")))
    rig.node.faults.add(Fault(Kind.HANG, ("pct", "start", "900"), times=1))
    summary = rig.apply()
    assert "900:start" in summary.failed and summary.undone == []
    assert {"900", "950"} <= {path.rpartition("/")[2][:3] for path in rig.node.files.glob("/etc/pve/lxc/*.conf")}
    assert "950:start" in summary.done


def test_what_would_be_a_clone_of_it_is_skipped(tmp_path: Path) -> None:
    """The template fails before its clones were begun, and goes."""
    containers = {"900": base(), "950": container(950, clone_from_ctid="900"), "150": base(name="ct150")}
    containers["150"]["network_config"] = container(150)["network_config"]
    rig = rig_of(tmp_path / "etc", containers)
    rig.node.faults.add(Fault(Kind.FAIL, ("pct", "start", "900"), times=1))
    summary = rig.apply(jobs=1)
    assert set(summary.failed) == {"900:start"} and summary.undone == ["900"]
    assert "is taken back" in summary.skipped["950:clone"]
    assert "150:start" in summary.done
    rig.converge()
    assert rig.plan().empty


# -- a container that was there


def existing(tmp_path: Path, script: str = SCRIPT) -> tuple[Rig, Json]:
    rig = SCENARIOS["put back"].prepare(tmp_path / "etc")
    (tmp_path / "etc/app.sh").write_text(script)
    return rig, without_host_files(end(rig.node))


CHANGES = [("pct", "set", "950", "*"), ("pct", "start", "950"), ("pct", "resize", "950"), ("pct", "shutdown", "950")]


@pytest.mark.parametrize("kind", [Kind.FAIL, Kind.LATE, Kind.DIE])
@pytest.mark.parametrize("words", CHANGES, ids=" ".join)
def test_what_was_there_and_failed_is_put_back(tmp_path: Path, words: tuple[str, ...], kind: Kind) -> None:
    rig, before = existing(tmp_path)
    rig.node.faults.add(Fault(kind, words, times=1, pauses=1))
    summary = rig.apply()
    rig.node.clock += 60
    assert {step.partition(":")[0] for step in summary.failed} == {"950"} and summary.undone == ["950"], summary
    assert without_host_files(end(rig.node)) == before
    assert all(rig.node.files.exists(path) for path in PRECIOUS)
    rig.converge()
    assert rig.plan().empty


def test_what_a_script_wrote_before_it_failed_is_gone(tmp_path: Path) -> None:
    rig, before = existing(tmp_path, FAILING)
    summary = rig.apply()
    assert set(summary.failed) == {"950:application_script.950"} and summary.undone == ["950"]
    assert without_host_files(end(rig.node)) == before
    assert not rig.node.files.exists("/tank/lxc/subvol-950-disk-0/root/half-done")
    assert all(rig.node.files.exists(path) for path in PRECIOUS)


def test_failing_again_and_again_leaves_nothing_more(tmp_path: Path) -> None:
    rig, before = existing(tmp_path, FAILING)
    for _ in range(3):
        assert rig.apply().undone == ["950"]
    assert without_host_files(end(rig.node)) == before


def test_what_was_stopped_is_stopped_again(tmp_path: Path) -> None:
    rig, _ = existing(tmp_path, FAILING)
    assert rig.node.run(["pct", "stop", "950"]).ok
    before = without_host_files(end(rig.node))
    assert rig.apply().undone == ["950"]
    assert without_host_files(end(rig.node)) == before


def test_taking_it_back_can_fail_and_is_told(tmp_path: Path) -> None:
    rig, _ = existing(tmp_path, FAILING)
    rig.node.faults.add(Fault(Kind.FAIL, ("pct", "rollback"), times=1))
    summary = rig.apply()
    assert "pct rollback 950" in summary.failed["950:undo"] and summary.undone == []
    assert POINT in rig.look().guests[950].config.snapshots
    (tmp_path / "etc/app.sh").write_text(SCRIPT)
    rig.converge()
    assert rig.plan().empty
    assert POINT not in rig.look().guests[950].config.snapshots


def test_a_rollback_that_did_nothing_does_not_cost_the_restore_point(tmp_path: Path) -> None:
    rig, _ = existing(tmp_path, FAILING)
    rig.node.faults.add(Fault(Kind.SILENT, ("pct", "rollback"), times=1))
    assert f"not as its snapshot {POINT} is" in rig.apply().failed["950:undo"]
    assert POINT in rig.look().guests[950].config.snapshots


def test_a_restore_point_that_cannot_be_taken_changes_nothing(tmp_path: Path) -> None:
    rig, before = existing(tmp_path)
    rig.node.faults.add(Fault(Kind.FAIL, ("pct", "snapshot", "950"), times=1))
    summary = rig.apply()
    assert set(summary.failed) == {"950:restore-point"} and summary.undone == []
    assert without_host_files(end(rig.node)) == before


def test_a_restore_point_that_cannot_be_removed_takes_nothing_back(tmp_path: Path) -> None:
    rig, _ = existing(tmp_path)
    rig.node.faults.add(Fault(Kind.FAIL, ("pct", "delsnapshot", "950"), times=1))
    summary = rig.apply()
    assert set(summary.failed) == {"950:forget"} and summary.undone == []
    assert [step.id for step in rig.plan().steps] == ["950:forget"]
    rig.converge()
    assert rig.plan().empty


def test_without_rollback_it_is_left_and_gone_on_from(tmp_path: Path) -> None:
    containers = SCENARIOS["small"].after()
    rig = rig_of(tmp_path / "etc", containers, FAILING, undo=False)
    summary = rig.apply()
    assert set(summary.failed) == {"950:application_script.950"} and summary.undone == []
    assert rig.node.files.exists("/tank/lxc/subvol-950-disk-0/root/half-done")
    (tmp_path / "etc/app.sh").write_text(SCRIPT)
    assert next(step.id for step in rig.plan().steps) == "950:application_script.950"
    rig.converge()
    assert rig.plan().empty


def test_fail_fast_begins_nothing_more_but_takes_back(tmp_path: Path) -> None:
    containers, _ = failing_site("tarball")
    rig = rig_of(tmp_path / "etc", containers)
    rig.node.faults.add(Fault(Kind.FAIL, ("pct", "create", "900"), times=1))
    summary = rig.apply(jobs=1, fail_fast=True)
    assert set(summary.failed) == {"900:create"} and summary.undone == ["900"] and summary.done == []
    assert all("--fail-fast" in because or "failed" in because for because in summary.skipped.values())
