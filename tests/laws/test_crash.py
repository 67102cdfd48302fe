"""Law 3 (spec R6): cut off before every command and inside it, and run again: the same end, nothing lost or left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from moments import Moment, fingerprint, recorded
from phoenix_hypervisor.command import Command
from phoenix_hypervisor.simulator.node import Node
from rig import Rig
from scenarios import SCENARIOS, finished

SHARES = 2
"""The cuts of a scenario are dealt to so many tests, so that they run side by side."""
OFTEN = ("clone", "template", "rollback", "delsnapshot", "create", "destroy", "snapshot", "set", "resize", "mount")
"""What ``pct`` does in several moves: cut off wherever it leaves something new. Others: at two places inside."""


def is_often_cut(command: Command) -> bool:
    return command.argv[0] == "pct" and command.argv[1] in OFTEN


def cuts(moments: list[Moment]) -> Iterator[tuple[str, Node]]:
    """Where the run is cut off, and the node then: each state of it once."""
    seen: set[str] = set()
    for number, moment in enumerate(moments):
        new: list[tuple[str, Node]] = []
        pauses = 0
        while (node := moment.cut(pauses)) is not None:
            if (mark := fingerprint(node)) not in seen:
                seen.add(mark)
                new.append((f"{pauses} pauses into {number}: {moment.command}", node))
            pauses += 1
        yield from new if is_often_cut(moment.command) or len(new) < 3 else (new[0], new[len(new) // 2])


@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("name", SCENARIOS)
def test_cut_off_anywhere_it_converges_to_the_same_end(tmp_path: Path, name: str, share: int) -> None:
    scenario = SCENARIOS[name]
    rig = scenario.prepare(tmp_path / "etc")
    summary, moments = recorded(rig)
    assert bool(summary.failed) == scenario.fails, summary
    expected = finished(rig, scenario, tmp_path)
    found = list(cuts(moments[share::SHARES]))
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
