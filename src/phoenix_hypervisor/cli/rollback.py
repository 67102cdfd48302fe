"""``phoenix rollback``."""

from __future__ import annotations

import click

from phoenix_hypervisor.cli.changes import Manner, changing_options, perform
from phoenix_hypervisor.cli.named import containers_named
from phoenix_hypervisor.cli.options import etc_option, on_option
from phoenix_hypervisor.cli.run import Intent
from phoenix_hypervisor.cli.session import session
from phoenix_hypervisor.plan.rollback import roll_back
from phoenix_hypervisor.plan.saved import Request
from phoenix_hypervisor.plan.step import Plan
from phoenix_hypervisor.plan.wanted import CONFIGURED_STATE


@click.command(
    "rollback",
    epilog="""\b
Example:
  phoenix rollback 950 --etc examples/ai-lab --on sim:node.json --yes
\b
Exit codes: 0 done; 1 something failed; 2 configuration or usage error;
4 refused; 5 another run holds the lock; 130 interrupted.""",
)
@click.argument("container")
@click.argument("snapshot", default=CONFIGURED_STATE)
@etc_option
@on_option
@changing_options
def command(
    container: str,
    snapshot: str,
    etc: str | None,
    on: str | None,
    output: str,
    yes: bool,
    jobs: int,
    fail_fast: bool,
) -> int:
    """Put a container back to one of its snapshots; what was changed since is lost.

    CONTAINER is a CTID or a name. SNAPSHOT is configured-state unless it is named. Newer snapshots that are in the way
    are named, and never removed.
    """
    manner = Manner(output, yes, jobs, fail_fast)
    manner.require_consent()
    with session(Request(etc, on), exclusive=True) as current:
        (ctid,) = containers_named(current.site, current.wait(current.look()), (container,))
        asked = current.knowing((ctid,))
        intent = Intent(lambda seen: roll_back(seen, ctid, snapshot), lambda seen: Plan(seen.name), "Put it back?")
        return perform(asked, intent, manner, tuple)
