"""``phoenix apply``."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from phoenix_hypervisor.cli.options import etc_option, on_option, output_option, rebuild_option, yes_option
from phoenix_hypervisor.cli.run import Outcome, carry_out
from phoenix_hypervisor.cli.session import Session, session, tell_given, tell_problems, terminal_style
from phoenix_hypervisor.engine.walk import JOBS
from phoenix_hypervisor.errors import Interrupted, UsageError
from phoenix_hypervisor.plan.estimate import Estimate, estimate
from phoenix_hypervisor.plan.step import Plan
from phoenix_hypervisor.report.text import duration, plural, render_plan


@click.command(
    "apply",
    epilog="""\b
Example:
  phoenix apply 950 --etc examples/ai-lab --on sim:node.json --yes
\b
Exit codes: 0 done or nothing to do; 1 something failed; 2 configuration or usage error;
4 refused; 5 another run holds the lock; 130 interrupted.""",
)
@click.argument("targets", nargs=-1)
@etc_option
@on_option
@output_option()
@rebuild_option
@yes_option
@click.option("--jobs", type=click.IntRange(1, 256), default=JOBS, show_default=True, help="Steps at once, at most.")
@click.option("--fail-fast", is_flag=True, help="Begin nothing new after the first failure.")
def command(
    targets: tuple[str, ...],
    etc: str | None,
    on: str | None,
    output: str,
    rebuild: tuple[int, ...],
    yes: bool,
    jobs: int,
    fail_fast: bool,
) -> int:
    """Make the node as declared: show the plan, ask, do it.

    TARGETS narrow it: host, a feature's name, CTIDs, names. A target brings what it needs. Run it again, and nothing
    changes; after an interruption it goes on where it was.
    """
    if not yes and (output == "json" or not sys.stdin.isatty()):
        raise UsageError("There is no terminal to ask on.", "Give --yes to apply without asking.")
    with session(etc, on, targets, exclusive=True, rebuild=rebuild) as current:
        node = current.wait(current.look())
        problems = (*current.warnings, *current.judge(node))
        plan = current.plan(node)
        guess = estimate(plan, current.where.transport.expected, jobs)
        if output == "text":
            tell_problems(problems)
            tell_given(current.where)
            click.echo(render_plan(plan, current.where.label, terminal_style(), guess))
        if plan.empty:
            return _nothing(current, plan, guess, output)
        if not yes and not click.confirm("\nApply this?"):
            raise Interrupted("Nothing was changed.")
        outcome = carry_out(current, plan, tuple(sys.argv[1:]), jobs, fail_fast, live=output == "text", approved=yes)
        _tell(current, outcome, guess, output)
        return outcome.exit_code


def _nothing(current: Session, plan: Plan, guess: Estimate, output: str) -> int:
    if output == "json":
        shown = {"plan": plan.as_json(), "given": list(current.where.given), "done": [], "failed": {}, "skipped": {}}
        ended = {"estimate": guess.as_json(), "exit_code": 0}
        click.echo(json.dumps(shown | ended, ensure_ascii=False, indent=2))
    return 0


def _tell(current: Session, outcome: Outcome, guess: Estimate, output: str) -> None:
    summary = outcome.summary
    if output == "json":
        shown: dict[str, Any] = {
            "plan": outcome.plan.as_json(),
            "estimate": guess.as_json(),
            "given": list(current.where.given),
            "done": summary.done,
            "failed": summary.failed,
            "skipped": summary.skipped,
            "still_different": [step.id for step in outcome.remaining],
            "seconds": round(outcome.seconds, 3),
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
    for step_id, reason in summary.failed.items():
        click.echo(f"FAILED {step_id}: {reason}", err=True)
    for step in outcome.remaining:
        click.echo(f"STILL DIFFERENT {step.id}: {step.title} ({step.reason})", err=True)
