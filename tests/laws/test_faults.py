"""The fault sweep (spec P4): whatever one command does, a run never says that it succeeded when it did not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from faulty import OTHERS, Call, Disturbed, disturbed, running_step
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.simulator.faults import Fault, Kind
from phoenix_hypervisor.simulator.node import Node
from rig import Rig
from scenarios import SCENARIOS, Scenario, end, finished

SWEPT = ("small", "native", "full", "changed", "declared", "put back")
SHARES = 2
LIES = (Kind.SILENT, Kind.GARBAGE)
UNKNOWABLE = {"/var/lib/phoenix/scripts/app.sh": "what a script of the user's is to bring about, only the user knows"}
"""Programs that may lie: what stands behind them, nothing can look for."""
LATER = 60.0
"""Seconds until somebody runs it again: what a killed command had set going has ended by then."""


def may_lie(call: Call) -> bool:
    return any(program in call.line for program in UNKNOWABLE)


def effects(node: Node) -> dict[str, Any]:
    """What a run leaves, on the node and inside: stamps, what the script wrote, identities."""
    files = node.files
    stamps = {path: files.read(path) for path in files.glob("/tank/lxc/*/var/lib/phoenix/layers/*")}
    wrote = files.glob("/tank/lxc/*/etc/app")
    keys = [files.read(path) for path in files.glob("/tank/lxc/*/etc/ssh/*.pub")]
    return {**end(node), "stamps": stamps, "wrote": wrote, "keys that are shared": len(keys) - len(set(keys))}


@dataclass
class Sweep:
    """A scenario before it is applied, the commands of an undisturbed run, and how that ends."""

    scenario: Scenario
    folder: Path
    before: Rig
    calls: list[Call]
    expected: dict[str, Any]

    @classmethod
    def of(cls, scenario: Scenario, folder: Path) -> Sweep:
        rig = scenario.prepare(folder / "etc")
        rig.node.save(folder / "before.json")
        before, calls = Rig(rig.site, rig.node, rig.distort), []
        rig.events.clear()

        def watch(command: Any) -> None:
            line = str(command)
            looks = command.argv[:3] == ("sh", "-s", "--") and command.argv[3:] in (("/",), ("eth0", "-"))
            calls.append(Call(len(calls), line, running_step(rig), looks or " sh -s -- eth0 " in line))

        rig.watch = watch
        rig.apply(jobs=1)
        rig.watch = lambda _: None
        expected = effects(rig.node)
        if scenario.fails:
            expected = finished(rig, scenario, folder)
        return cls(scenario, folder, before, calls[1:], expected)

    def disturbed(self, fault: Fault) -> Disturbed:
        """A run with one fault in it."""
        (self.folder / "etc/app.sh").write_text(self.scenario.script)
        rig = Rig(self.before.site, Node.load(self.folder / "before.json"), self.before.distort)
        return disturbed(rig, fault, LATER)


def says_success(run: Disturbed) -> bool:
    return not run.failed and not run.skipped and run.rig.plan().empty


def deal(calls: list[Call], share: int) -> Iterator[tuple[Call, Kind]]:
    """Every command that changes something lies once, and does in turn one of the other things; so do the looks."""
    lines: set[str] = set()
    for turn, call in enumerate(calls):
        if turn % SHARES != share or (call.looks and call.line in lines and "eth0" in call.line):
            continue
        lines.add(call.line)
        if not call.looks:
            yield call, Kind.SILENT
        yield call, OTHERS[turn // SHARES % len(OTHERS)]


@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("name", SWEPT)
def test_a_fault_is_never_taken_for_success(tmp_path: Path, name: str, share: int) -> None:
    scenario = SCENARIOS[name]
    sweep = Sweep.of(scenario, tmp_path)
    assert len(sweep.calls) > 15
    for call, kind in deal(sweep.calls, share):
        run = sweep.disturbed(Fault(kind, times=1, skip=call.number, top=True))
        try:
            judge(sweep, call, kind, run)
        except AssertionError as error:
            raise AssertionError(f"{kind} of {call}: {error}") from error


def judge(sweep: Sweep, call: Call, kind: Kind, run: Disturbed) -> None:
    assert run.hit, "the run did not come that far"
    success = says_success(run)
    if not sweep.scenario.fails and not may_lie(call):
        assert not success or effects(run.rig.node) == sweep.expected, "success was told"
        assert success or kind not in LIES or call.step in run.failed, f"it was noticed elsewhere: {run.failed}"
    run.check_branches()
    ended = finished(run.rig, sweep.scenario, sweep.folder)
    if not sweep.scenario.fails and not may_lie(call):
        ended = effects(run.rig.node)
    elif not sweep.scenario.fails:
        sweep_end = {key: value for key, value in sweep.expected.items() if key in ended}
        assert ended == sweep_end
        return
    assert ended == sweep.expected


@pytest.mark.parametrize("program", UNKNOWABLE)
def test_what_may_lie_does_lie(tmp_path: Path, program: str) -> None:
    """The table of exceptions holds nothing that is noticed all the same."""
    sweep = Sweep.of(SCENARIOS["small"], tmp_path)
    call = next(call for call in sweep.calls if program in call.line and call.line.endswith(" 950"))
    run = sweep.disturbed(Fault(Kind.SILENT, times=1, skip=call.number, top=True))
    assert says_success(run) and effects(run.rig.node) != sweep.expected


@cache
def converged(folder: Path) -> Rig:
    rig = SCENARIOS["declared"].prepare(folder / "etc")
    rig.converge()
    return rig


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Rig:
    return converged(tmp_path_factory.mktemp("settled"))


@pytest.mark.parametrize("kind", [Kind.FAIL, Kind.SILENT, Kind.GARBAGE, Kind.HANG, Kind.DIE])
def test_a_look_that_tells_nothing_is_an_error(settled: Rig, kind: Kind) -> None:
    settled.node.faults.add(Fault(kind, ("sh",), times=1, top=True))
    with pytest.raises(NodeError, match=r"answered \d of"):
        settled.plan()
    assert len(settled.node.faults) == 0
    assert settled.plan().empty


LOOKS = ["readlink", "cat etc/pve/.vmlist", "cat etc/pve/storage.cfg", "lxc-ls", "ls", "grep", "sha256sum", "timeout"]
LOOKS += ["mktemp", "wc", "zfs list -H -p", "zfs list -H -t filesystem", "zfs list -H -t snapshot"]


@pytest.mark.parametrize("kind", [Kind.FAIL, Kind.GARBAGE])
@pytest.mark.parametrize("words", LOOKS)
def test_a_part_of_a_look_that_fails_moves_nobody_to_anything(settled: Rig, words: str, kind: Kind) -> None:
    settled.node.faults.add(Fault(kind, tuple(words.split())))
    try:
        assert settled.plan().steps == ()
    except NodeError as error:
        assert str(error)
    finally:
        settled.node.faults.clear()


def test_a_snapshot_whose_data_is_there_after_all_is_kept(settled: Rig) -> None:
    """The list of snapshots was empty for once; what is done about that looks again."""
    settled.node.faults.add(Fault(Kind.SILENT, ("zfs", "list", "-H", "-t", "snapshot"), times=1))
    before = effects(settled.node)
    summary = settled.apply()
    assert "is there after all" in summary.failed["900:recover"]
    assert effects(settled.node) == before
