"""``phoenix destroy``."""

from __future__ import annotations

import click

from phoenix_hypervisor.cli.changes import Manner, changing_options, perform
from phoenix_hypervisor.cli.named import containers_named
from phoenix_hypervisor.cli.options import etc_option, on_option
from phoenix_hypervisor.cli.run import Intent
from phoenix_hypervisor.cli.session import session
from phoenix_hypervisor.plan.destroy import destroy
from phoenix_hypervisor.plan.saved import Request


@click.command(
    "destroy",
    epilog="""\b
Example:
  phoenix destroy 950 --etc examples/ai-lab --on sim:node.json --yes
\b
Exit codes: 0 done or nothing to do; 1 something failed; 2 configuration or usage error;
4 refused; 5 another run holds the lock; 130 interrupted.""",
)
@click.argument("containers", nargs=-1, required=True)
@etc_option
@on_option
@changing_options
def command(
    containers: tuple[str, ...], etc: str | None, on: str | None, output: str, yes: bool, jobs: int, fail_fast: bool
) -> int:
    """Destroy containers that Phoenix has made, with their volumes and snapshots.

    CONTAINERS are CTIDs or names; nothing else goes. Refused for what is not ours or is protected, and while others
    that are not named are clones of it or depend on it.
    """
    manner = Manner(output, yes, jobs, fail_fast)
    manner.require_consent()
    with session(Request(etc, on), exclusive=True) as current:
        node = current.wait(current.look())
        ctids = containers_named(current.site, node, containers)
        intent = Intent(
            lambda seen: destroy(current.site, seen, ctids),
            lambda seen: destroy(current.site, seen, ctids),
            "Destroy this?",
        )
        return perform(current, intent, manner, tuple)
