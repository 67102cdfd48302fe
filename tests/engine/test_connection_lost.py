"""The connection to the node breaks for good in the middle of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.errors import ConnectionLost
from phoenix_hypervisor.plan.step import REBOOT, Plan, Step, Symbol
from rig import Rig, container, fitted, site_of
from scenarios import UNDO, base


def rig_of(folder: Path) -> Rig:
    containers = {"900": base(is_template=True), "950": container(950, clone_from_ctid="900")}
    return fitted(site_of(folder, {"lxc_configs": containers}, UNDO))


def lose_from(rig: Rig, first: int) -> None:
    """After so many commands of an apply nothing reaches the node any more."""
    count = 0

    def watch(_command: Command) -> None:
        nonlocal count
        count += 1
        if count > first:
            raise ConnectionLost("The connection to pve1 was lost.", "Run again.")

    rig.watch = watch


@pytest.mark.parametrize("first", [1, 5, 12])
def test_what_was_not_begun_is_skipped_and_nothing_is_taken_back(tmp_path: Path, first: int) -> None:
    rig = rig_of(tmp_path / "etc")
    steps = {step.id for step in rig.plan().steps}
    lose_from(rig, first)
    summary = rig.apply()
    assert summary.failed and summary.undone == []
    assert all("connection to pve1 was lost" in reason for reason in summary.failed.values())
    assert set(summary.done) | set(summary.failed) | set(summary.skipped) == steps
    assert len(summary.failed) <= 2
    rig.watch = lambda _: None
    rig.converge()
    assert rig.plan().empty


def test_a_node_that_reboots_may_be_gone_before_it_answers(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    reboot = Step(REBOOT, "host", Symbol.CHANGE, "reboot", "declared", (Command("systemctl", "reboot"),))
    rig.distort = lambda plan: Plan(plan.node, (reboot,))
    lose_from(rig, 1)  # the first one looks
    assert rig.apply().done == [REBOOT]
