"""A run in which one command goes wrong, for sweeps over all of them."""

from __future__ import annotations

from dataclasses import dataclass

from phoenix_hypervisor.events import Started
from phoenix_hypervisor.plan.step import Plan
from phoenix_hypervisor.simulator.faults import Fault, Kind
from rig import Rig

OTHERS = (Kind.FAIL, Kind.LATE, Kind.DIE, Kind.HANG, Kind.GARBAGE)
"""What a command may do but lie."""


@dataclass(frozen=True)
class Call:
    """A command of an undisturbed run: how many come before it, what it is, the step that it belongs to."""

    number: int
    line: str
    step: str
    looks: bool


def running_step(rig: Rig) -> str:
    """The step that was begun last; empty before the first."""
    started = [event.step for event in rig.events if isinstance(event, Started)]
    return started[-1] if started else ""


@dataclass
class Disturbed:
    """How a run went that ran into a fault; ``hit``: whether it came that far."""

    rig: Rig
    plan: Plan
    done: list[str]
    failed: dict[str, str]
    skipped: dict[str, str]
    hit: bool

    def check_branches(self) -> None:
        """What hangs on what failed is skipped, everything else is done."""
        hanging = set(self.failed)
        for step in self.plan.steps:
            if hanging & set(step.needs):
                hanging.add(step.id)
        steps = {step.id for step in self.plan.steps}
        assert set(self.skipped) == (hanging - set(self.failed)) & steps
        assert set(self.done) >= steps - hanging


def disturbed(rig: Rig, fault: Fault, later: float) -> Disturbed:
    """Apply with one fault; the node is left without it, and as it is so many seconds after."""
    rig.node.faults.add(fault)
    plans: list[Plan] = []
    distort = rig.distort
    rig.distort = lambda plan: plans.append(distort(plan)) or plans[-1]  # type: ignore[func-returns-value]
    summary = rig.apply(jobs=1)
    hit = not len(rig.node.faults)
    rig.node.faults.clear()
    rig.node.clock += later
    rig.distort = lambda plan: plan
    return Disturbed(rig, plans[0], summary.done, summary.failed, summary.skipped, hit)
