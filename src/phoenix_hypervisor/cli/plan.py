"""``phoenix plan``."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict
from pathlib import Path

import click

from phoenix_hypervisor.cli.allowed import with_strangers
from phoenix_hypervisor.cli.options import output_option, request_options
from phoenix_hypervisor.cli.session import session, tell_given, tell_problems, terminal_style
from phoenix_hypervisor.engine.walk import JOBS
from phoenix_hypervisor.errors import Refused, UsageError
from phoenix_hypervisor.plan.estimate import estimate
from phoenix_hypervisor.plan.saved import Request, SavedPlan
from phoenix_hypervisor.report.text import duration, render_plan


@click.command(
    "plan",
    epilog="""\b
Example:
  phoenix plan 950 --etc examples/ai-lab --on sim
\b
Exit codes: 0 done; 1 the node could not be read; 2 configuration or usage error;
3 with --exit-code, when changes wait; 4 data would be lost.""",
)
@request_options
@output_option()
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Save the plan, for apply --plan FILE.")
@click.option("--stats", is_flag=True, help="Also say how many round trips, commands and seconds it took.")
@click.option("--exit-code", is_flag=True, help="Exit 3 when changes wait.")
def command(
    request: Request,
    output: str,
    out: Path | None,
    stats: bool,
    exit_code: bool,
) -> int:
    """Show what would change and why; change nothing.

    TARGETS narrow it: host, a feature's name, CTIDs, names. A target brings what it needs.
    """
    with session(request) as current:
        node = current.wait(current.look())
        problems = (*current.warnings, *current.judge(node))
        plan = with_strangers(current.plan(node), request.allow, current.site, node.facts)
        guess = estimate(plan, current.where.transport.expected, JOBS)
        used = asdict(current.where.transport.stats)
        if out is not None:
            _write(current.saved(plan, node), out)
        if output == "json":
            shown = plan.as_json() | {"problems": [problem.as_json() for problem in problems]}
            shown |= {"estimate": guess.as_json()}
            shown |= {"given": list(current.where.given)} | ({"stats": used} if stats else {})
            click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        else:
            tell_problems(problems)
            tell_given(current.where)
            click.echo(render_plan(plan, current.where.label, terminal_style(), guess))
            if out is not None:
                click.echo(f"Saved to {out}. To apply it as it is: phoenix apply --plan {out}")
            if stats:
                trips, commands = used["round_trips"], used["commands"]
                click.echo(f"Round trips: {trips}; commands: {commands}; {duration(used['seconds'])} on the node.")
        if plan.refused:
            return Refused.exit_code
        return 3 if exit_code and not plan.empty else 0


def _write(saved: SavedPlan, file: Path) -> None:
    """At once or not at all, for its owner's eyes."""
    if not file.parent.is_dir():
        raise UsageError(f"There is no folder {file.parent} for {file.name}.", "Make it first.")
    if file.is_dir():
        raise UsageError(f"{file} is a folder.", "Name a file for the plan.")
    draft = file.with_name(f".{file.name}.new")
    try:
        with open(draft, "w", encoding="utf-8", errors="surrogateescape", opener=_private) as text:
            text.write(saved.text())
        draft.replace(file)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise UsageError(f"{file} cannot be written: {error.strerror}.", "Name a file that can be.") from error


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
