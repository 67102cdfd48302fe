"""What a run does when something fails, is interrupted or has to wait (spec R4, R5, R6), over the whole road."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.engine.walk import Summary, Walk
from phoenix_hypervisor.events import Started
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


# -- interrupted


@dataclass
class Stopper:
    """Interrupts a walk when the command of that number is sent; ``kill``: and ends what runs, soon after."""

    rig: Rig
    number: int
    kill: bool
    sent: int = 0
    walk: Walk | None = None
    after: int = 0

    def __post_init__(self) -> None:
        self.rig.watch, self.rig.begun = self.watch, self.begun

    def begun(self, walk: Walk) -> None:
        self.walk = walk

    def watch(self, command: Command) -> None:
        self.after += self.sent > self.number
        if self.sent == self.number and self.walk is not None:
            self.walk.interrupt()
            if self.kill:
                asyncio.get_running_loop().call_later(0.05, self.walk.kill)
        self.sent += 1


@pytest.mark.parametrize("kill", [False, True])
@pytest.mark.parametrize("name", ["small", "put back"])
def test_interrupted_anywhere_no_command_is_begun_and_the_next_run_converges(
    tmp_path: Path, name: str, kill: bool
) -> None:
    scenario = SCENARIOS[name]
    rig = scenario.prepare(tmp_path / "etc")
    (tmp_path / "etc/app.sh").write_text(SCRIPT)
    rig.node.save(tmp_path / "before.json")
    reference = Rig(rig.site, Node.load(tmp_path / "before.json"))
    reference.converge()
    total = len(reference.transport.sent)
    for number in range(1, total, 1 + total // 20):
        again = Rig(rig.site, Node.load(tmp_path / "before.json"))
        stopper = Stopper(again, number, kill)
        begun = len(again.events)
        summary = again.apply()
        assert stopper.after == 0, f"a command was begun after an interruption at {number}"
        assert set(summary.failed.values()) <= {"interrupted"} and summary.undone == []
        started = [event.step for event in again.events[begun:] if isinstance(event, Started)]
        assert set(started) == {*summary.done, *summary.failed}
        again.watch, again.begun = (lambda _: None), (lambda _: None)
        again.node.clock += 60
        again.converge()
        assert again.plan().empty, f"after an interruption at {number}"
        assert end(again.node)["guests"].keys() == end(reference.node)["guests"].keys()
        assert again.look().volumes(950) == reference.look().volumes(950)


# -- waiting


def locked(rig: Rig, ctid: int, lock: str, before: tuple[str, ...], held: float | None) -> Callable[[Command], None]:
    """Somebody begins to work on a container just before a command, for so many seconds."""
    state = {"taken": False}

    def free() -> None:
        assert rig.node.run(["pct", "unlock", str(ctid)]).ok

    def watch(command: Command) -> None:
        if command.argv[: len(before)] == before and not state["taken"]:
            state["taken"] = True
            assert rig.node.run(["pct", "set", str(ctid), "--lock", lock]).ok
            if held is not None:
                asyncio.get_running_loop().call_later(held, free)

    return watch


@pytest.mark.parametrize("lock", ["backup", "disk"])
@pytest.mark.parametrize("before", [("pct", "snapshot", "950"), ("pct", "start", "950"), ("pct", "set", "950")])
def test_a_lock_that_goes_is_waited_for(tmp_path: Path, lock: str, before: tuple[str, ...]) -> None:
    rig = SCENARIOS["small"].prepare(tmp_path / "etc")
    rig.watch = locked(rig, 950, lock, before, 300.0)
    begun = rig.node.clock
    rig.converge()
    assert rig.node.clock - begun > 300
    assert rig.plan().empty


@pytest.mark.parametrize("undo", [False, True])
def test_a_lock_that_stays_fails_its_step_after_ten_minutes(tmp_path: Path, undo: bool) -> None:
    rig = rig_of(tmp_path / "etc", SCENARIOS["small"].after(), undo=undo)
    rig.watch = locked(rig, 950, "backup", ("pct", "snapshot", "950"), None)
    summary: Summary = rig.apply()
    assert summary.failed["950:snapshot"] == "pct snapshot 950: CT is locked (backup) (after 10 minutes)"
    assert "900:start" in summary.done
    if not undo:
        assert rig.look().guests[950].lock == "backup"
        assert "locked (backup)" in rig.plan().blocked[0].reason
        assert rig.node.run(["pct", "unlock", "950"]).ok
        rig.watch = lambda _: None
        rig.converge()
        assert rig.plan().empty
