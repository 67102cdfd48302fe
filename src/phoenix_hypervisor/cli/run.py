"""One run: the lock, the walk with its journal and its face, and a last look whether it took effect."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from phoenix_hypervisor.cli.session import Session, terminal_style
from phoenix_hypervisor.config.secrets import literals, redactor
from phoenix_hypervisor.engine import runlock
from phoenix_hypervisor.engine.walk import Settings, Summary, Walk
from phoenix_hypervisor.errors import PhoenixError
from phoenix_hypervisor.events import Event, Note, RunEnded, RunStarted
from phoenix_hypervisor.journal import Journal
from phoenix_hypervisor.plan.step import Plan, Step
from phoenix_hypervisor.report.progress import Lines, Live

Tell = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended. ``remaining``: steps that were done and are still needed, as a last look tells."""

    plan: Plan
    summary: Summary
    remaining: tuple[Step, ...]
    seconds: float
    journal: Path
    interrupted: bool

    @property
    def exit_code(self) -> int:
        if self.interrupted:
            return 130
        return int(bool(self.summary.failed or self.summary.skipped or self.remaining or self.plan.blocked))


def carry_out(
    current: Session, plan: Plan, arguments: tuple[str, ...], jobs: int, fail_fast: bool, live: bool, approved: bool
) -> Outcome:
    """Apply the plan under the run lock; a node that changed since it was shown is planned anew."""
    run = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{os.getpid()}"
    with Journal(current.where.places, run, bool(current.site.host.behavior.debug_mode)) as journal:
        settings = Settings(current.where.clock, jobs, fail_fast, redactor(literals(current.site.host)))
        return current.wait(_locked(current, plan, run, arguments, settings, journal, live, approved))


async def _locked(
    current: Session,
    shown: Plan,
    run: str,
    arguments: tuple[str, ...],
    settings: Settings,
    journal: Journal,
    live: bool,
    approved: bool,
) -> Outcome:
    owner = runlock.this_process(run)
    taken_from = await runlock.take(current.machine, owner)
    try:
        plan = await _plan_again(current, shown, approved)
        with _face(plan, live) as face:

            def tell(event: Event) -> None:
                journal(event)
                face(event)

            begun = current.where.clock()
            tell(RunStarted(begun, run, plan.node, arguments, len(plan.steps)))
            if taken_from:
                tell(Note(begun, f"The run lock was taken over from {taken_from}, which is gone."))
            walk = Walk(plan, current.machine, tell, settings)
            with _interruptible(walk) as interrupted:
                summary = await walk.run()
            remaining = await _still_needed(current, summary)
            seconds = current.where.clock() - begun
            outcome = Outcome(plan, summary, remaining, seconds, journal.path, interrupted())
            counts = (len(summary.done), len(summary.failed), len(summary.skipped))
            tell(RunEnded(current.where.clock(), run, outcome.exit_code, *counts, seconds))
        return outcome
    finally:
        await runlock.give(current.machine, owner)


async def _plan_again(current: Session, shown: Plan, approved: bool) -> Plan:
    """The node as it is now that nobody else changes it."""
    node = await current.look()
    current.judge(node)
    plan = current.plan(node)
    if plan.steps != shown.steps and not approved:
        raise PhoenixError("The node changed after the plan was shown; nothing was done.", "Run it again.")
    return plan


async def _still_needed(current: Session, summary: Summary) -> tuple[Step, ...]:
    """Exit code 0 is not the truth: what was done must not be needed any more."""
    if summary.failed or summary.skipped:
        return ()
    return current.plan_after(await current.look()).steps


@contextmanager
def _interruptible(walk: Walk) -> Iterator[Callable[[], bool]]:
    """The first Ctrl-C finishes what runs, the second ends it."""
    count = 0

    def stop() -> None:
        nonlocal count
        count += 1
        if count == 1:
            click.echo("Interrupted: the commands that run are finished. Again to end them.", err=True)
            walk.interrupt()
        else:
            walk.kill()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        yield lambda: count > 0
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


@contextmanager
def _face(plan: Plan, live: bool) -> Iterator[Tell]:
    """A live picture on a terminal, plain lines elsewhere, nothing for JSON."""
    style = terminal_style()
    if not live:
        yield lambda _event: None
    elif sys.stdout.isatty():
        from rich.console import Console

        with Live(plan, style, Console(no_color=not style.colour, highlight=False)) as face:
            yield face
    else:
        yield Lines(plan, click.echo, style)
