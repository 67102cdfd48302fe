"""``phoenix plan``."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from phoenix_hypervisor.cli.options import etc_option, on_option, output_option, rebuild_option
from phoenix_hypervisor.cli.session import session, tell_given, tell_problems, terminal_style
from phoenix_hypervisor.engine.walk import JOBS
from phoenix_hypervisor.plan.estimate import estimate
from phoenix_hypervisor.report.text import duration, render_plan


@click.command(
    "plan",
    epilog="""\b
Example:
  phoenix plan 950 --etc examples/ai-lab --on sim
\b
Exit codes: 0 done; 1 the node could not be read; 2 configuration or usage error;
3 with --exit-code, when changes wait.""",
)
@click.argument("targets", nargs=-1)
@etc_option
@on_option
@output_option()
@rebuild_option
@click.option("--stats", is_flag=True, help="Also say how many round trips, commands and seconds it took.")
@click.option("--exit-code", is_flag=True, help="Exit 3 when changes wait.")
def command(
    targets: tuple[str, ...],
    etc: str | None,
    on: str | None,
    output: str,
    rebuild: tuple[int, ...],
    stats: bool,
    exit_code: bool,
) -> int:
    """Show what would change and why; change nothing.

    TARGETS narrow it: host, a feature's name, CTIDs, names. A target brings what it needs.
    """
    with session(etc, on, targets, rebuild=rebuild) as current:
        node = current.wait(current.look())
        problems = (*current.warnings, *current.judge(node))
        plan = current.plan(node)
        guess = estimate(plan, current.where.transport.expected, JOBS)
        used = asdict(current.where.transport.stats)
        if output == "json":
            shown = plan.as_json() | {"problems": [problem.as_json() for problem in problems]}
            shown |= {"estimate": guess.as_json()}
            shown |= {"given": list(current.where.given)} | ({"stats": used} if stats else {})
            click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        else:
            tell_problems(problems)
            tell_given(current.where)
            click.echo(render_plan(plan, current.where.label, terminal_style(), guess))
            if stats:
                trips, commands = used["round_trips"], used["commands"]
                click.echo(f"Round trips: {trips}; commands: {commands}; {duration(used['seconds'])} on the node.")
        return 3 if exit_code and not plan.empty else 0
