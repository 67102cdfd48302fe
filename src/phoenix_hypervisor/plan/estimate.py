"""How long a plan will take: each step's usual duration, in the order in which a run will take them up."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.plan.graph import order
from phoenix_hypervisor.plan.step import Converge, Guarded, Plan, Poll, Step, Work
from phoenix_hypervisor.transport.container import inside

Expected = Callable[[Command], float]
"""The seconds that a command usually takes."""

_READY = 3.5
"""From the end of ``pct start`` until init is through and the addresses are up."""
_WAITS: Mapping[str, float] = {"stopped": 0.0, "healthy": 0.5}
"""What a poll waits for, where it is not readiness."""
_RESOURCES: Mapping[str, float] = {
    "package": 10.0,
    "nvidia.user-driver": 40.0,
    "portainer.server": 25.0,
    "portainer.agent": 22.0,
    "python.venv": 160.0,
    "release": 60.0,
    "answering": 45.0,
    "ollama.models": 60.0,
}
_RESOURCE = 0.2
"""A resource to be established: by its kind, or any other."""
_LOOK = 0.005


@dataclass(frozen=True, slots=True)
class Estimate:
    """A guess at a run: its seconds with so many jobs, and the longest chain of steps that need one another."""

    seconds: float
    jobs: int
    critical_path: tuple[str, ...]
    critical_seconds: float
    by_step: Mapping[str, float]

    def as_json(self) -> dict[str, Any]:
        return {
            "seconds": round(self.seconds, 1),
            "jobs": self.jobs,
            "critical_path": list(self.critical_path),
            "critical_seconds": round(self.critical_seconds, 1),
        }


def estimate(plan: Plan, expected: Expected, jobs: int) -> Estimate:
    """What a run of the plan will take, when nothing fails."""
    ids = {step.id for step in plan.steps}
    waits = {step.id: ids & {*step.needs, *step.after} for step in plan.steps}
    by_step = {step.id: sum(_seconds(work, expected) for work in step.work) for step in plan.steps}
    path = _critical_path(by_step, waits)
    seconds = _Schedule(plan, by_step, waits).seconds(jobs)
    return Estimate(seconds, jobs, path, sum(by_step[step] for step in path), by_step)


def _seconds(work: Work, expected: Expected) -> float:
    if isinstance(work, Command):
        return expected(work)
    if isinstance(work, Poll):
        return _WAITS.get(work.what, _READY) + expected(work.command)
    if isinstance(work, Guarded):
        return expected(work.command)
    if isinstance(work, Converge):
        looks_and_stamp = 3 * expected(inside(work.ctid, Command("true")))
        given = sum(map(expected, work.given))
        return looks_and_stamp + given + sum(_RESOURCES.get(resource.kind, _RESOURCE) for resource in work.resources)
    return _LOOK


class _Schedule:
    """The walk of the engine without its work: of the steps that are ready the first of the plan, as locks allow."""

    def __init__(self, plan: Plan, by_step: Mapping[str, float], waits: Mapping[str, set[str]]) -> None:
        self._steps = plan.steps
        self._by_step = by_step
        self._waits = {step_id: set(before) for step_id, before in waits.items()}
        self._later: dict[str, list[int]] = {}
        for number, step in enumerate(plan.steps):
            for before in waits[step.id]:
                self._later.setdefault(before, []).append(number)
        self._ready = [number for number, step in enumerate(plan.steps) if not waits[step.id]]
        self._running: list[tuple[float, int]] = []
        self._held: set[str] = set()

    def seconds(self, jobs: int) -> float:
        """When the last step ends."""
        now = 0.0
        self._begin(now, jobs)
        while self._running:
            now = self._running[0][0]
            while self._running and self._running[0][0] <= now:
                self._end(self._steps[heapq.heappop(self._running)[1]])
            self._begin(now, jobs)
        return now

    def _begin(self, now: float, jobs: int) -> None:
        locked: list[int] = []
        while self._ready and len(self._running) < jobs:
            number = heapq.heappop(self._ready)
            step = self._steps[number]
            if step.locks & self._held:
                locked.append(number)
            else:
                self._held |= step.locks
                heapq.heappush(self._running, (now + self._by_step[step.id], number))
        for number in locked:
            heapq.heappush(self._ready, number)

    def _end(self, step: Step) -> None:
        self._held -= step.locks
        for number in self._later.get(step.id, ()):
            waits = self._waits[self._steps[number].id]
            waits.discard(step.id)
            if not waits:
                heapq.heappush(self._ready, number)


def _critical_path(by_step: Mapping[str, float], waits: Mapping[str, set[str]]) -> tuple[str, ...]:
    """The chain of steps, each waiting for the one before, that takes longest."""
    position = {step_id: number for number, step_id in enumerate(by_step)}
    ends: dict[str, float] = {}
    latest: dict[str, str | None] = {}
    for step_id in order(waits, key=position.__getitem__):
        before = max(sorted(waits[step_id], key=position.__getitem__), key=ends.__getitem__, default=None)
        latest[step_id] = before
        ends[step_id] = by_step[step_id] + (ends[before] if before else 0.0)
    path: list[str] = []
    step = max(by_step, key=ends.__getitem__, default=None)
    while step is not None:
        path.append(step)
        step = latest[step]
    return tuple(reversed(path))
