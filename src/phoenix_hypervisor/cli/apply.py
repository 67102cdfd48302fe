"""``phoenix apply``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from phoenix_hypervisor.cli.allowed import with_strangers
from phoenix_hypervisor.cli.changes import Manner, changing_options, perform
from phoenix_hypervisor.cli.options import request_options
from phoenix_hypervisor.cli.run import Intent
from phoenix_hypervisor.cli.session import Session, session
from phoenix_hypervisor.errors import PhoenixError, Problem, UsageError
from phoenix_hypervisor.features.lifecycle.node import Node
from phoenix_hypervisor.plan.saved import Request, SavedPlan, changes, parse
from phoenix_hypervisor.plan.step import Plan


@click.command(
    "apply",
    epilog="""\b
Example:
  phoenix apply 950 --etc examples/ai-lab --on sim:node.json --yes
\b
Exit codes: 0 done or nothing to do; 1 something failed; 2 configuration or usage error;
4 refused, as data would be lost; 5 another run holds the lock; 130 interrupted.""",
)
@request_options
@changing_options
@click.option(
    "--plan",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Apply the plan that plan --out has saved, exactly; refused when what it is about has changed.",
)
def command(
    request: Request,
    output: str,
    yes: bool,
    jobs: int,
    fail_fast: bool,
    file: Path | None,
) -> int:
    """Make the node as declared: show the plan, ask, do it.

    TARGETS narrow it: host, a feature's name, CTIDs, names. A target brings what it needs. Run it again, and nothing
    changes; after an interruption it goes on where it was.
    """
    manner = Manner(output, yes, jobs, fail_fast, request.mode == "interactive")
    manner.require_consent()
    saved = _read(file, request) if file is not None else None
    if saved is not None:
        request = replace(saved.request, etc=request.etc or saved.request.etc, on=request.on or saved.request.on)
    with session(request, exclusive=True) as current:
        found: list[Problem] = []

        def plan(node: Node) -> Plan:
            found[:] = [*current.warnings, *current.judge(node)]
            made = with_strangers(current.plan(node), request.allow, current.site, node.facts)
            if saved is not None:
                _refuse_changed(saved, current, made, node)
            return made

        return perform(current, Intent(plan, current.plan_after), manner, lambda: found)


def _read(file: Path, request: Request) -> SavedPlan:
    """A saved plan says itself what it is for; nothing can be added to it."""
    if request != Request(request.etc, request.on):
        raise UsageError("A saved plan is applied as it is.", "With --plan give nothing that says what is to be done.")
    try:
        return parse(file.read_text(encoding="utf-8", errors="surrogateescape"), str(file))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.", "Save a plan: phoenix plan --out.") from error


def _refuse_changed(saved: SavedPlan, current: Session, plan: Plan, node: Node) -> None:
    """What was shown is done, or nothing."""
    if different := list(changes(saved, current.saved(plan, node, saved.facts))):
        raise PhoenixError(
            f"The plan no longer fits, and nothing was done: {'; '.join(different)}.",
            "Make it anew: phoenix plan --out.",
        )
