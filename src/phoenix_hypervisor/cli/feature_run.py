"""``phoenix feature run``: one feature alone, from a slice of the configuration (spec S2)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from phoenix_hypervisor.cli.feature_host import establish_on_node
from phoenix_hypervisor.cli.feature_inside import establish_inside
from phoenix_hypervisor.cli.feature_slice import read_wanted
from phoenix_hypervisor.cli.feature_walk import Manner
from phoenix_hypervisor.cli.fitting import furnish
from phoenix_hypervisor.cli.losses import asker
from phoenix_hypervisor.cli.options import destroying_options, etc_option, on_option, output_option, require_mode
from phoenix_hypervisor.cli.revealing import Secrets
from phoenix_hypervisor.cli.session import tell_given, tell_problems
from phoenix_hypervisor.cli.where import reach
from phoenix_hypervisor.config.load import find_etc
from phoenix_hypervisor.config.scripts import own_features
from phoenix_hypervisor.documents.secrets import redactor
from phoenix_hypervisor.errors import UsageError
from phoenix_hypervisor.features.registry import of_containers, of_host
from phoenix_hypervisor.resource import Feature


@click.command(
    "run",
    epilog="""\b
Example:
  jq .zfs phoenix_hypervisor_config.json | phoenix feature run zfs --config - --on sim
\b
Exit codes: 0 done or nothing to do; 1 something failed; 2 an empty or wrong slice;
4 refused, as data would be lost; 5 another run holds the lock; 130 interrupted.""",
)
@click.argument("name")
@click.option("--config", "source", required=True, metavar="FILE", help="The slice, or a whole document; - is stdin.")
@click.option("--in", "ctid", type=click.IntRange(100, 999_999_999), metavar="CTID", help="Inside this container.")
@destroying_options[0]
@destroying_options[1]
@on_option
@etc_option
@output_option()
def run(
    name: str,
    source: str,
    ctid: int | None,
    mode: str,
    allow: tuple[str, ...],
    on: str | None,
    etc: str | None,
    output: str,
) -> int:
    """Establish one feature from its slice, and nothing else."""
    require_mode(mode, allow)
    ask = asker(output, input_is_spent=source == "-") if mode == "interactive" else None
    feature = _feature(name, ctid is not None, etc)
    folder = Path() if source == "-" else Path(source).parent
    wanted = read_wanted(feature, source, folder)
    reached = reach(on, lambda node: furnish(wanted.site, feature, node), exclusive=True)
    with reached as where, asyncio.Runner(loop_factory=where.loop) as runner:
        secrets = Secrets(folder, os.environ, where.simulated)
        try:
            piece = wanted.revealed(secrets)
            manner = Manner(allow, output, redactor(frozenset(secrets.revealed)), ask)
            tell_problems(wanted.warnings)
            if output == "text":
                tell_given(where)
            if feature.scope == "container" or ctid is not None:
                return establish_inside(runner, where, piece, ctid, manner)
            return establish_on_node(runner, where, piece, manner)
        finally:
            runner.run(where.transport.close())


def features_of_containers(etc: str | None) -> Mapping[str, Feature]:
    """The built-in ones, and those of ``features.d``; what is wrong with a manifest there is told."""
    own = own_features(find_etc(etc, os.environ))
    tell_problems(own.problems)
    return {**of_containers(), **own.found}


def _feature(name: str, inside: bool, etc: str | None) -> Feature:
    """The node's feature of that name; the containers' where there is none, or where it is to run inside one."""
    containers = features_of_containers(etc)
    rooms = (containers, of_host()) if inside else (of_host(), containers)
    found = next((room[name] for room in rooms if name in room), None)
    if found is None:
        raise unknown_feature(name, (*of_host(), *containers))
    if inside and found.scope == "host":
        raise UsageError(f'The feature "{name}" is one of the node, not of containers.', "Leave --in out.")
    return found


def unknown_feature(name: str, known: Iterable[str]) -> UsageError:
    """There is none of that name."""
    return UsageError(f'There is no feature "{name}".', f"There are: {', '.join(dict.fromkeys(known))}.")
