"""The fault sweep over the node's own part: whatever one command does, success is never told where there is none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from faulty import OTHERS, Call, Disturbed, disturbed, running_step
from hosts import CANARIES, FOREIGN, canary, end_of, hosts_of, with_foreign
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.plan.host import selection
from phoenix_hypervisor.plan.step import Plan
from phoenix_hypervisor.simulator.faults import Fault, Kind
from phoenix_hypervisor.simulator.node import Node
from rig import Rig, site_of

FEATURES = ("initial_setup", "nvidia", "admin_user", "zfs", "nfs", "samba")
LOUD = (Kind.FAIL, Kind.LATE, Kind.HANG)
LATER = 200.0
"""Seconds until somebody runs it again: a change of the network that nobody confirmed was taken back by then."""


@dataclass
class Feature(Rig):
    """One feature with what it needs, so that a run is short."""

    feature: str = ""

    @property
    def chosen(self) -> frozenset[str]:
        return selection(self.parts, frozenset({self.feature}))


def sort_of(call: Call) -> str:
    """The kind of the resource, and the program with its verb."""
    return " ".join([call.step.split(":")[1], *call.line.split()[:2]])


@dataclass(frozen=True)
class Sweep:
    """A feature on a node that has those before it: the node, the commands of an undisturbed run, how that ends."""

    rig: Feature
    before: Path
    calls: tuple[Call, ...]
    expected: dict[str, Any]

    def disturbed(self, fault: Fault) -> Disturbed:
        """A run with one fault in it."""
        rig = _rig(self.rig, Node.load(self.before), self.rig.feature)
        return disturbed(rig, fault, LATER)


def check_harm(run: Disturbed) -> None:
    """Nothing of others is touched, no secret is told."""
    changed = [path for path, text in FOREIGN.items() if run.rig.node.files.read(path) != text]
    assert not changed
    told = json.dumps([event.as_json() for event in run.rig.events])
    assert not [name for name, secret in CANARIES.items() if secret in told]


def _rig(of: Rig, node: Node, feature: str) -> Feature:
    return Feature(of.site, node, whole=True, secrets=canary, feature=feature)


def end(node: Node) -> dict[str, Any]:
    """What a run leaves; storages in whatever order they were made."""
    found = end_of(node)
    storages = found["files"].pop("/etc/pve/storage.cfg")
    return {**found, "storages": sorted(storages[1].split("\n\n"))}


@cache
def sweeps(folder: Path, example: Path) -> dict[str, Sweep]:
    """Every feature in its order, each on the node that the ones before have made."""
    whole = hosts_of(folder / "etc", example)
    with_foreign(whole.node)
    found: dict[str, Sweep] = {}
    for name in FEATURES:
        before = folder / f"{name}.json"
        whole.node.save(before)
        rig = _rig(whole, whole.node, name)
        calls: list[Call] = []

        def watch(command: Any, rig: Rig = rig, calls: list[Call] = calls) -> None:
            calls.append(Call(len(calls), str(command), running_step(rig), command.argv == ("sh", "-s", "--", "/")))

        rig.watch = watch
        rig.converge(jobs=1)
        found[name] = Sweep(rig, before, tuple(calls[1:]), end(rig.node))
    return found


@pytest.fixture
def sweep(tmp_path_factory: pytest.TempPathFactory, repository: Path, feature: str) -> Sweep:
    return sweeps(tmp_path_factory.getbasetemp() / "host-faults", repository / "examples/ai-lab")[feature]


def deal(calls: tuple[Call, ...]) -> Iterator[tuple[Call, Kind]]:
    """Every command that changes something misbehaves in one way or another, the first of each sort lies, too.

    Of the looks each fifth does.
    """
    seen: set[str] = set()
    for turn, call in enumerate(calls):
        if call.looks and turn % 5 == 0:
            yield call, OTHERS[turn // 5 % len(OTHERS)]
        elif not call.looks:
            yield call, OTHERS[turn % len(OTHERS)]
            if sort_of(call) not in seen:
                seen.add(sort_of(call))
                yield call, Kind.SILENT


@pytest.mark.parametrize("feature", FEATURES)
def test_a_fault_is_never_taken_for_success(sweep: Sweep) -> None:
    assert len(sweep.calls) > 5
    for call, kind in deal(sweep.calls):
        run = sweep.disturbed(Fault(kind, times=1, skip=call.number, top=True))
        try:
            judge(sweep, call, kind, run)
        except AssertionError as error:
            raise AssertionError(f"{kind} of {call}: {error}") from error


def judge(sweep: Sweep, call: Call, kind: Kind, run: Disturbed) -> None:
    assert run.hit, "the run did not come that far"
    assert set(run.failed) <= {call.step}, f"it was noticed elsewhere: {run.failed}"
    assert run.failed or call.looks or kind not in LOUD, "a command that failed was not told of"
    run.check_branches()
    check_harm(run)
    if not run.failed:
        assert end(run.rig.node) == sweep.expected, "success was told"
    run.rig.converge()
    assert end(run.rig.node) == sweep.expected
    check_harm(run)


def test_a_disk_that_is_partitioned_between_plan_and_change_is_left_alone(tmp_path: Path) -> None:
    """``zpool create`` itself would take it without a word."""
    node = Node.new()
    names = ("ata-SOUND_1", "ata-TAKEN_2")
    for name in names:
        node.add_disk(name, 1 << 40)
    pool = {"name": "tank", "raid_level": "mirror", "disks": [f"/dev/disk/by-id/{name}" for name in names]}
    rig = Rig(site_of(tmp_path, {"lxc_configs": {}}, {"zfs": {"pools": [pool]}}), node, whole=True)
    plans: list[Plan] = []

    def partition(plan: Plan) -> Plan:
        node.put_on_disk(names[1], "gpt-empty")
        plans.append(plan)
        return plan

    rig.distort = partition
    summary = rig.apply(jobs=1)
    assert "host:zfs.pool:tank" in [step.id for step in plans[0].steps]
    assert "is not empty" in summary.failed["host:zfs.pool:tank"]
    assert "tank" not in node.zfs.pools


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Rig:
    rig = hosts_of(tmp_path_factory.mktemp("settled"), repository / "examples/ai-lab")
    rig.converge()
    return rig


LOOKS = ["lsblk", "zpool list", "zpool status", "zpool version", "zfs get", "dpkg-query", "systemctl show"]
LOOKS += ["systemctl is-active", "stat", "readlink", "grep", "ls", "find", "uname"]


@pytest.mark.parametrize("kind", [Kind.FAIL, Kind.GARBAGE, Kind.SILENT])
@pytest.mark.parametrize("words", LOOKS)
def test_a_part_of_a_look_that_fails_moves_nobody_to_anything(settled: Rig, words: str, kind: Kind) -> None:
    settled.node.faults.add(Fault(kind, tuple(words.split())))
    try:
        assert settled.plan().steps == ()
    except NodeError as error:
        assert str(error)
    finally:
        settled.node.faults.clear()


PROBES = ["lsblk", "wipefs", "blkid", "readlink", "grep", "od", "zpool list", "zpool import"]


@pytest.mark.parametrize("words", PROBES)
@pytest.mark.parametrize("content", ["ext4", "gpt-empty", "zfs-destroyed", "vm", "unseen-by-udev", "raw", "crypttab"])
def test_no_probe_that_fails_makes_a_disk_empty(tmp_path: Path, content: str, words: str) -> None:
    node = Node.new()
    node.add_disk("ata-TAKEN_1", 1 << 40)
    node.put_on_disk("ata-TAKEN_1", content)
    pool = {"name": "tank", "disks": ["/dev/disk/by-id/ata-TAKEN_1"]}
    rig = Rig(site_of(tmp_path, {"lxc_configs": {}}, {"zfs": {"pools": [pool]}}), node, whole=True)
    for kind in (Kind.FAIL, Kind.GARBAGE, Kind.SILENT):
        node.faults.add(Fault(kind, tuple(words.split())))
        try:
            assert "host:zfs.pool:tank" not in [step.id for step in rig.plan().steps], kind
        except NodeError as error:
            assert str(error)
        node.faults.clear()
