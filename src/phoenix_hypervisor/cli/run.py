"""One run: the lock, the walk with its journal and its face, and a last look whether it took effect."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from phoenix_hypervisor.cli.session import Session, terminal_style
from phoenix_hypervisor.documents.secrets import literals, redactor
from phoenix_hypervisor.engine import runlock
from phoenix_hypervisor.engine.walk import Settings, Summary, Walk
from phoenix_hypervisor.errors import PhoenixError, Refused
from phoenix_hypervisor.events import Event, Note, RunEnded, RunStarted
from phoenix_hypervisor.features.lifecycle.node import Node
from phoenix_hypervisor.journal import Journal, new_run
from phoenix_hypervisor.plan.step import REBOOT, Plan, Step
from phoenix_hypervisor.report.progress import Lines, Live

Tell = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Intent:
    """What a run is to do, from what is seen of the node; and what is left to do once it is over."""

    plan: Callable[[Node], Plan]
    """Raises where the node forbids it."""
    left: Callable[[Node], Plan]
    question: str = "Apply this?"


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
    def unfinished(self) -> list[str]:
        """The targets that a failure or an interruption left in the middle."""
        begun = {self._target(step_id) for step_id in self.summary.failed}
        return sorted(begun - {*self.summary.undone, "host", "download"}, key=str)

    @staticmethod
    def _target(step_id: str) -> str:
        return step_id.partition(":")[0]

    @property
    def rebooted(self) -> bool:
        return REBOOT in self.summary.done

    @property
    def exit_code(self) -> int:
        if self.interrupted:
            return 130
        return int(bool(self.summary.failed or self.summary.skipped or self.remaining or self.plan.blocked))


def carry_out(
    current: Session, intent: Intent, plan: Plan, jobs: int, fail_fast: bool, live: bool, approved: bool
) -> Outcome:
    """Apply the plan under the run lock; a node that changed since it was shown is planned anew."""
    run = new_run()
    with Journal(current.where.places, run, bool(current.site.host.behavior.debug_mode)) as journal:
        settings = Settings(
            current.where.clock, jobs, fail_fast, redactor(literals(current.site.host) | current.revealed)
        )
        return current.wait(_locked(current, intent, plan, run, settings, journal, live, approved))


async def _locked(
    current: Session,
    intent: Intent,
    shown: Plan,
    run: str,
    settings: Settings,
    journal: Journal,
    live: bool,
    approved: bool,
) -> Outcome:
    async with runlock.held(current.machine, run) as taken_from:
        plan = await _plan_again(current, intent, shown, approved)
        with _face(plan, live) as face:

            def tell(event: Event) -> None:
                journal(event)
                face(event)

            begun = current.where.clock()
            tell(RunStarted(begun, run, plan.node, tuple(sys.argv[1:]), len(plan.steps)))
            if taken_from:
                tell(Note(begun, f"The run lock was taken over from {taken_from}, which is gone."))
            walk = Walk(plan, current.machine, tell, settings)
            with interruptible(walk) as interrupted:
                summary = await walk.run()
            remaining = await _still_needed(current, intent, summary)
            seconds = current.where.clock() - begun
            outcome = Outcome(plan, summary, remaining, seconds, journal.path, interrupted())
            counts = (len(summary.done), len(summary.failed), len(summary.skipped))
            tell(RunEnded(current.where.clock(), run, outcome.exit_code, *counts, seconds))
        return outcome


async def _plan_again(current: Session, intent: Intent, shown: Plan, approved: bool) -> Plan:
    """The node as it is now that nobody else changes it."""
    plan = intent.plan(await current.look())
    if plan.refused:
        raise Refused(f"{plan.refused[0].reason}; nothing was done.", plan.refused[0].hint)
    if plan.steps != shown.steps and not approved:
        raise PhoenixError("The node changed after the plan was shown; nothing was done.", "Run it again.")
    return plan


async def _still_needed(current: Session, intent: Intent, summary: Summary) -> tuple[Step, ...]:
    """Exit code 0 is not the truth: what was done must not be needed any more."""
    if summary.failed or summary.skipped or REBOOT in summary.done:
        return ()
    return intent.left(await current.look()).steps


@contextmanager
def interruptible(walk: Walk) -> Iterator[Callable[[], bool]]:
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
