"""What every verb that changes a node does: show the plan, ask, carry it out, tell how it went."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from phoenix_hypervisor.cli.losses import asked_for
from phoenix_hypervisor.cli.options import output_option, yes_option
from phoenix_hypervisor.cli.run import Intent, Outcome, carry_out
from phoenix_hypervisor.cli.session import Session, tell_given, tell_problems, terminal_style
from phoenix_hypervisor.engine.walk import JOBS
from phoenix_hypervisor.errors import Interrupted, Problem, Refused, UsageError
from phoenix_hypervisor.plan.estimate import Estimate, estimate
from phoenix_hypervisor.plan.step import Plan
from phoenix_hypervisor.report.text import duration, plural, render_plan

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Manner:
    """How a change is to be carried out and told."""

    output: str
    yes: bool
    jobs: int
    fail_fast: bool
    asks: bool = False
    """Whether what would be lost is asked for, each by its name (spec S3)."""

    def require_consent(self) -> None:
        """Without a terminal nobody can be asked; UsageError unless it was said beforehand (spec C1)."""
        if (self.asks or not self.yes) and (self.output == "json" or not sys.stdin.isatty()):
            raise UsageError("There is no terminal to ask on.", "Give --yes to go ahead without asking.")


def changing_options(function: F) -> F:
    """The options of ``Manner``."""
    for option in (
        click.option("--fail-fast", is_flag=True, help="Begin nothing new after the first failure."),
        click.option(
            "--jobs", type=click.IntRange(1, 256), default=JOBS, show_default=True, help="Steps at once, at most."
        ),
        yes_option,
        output_option(),
    ):
        function = option(function)
    return function


def perform(current: Session, intent: Intent, manner: Manner, problems: Callable[[], Iterable[Problem]]) -> int:
    """Show what would be done, ask, do it, and tell; returns the exit code. ``problems`` are told first."""
    plan = intent.plan(current.wait(current.look()))
    if manner.asks and plan.refused:
        current.allowed.update(asked_for(plan.refused))
        plan = intent.plan(current.wait(current.look()))
    guess = estimate(plan, current.where.transport.expected, manner.jobs)
    if manner.output == "text":
        tell_problems(problems())
        tell_given(current.where)
        click.echo(render_plan(plan, current.where.label, terminal_style(), guess))
    if plan.empty or plan.refused:
        return _nothing(current, plan, guess, manner)
    _require_word_for_reboot(plan, manner)
    if not manner.yes and not click.confirm(f"\n{intent.question}"):
        raise Interrupted("Nothing was changed.")
    live = manner.output == "text"
    outcome = carry_out(current, intent, plan, manner.jobs, manner.fail_fast, live, manner.yes)
    _tell(current, outcome, guess, manner)
    return outcome.exit_code


def _require_word_for_reboot(plan: Plan, manner: Manner) -> None:
    """Running containers are not stopped by a reboot that nobody said yes to beforehand (spec R11)."""
    if plan.stops_guests and not manner.yes:
        raise UsageError("The reboot would stop running containers.", "Say --yes with --reboot, or stop them first.")


def _nothing(current: Session, plan: Plan, guess: Estimate, manner: Manner) -> int:
    code = Refused.exit_code if plan.refused else 0
    if manner.output == "json":
        shown = {
            "plan": plan.as_json(),
            "estimate": guess.as_json(),
            "given": list(current.where.given),
            "done": [],
            "failed": {},
            "skipped": {},
            "undone": [],
            "unfinished": [],
            "still_different": [],
            "seconds": 0.0,
            "reboot_required": list(plan.reboot),
            "journal": None,
            "exit_code": code,
        }
        click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
    elif plan.refused:
        raise Refused("Data would be lost, and nothing was done.", "What to do stands at each refusal above.")
    return code


def _tell(current: Session, outcome: Outcome, guess: Estimate, manner: Manner) -> None:
    summary = outcome.summary
    if manner.output == "json":
        shown: dict[str, Any] = {
            "plan": outcome.plan.as_json(),
            "estimate": guess.as_json(),
            "given": list(current.where.given),
            "done": summary.done,
            "failed": summary.failed,
            "skipped": summary.skipped,
            "undone": summary.undone,
            "unfinished": outcome.unfinished,
            "still_different": [step.id for step in outcome.remaining],
            "seconds": round(outcome.seconds, 3),
            "reboot_required": [] if outcome.rebooted else list(outcome.plan.reboot),
            "journal": str(outcome.journal),
            "exit_code": outcome.exit_code,
        }
        click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    parts = [f"{plural(len(summary.done), 'step')} done"]
    parts += [f"{len(summary.failed)} failed"] if summary.failed else []
    parts += [f"{len(summary.skipped)} skipped"] if summary.skipped else []
    parts += [f"{len(outcome.plan.blocked)} blocked"] if outcome.plan.blocked else []
    time = f"{duration(outcome.seconds)}{' of simulated time' if current.where.simulated else ''}"
    click.echo(f"\n{', '.join(parts)} in {time}. Journal: {outcome.journal}")
    for line in _afterwards(outcome):
        click.echo(line, err=True)


def _afterwards(outcome: Outcome) -> Iterable[str]:
    """What a user must know of a run that did not go well."""
    summary = outcome.summary
    titles = {step.id: f"{step.target} {step.title}" for step in outcome.plan.steps if step.target == "host"}
    yield from (f"FAILED {titles.get(step_id, step_id)}: {reason}" for step_id, reason in summary.failed.items())
    for target in summary.undone:
        yield f"UNDONE {target}: {outcome.plan.undo[target].title} (rollback_on_failure)"
    if outcome.unfinished:
        yield f"Left unfinished: {', '.join(outcome.unfinished)}. The next apply goes on from there."
    if outcome.plan.reboot and not outcome.rebooted:
        yield f"Reboot required: {'; '.join(dict.fromkeys(outcome.plan.reboot))}. Run again after it, or with --reboot."
    for step in outcome.remaining:
        yield f"STILL DIFFERENT {step.id}: {step.title} ({step.reason})"
