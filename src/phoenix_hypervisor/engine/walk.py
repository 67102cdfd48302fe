"""Walks a plan: what is ready runs, up to a number at once, under locks; what hangs on a failure is skipped."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.engine.work import Worker, WorkFailed
from phoenix_hypervisor.errors import ConnectionLost, NodeError
from phoenix_hypervisor.events import Done, Event, Failed, Ran, Skipped, Started
from phoenix_hypervisor.machine import Machine
from phoenix_hypervisor.plan.step import REBOOT, Plan, Step, Symbol

JOBS = 8
"""Steps at once, unless told otherwise: enough to hide waits, few enough for Proxmox's Perl on a small node."""
_SHOWN = 4000


@dataclass(slots=True)
class Summary:
    """How the steps ended, by id; for what failed or was skipped, why."""

    done: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    undone: list[str] = field(default_factory=list)
    """Targets whose changes were taken back, because a step of theirs failed."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to walk. ``clock`` gives the seconds since the epoch on the machine's clock; ``redact`` hides secrets."""

    clock: Callable[[], float]
    jobs: int = JOBS
    fail_fast: bool = False
    redact: Callable[[str], str] = str


class Walk:
    """One walk over one plan."""

    def __init__(self, plan: Plan, machine: Machine, tell: Callable[[Event], None], settings: Settings) -> None:
        self._machine = machine
        self._tell = tell
        self._settings = settings
        self._steps = {step.id: step for step in plan.steps}
        self._position = {step.id: number for number, step in enumerate(plan.steps)}
        self._undo = dict(plan.undo)
        self._begun: set[str] = set()
        self._undoing: set[str] = set()
        self._urgent: list[Step] = []
        self._needs = {step.id: {need for need in step.needs if need in self._steps} for step in plan.steps}
        self._after = {step.id: {each for each in step.after if each in self._steps} for step in plan.steps}
        self._ready = [self._position[step_id] for step_id in self._steps if self._is_ready(step_id)]
        self._order = list(plan.steps)
        self._dependants: dict[str, list[str]] = {}
        self._followers: dict[str, list[str]] = {}
        for found, waits in ((self._dependants, self._needs), (self._followers, self._after)):
            for step_id, needs in waits.items():
                for need in needs:
                    found.setdefault(need, []).append(step_id)
        self._waiting = dict.fromkeys(self._steps)
        self._running: dict[asyncio.Task[None], Step] = {}
        self._held: set[str] = set()
        self._stopped: str | None = None
        self._interrupted = False
        self._lost = False
        self.summary = Summary()

    def _is_ready(self, step_id: str) -> bool:
        return not self._needs[step_id] and not self._after[step_id]

    def stop(self, reason: str) -> None:
        """Begin no further step; those that run are finished."""
        self._stopped = self._stopped or reason

    def interrupt(self) -> None:
        """Begin no further command; those that run are finished."""
        self._interrupted = True
        self.stop("interrupted")

    def kill(self) -> None:
        """End the commands that run, too."""
        self.interrupt()
        for task in self._running:
            task.cancel()

    async def run(self) -> Summary:
        """Walk to the end, and tell how it went."""
        while self._waiting or self._running or self._urgent:
            self._begin()
            if not self._running:
                break
            done, _ = await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
            for task in sorted(done, key=lambda task: self._running[task].id):
                self._end(task)
        for step_id in list(self._waiting):
            self._skip(step_id, self._stopped or "what it needs was not done")
        return self.summary

    def _begin(self) -> None:
        """Start every step that is ready, in the order of the plan, as far as jobs and locks allow.

        What takes changes back goes first, and is not stopped.
        """
        for step in [step for step in self._urgent if not step.locks & self._held]:
            self._urgent.remove(step)
            self._run(step)
        locked: list[int] = []
        while self._ready and not self._stopped and len(self._running) < self._settings.jobs:
            position = heapq.heappop(self._ready)
            step = self._order[position]
            if step.locks & self._held:
                locked.append(position)
            elif step.id in self._waiting:
                del self._waiting[step.id]
                self._run(step)
        for position in locked:
            heapq.heappush(self._ready, position)

    def _run(self, step: Step) -> None:
        self._held |= step.locks
        self._begun.add(step.id)
        self._running[asyncio.create_task(self._step(step))] = step

    def _end(self, task: asyncio.Task[None]) -> None:
        step = self._running.pop(task)
        self._held -= step.locks
        if not task.cancelled():
            task.result()
        if step.id in self._undoing:
            if step.id in self.summary.done:
                self.summary.done.remove(step.id)
                self.summary.undone.append(step.target)
            return
        if step.id not in self.summary.failed:
            self._release(step.id, self._dependants, self._needs)
        else:
            self._skip_dependants(step.id)
            self._take_back(step.target)
            if self._settings.fail_fast:
                self.stop(f"{self._called(step.id)} failed (--fail-fast)")
        self._release(step.id, self._followers, self._after)

    def _release(self, ended: str, followers: dict[str, list[str]], waits: dict[str, set[str]]) -> None:
        """What waited for this step only is ready now."""
        for step_id in followers.get(ended, ()):
            waits[step_id].discard(ended)
            if self._is_ready(step_id):
                heapq.heappush(self._ready, self._position[step_id])

    def _take_back(self, target: str) -> None:
        """Undo what was done to a target one of whose steps failed (spec R5); an interruption is no failure."""
        undo = self._undo.pop(target, None)
        if undo is None or self._interrupted or self._lost:
            return
        since = undo.since is None or undo.since in self._begun
        if since and undo.until not in self.summary.done and not self._begun.intersection(undo.unless):
            locks = undo.locks | {f"ct:{target}"}
            step = Step(f"{target}:undo", target, Symbol.REMOVE, undo.title, "a step failed", undo.work, (), locks)
            self._undoing.add(step.id)
            self._urgent.append(step)
            for other in self._order:
                if other.target == target:
                    self._skip_dependants(other.id, f"what {target} was made into is taken back")

    def _skip_dependants(self, failed: str, because: str = "") -> None:
        reached = [failed]
        for step_id in reached:
            for dependant in self._dependants.get(step_id, ()):
                if dependant in self._waiting:
                    self._skip(dependant, because or f"{self._called(failed)} failed")
                    reached.append(dependant)

    def _called(self, step_id: str) -> str:
        """A step as the plan names it: a container's by its id, the node's by its title."""
        step = self._steps[step_id]
        return step.title if step.target == "host" else step_id

    def _skip(self, step_id: str, because: str) -> None:
        del self._waiting[step_id]
        self.summary.skipped[step_id] = because
        self._tell(Skipped(self._settings.clock(), step_id, because))
        self._release(step_id, self._followers, self._after)

    async def _step(self, step: Step) -> None:
        clock = self._settings.clock
        begun = clock()
        self._tell(Started(begun, step.id, step.title))
        told = lambda command, result: self._ran(step, command, result)  # noqa: E731
        worker = Worker(self._machine, told, lambda: self._interrupted)
        try:
            for work in step.work:
                await worker.do(work)
        except ConnectionLost as error:
            self._cut_off(step, str(error), begun)
        except (WorkFailed, NodeError) as error:
            self._fail(step, str(error), begun)
        except asyncio.CancelledError:
            self._fail(step, "interrupted", begun)
            raise
        else:
            self.summary.done.append(step.id)
            self._tell(Done(clock(), step.id, clock() - begun))

    def _cut_off(self, step: Step, reason: str, begun: float) -> None:
        """Nothing more can be done, nor be taken back; a node that was to reboot may be gone before it answers."""
        self._lost = True
        self.stop("the connection was lost")
        if step.id == REBOOT:
            self.summary.done.append(step.id)
            self._tell(Done(self._settings.clock(), step.id, self._settings.clock() - begun))
        else:
            self._fail(step, reason, begun)

    def _fail(self, step: Step, reason: str, begun: float) -> None:
        reason = self._settings.redact(reason)
        self.summary.failed[step.id] = reason
        self._tell(Failed(self._settings.clock(), step.id, reason, self._settings.clock() - begun))

    def _ran(self, step: Step, command: Command, result: Result) -> None:
        redact = self._settings.redact
        shown = [redact(text)[-_SHOWN:] for text in (result.stdout, result.stderr)]
        at, line = self._settings.clock(), redact(str(command))
        self._tell(Ran(at, step.id, line, result.rc, shown[0], shown[1], round(result.seconds, 3)))
