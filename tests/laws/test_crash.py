"""Law 3 (spec R6): cut off before every command and inside it, and run again: the same end, nothing lost or left."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.simulator.node import Node
from rig import Rig
from scenarios import SCENARIOS, finished

SHARES = 2
"""The cuts of a scenario are dealt to so many tests, so that they run side by side."""
OFTEN = ("clone", "template", "rollback", "delsnapshot", "create", "destroy", "snapshot", "set", "resize", "mount")
"""What ``pct`` does in several moves: cut off wherever it leaves something new. Others: at two places inside."""


@dataclass(frozen=True)
class Moment:
    """A command of an undisturbed run, and the node just before it."""

    node: Path
    command: Command

    def cut(self, pauses: int) -> Node | None:
        """The node when the command's process was killed after so many pauses; None when it was through before."""
        node = Node.load(self.node)
        running = node.execute(node.start(self.command.argv, self.command.stdin))
        for _ in range(pauses):
            seconds = next(running, None)
            if seconds is None:
                return None
            node.clock += seconds
        running.close()
        return node

    @property
    def is_often_cut(self) -> bool:
        return self.command.argv[0] == "pct" and self.command.argv[1] in OFTEN


def fingerprint(node: Node, file: Path) -> str:
    """Equal for nodes that differ in nothing but the time."""
    node.save(file)
    value = json.loads(file.read_text())
    for name in ("clock", "drawn", "txg"):
        del value[name]
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def recorded(rig: Rig, folder: Path, fails: bool) -> list[Moment]:
    """Apply step by step; every command with the node before it. The first one only looks."""
    moments: list[Moment] = []

    def watch(command: Command) -> None:
        file = folder / f"{len(moments)}.json"
        rig.node.save(file)
        moments.append(Moment(file, command))

    rig.watch = watch
    summary = rig.apply(jobs=1)
    assert bool(summary.failed) == fails, summary
    return moments[1:]


def cuts(moments: list[Moment], folder: Path) -> Iterator[tuple[str, Node]]:
    """Where the run is cut off, and the node then: each state of it once."""
    seen: set[str] = set()
    for number, moment in enumerate(moments):
        new: list[tuple[str, Node]] = []
        pauses = 0
        while (node := moment.cut(pauses)) is not None:
            if (mark := fingerprint(node, folder / "cut.json")) not in seen:
                seen.add(mark)
                new.append((f"{pauses} pauses into {number}: {moment.command}", node))
            pauses += 1
        yield from new if moment.is_often_cut or len(new) < 3 else (new[0], new[len(new) // 2])


@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("name", SCENARIOS)
def test_cut_off_anywhere_it_converges_to_the_same_end(tmp_path: Path, name: str, share: int) -> None:
    scenario = SCENARIOS[name]
    rig = scenario.prepare(tmp_path / "etc")
    moments = recorded(rig, tmp_path, scenario.fails)
    expected = finished(rig, scenario, tmp_path)
    found = list(cuts(moments[share::SHARES], tmp_path))
    assert len(found) > len(moments) / SHARES / 2
    for where, node in found:
        try:
            again = Rig(rig.site, node)
            if scenario.fails:
                (tmp_path / "etc/app.sh").write_text(scenario.script)
                again.apply()
            assert finished(again, scenario, tmp_path) == expected
        except AssertionError as error:
            raise AssertionError(f"{where}: {error}") from error
