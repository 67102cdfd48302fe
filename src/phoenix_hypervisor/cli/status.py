"""``phoenix status``."""

from __future__ import annotations

import json

import click

from phoenix_hypervisor.cli.options import deep_option, etc_option, on_option, output_option
from phoenix_hypervisor.cli.session import session, tell_given, tell_problems, terminal_style
from phoenix_hypervisor.plan.saved import Request
from phoenix_hypervisor.plan.status import of_node, rows
from phoenix_hypervisor.report.status import render_status


@click.command(
    "status",
    epilog="""\b
Example:
  phoenix status --etc examples/ai-lab --on sim:node.json
\b
Exit codes: 0 done; 1 the node could not be read; 2 configuration or usage error.""",
)
@click.argument("targets", nargs=-1)
@etc_option
@on_option
@deep_option
@output_option()
def command(targets: tuple[str, ...], etc: str | None, on: str | None, deep: bool, output: str) -> int:
    """Show what is there, and what is not as declared."""
    with session(Request(etc, on, targets, deep=deep)) as current:
        node = current.wait(current.look())
        problems = (*current.warnings, *current.judge(node))
        plan = current.plan(node)
        table = rows(current.site, node, plan)
        if output == "json":
            shown = {
                "node": node.name,
                "host": list(of_node(plan)),
                "containers": [row.as_json() for row in table],
                "kept": plan.as_json()["kept"],
                "notes": list(plan.notes),
                "not_managed": {name: list(where) for name, where in plan.unmanaged.items()},
                "problems": [problem.as_json() for problem in problems],
            }
            click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        else:
            tell_problems(problems)
            tell_given(current.where)
            click.echo(render_status(current.where.label, table, plan, terminal_style()))
        return 0
