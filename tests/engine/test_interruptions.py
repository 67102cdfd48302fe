"""What a run does when it is interrupted, or has to wait for somebody (spec R6), over the whole road."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.engine.walk import Summary, Walk
from phoenix_hypervisor.events import Started
from phoenix_hypervisor.simulator.node import Node
from rig import SCRIPT, Rig, site_of
from scenarios import SCENARIOS, UNDO, end


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
    rig = SCENARIOS["small"].prepare(tmp_path / "etc")
    if undo:
        rig.site = site_of(tmp_path / "etc", {"lxc_configs": SCENARIOS["small"].after()}, UNDO)
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
