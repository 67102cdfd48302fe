"""A feature's own plan, walked alone: under the run lock, with a journal, to be interrupted, and with a last look."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from phoenix_hypervisor.cli.losses import Ask
from phoenix_hypervisor.cli.run import interruptible
from phoenix_hypervisor.cli.where import Where
from phoenix_hypervisor.engine import runlock
from phoenix_hypervisor.engine.walk import Settings, Summary, Walk
from phoenix_hypervisor.events import Event, Ran, RunEnded, RunStarted
from phoenix_hypervisor.journal import Journal, new_run
from phoenix_hypervisor.machine import Machine
from phoenix_hypervisor.plan.step import Plan


@dataclass(frozen=True, slots=True)
class Manner:
    """How far a feature may go (spec S3), and how it is told. ``redact`` takes secrets out of a text."""

    allow: tuple[str, ...]
    output: str
    redact: Callable[[str], str]
    ask: Ask | None = None
    """Who is asked for what would be lost; None: nobody."""


@dataclass(frozen=True, slots=True)
class Walked:
    """How it went. ``ran``: the commands; ``left``: ids of steps that are needed still, or again, after it."""

    plan: Plan
    summary: Summary = field(default_factory=Summary)
    ran: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    journal: Path | None = None
    """None where there was nothing to do."""
    interrupted: bool = False

    @property
    def failed(self) -> dict[str, str]:
        return self.summary.failed | {step: f"still different after the run: {step}" for step in self.left}

    @property
    def exit_code(self) -> int:
        if self.interrupted:
            return 130
        return int(bool(self.failed or self.summary.skipped or self.plan.blocked))


async def walk_alone(
    where: Where, machine: Machine, look: Callable[[], Awaitable[Plan]], redact: Callable[[str], str]
) -> Walked:
    """Look again under the run lock of the node, and do what is to be done on ``machine``; ``look`` may refuse."""
    run = new_run()
    async with runlock.held(Machine(where.transport), run):
        plan = await look()
        if not plan.steps:
            return Walked(plan)
        with Journal(where.places, run) as journal:
            return await _walk(where, machine, plan, look, run, journal, redact)


async def _walk(
    where: Where,
    machine: Machine,
    plan: Plan,
    look: Callable[[], Awaitable[Plan]],
    run: str,
    journal: Journal,
    redact: Callable[[str], str],
) -> Walked:
    ran: list[str] = []

    def tell(event: Event) -> None:
        journal(event)
        if isinstance(event, Ran):
            ran.append(event.command)

    begun = where.clock()
    tell(RunStarted(begun, run, plan.node, tuple(sys.argv[1:]), len(plan.steps)))
    walk = Walk(plan, machine, tell, Settings(where.clock, redact=redact))
    with interruptible(walk) as interrupted:
        summary = await walk.run()
    whole = not summary.failed and not summary.skipped
    left = tuple(sorted(step.id for step in (await look()).steps)) if whole else ()
    walked = Walked(plan, summary, tuple(ran), left, journal.path, interrupted())
    counts = (len(summary.done), len(summary.failed), len(summary.skipped))
    tell(RunEnded(where.clock(), run, walked.exit_code, *counts, where.clock() - begun))
    return walked
