"""``phoenix feature``: single features, each run alone from a slice of the configuration (spec S2)."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from phoenix_hypervisor.cli.options import on_option, output_option
from phoenix_hypervisor.cli.where import reach
from phoenix_hypervisor.command import Command
from phoenix_hypervisor.config.source import Source, parse_source
from phoenix_hypervisor.engine.converge import converge
from phoenix_hypervisor.errors import ConfigurationError, Interrupted, PhoenixError, UsageError
from phoenix_hypervisor.features.registry import COMING, features
from phoenix_hypervisor.machine import Machine
from phoenix_hypervisor.resource import Feature, Resource, Slice
from phoenix_hypervisor.transport.container import ContainerTransport


@click.group("feature")
def command() -> None:
    """List, show and run single features."""


def _feature(name: str) -> Feature:
    found = features().get(name)
    if found is None:
        if name in COMING:
            raise UsageError(f'The feature "{name}" is not available yet.', f"There are: {', '.join(features())}.")
        raise UsageError(f'There is no feature "{name}".', f"There are: {', '.join(features())}.")
    return found


@command.command("list", epilog="\b\nExample:\n  phoenix feature list\n\b\nExit codes: 0 done.")
@output_option()
def list_features(output: str) -> int:
    """List the features."""
    if output == "json":
        click.echo(json.dumps([_described(feature) for feature in features().values()], indent=2))
    else:
        for feature in features().values():
            click.echo(f"{feature.name:<16} {feature.scope:<10} {feature.summary}")
        click.echo(f"Not available yet: {', '.join(name for name in COMING if name not in features())}")
    return 0


def _described(feature: Feature) -> dict[str, Any]:
    return {
        "name": feature.name,
        "scope": feature.scope,
        "summary": feature.summary,
        "slice": dict(feature.sources),
        "fields": list(feature.slice.model_fields),
    }


@command.command(
    "show", epilog="\b\nExample:\n  phoenix feature show base_setup\n\b\nExit codes: 0 done; 2 no such feature."
)
@click.argument("name")
@output_option()
def show(name: str, output: str) -> int:
    """Show what a feature establishes, and what its slice is."""
    feature = _feature(name)
    if output == "json":
        click.echo(json.dumps(_described(feature), indent=2))
        return 0
    click.echo(f"{feature.name}: {feature.summary}\n{(feature.slice.__doc__ or '').strip()}\n")
    for field, info in feature.slice.model_fields.items():
        origin = f"  from {feature.sources[field]}" if field in feature.sources else ""
        click.echo(f"  {field:<12} default {info.default!r}{origin}")
    return 0


@command.command(
    "schema", epilog="\b\nExample:\n  phoenix feature schema base_setup\n\b\nExit codes: 0 done; 2 no such feature."
)
@click.argument("name")
def schema(name: str) -> int:
    """Print the JSON Schema of a feature's slice."""
    click.echo(json.dumps(_feature(name).slice.model_json_schema(), indent=2))
    return 0


@command.command(
    "run",
    epilog="""\b
Example:
  echo '{"timezone": "Europe/Berlin"}' | phoenix feature run base_setup --config - --on sim
\b
Exit codes: 0 done or nothing to do; 1 something failed; 2 an empty or wrong slice.""",
)
@click.argument("name")
@click.option("--config", "source", required=True, metavar="FILE", help="The slice, or a whole document; - is stdin.")
@click.option(
    "--mode",
    type=click.Choice(["safe", "interactive", "force"]),
    default="safe",
    show_default=True,
    help="interactive asks before it changes anything; safe and force differ where a feature could destroy data.",
)
@click.option("--in", "ctid", type=click.IntRange(100, 999_999_999), metavar="CTID", help="Inside this container.")
@on_option
@output_option()
def run(name: str, source: str, mode: str, ctid: int | None, on: str | None, output: str) -> int:
    """Establish one feature from its slice, and nothing else."""
    feature = _feature(name)
    piece = _slice(feature, source)
    with reach(on, lambda _node: (), exclusive=True) as where, asyncio.Runner(loop_factory=where.loop) as runner:
        transport = where.transport if ctid is None else ContainerTransport(where.transport, ctid)
        try:
            ran = runner.run(_establish(Machine(transport), tuple(feature.resources(piece)), mode))
        finally:
            runner.run(where.transport.close())
    if output == "json":
        click.echo(json.dumps({"feature": name, "changed": bool(ran), "commands": list(map(str, ran))}, indent=2))
    else:
        click.echo(f"{name}: done." if ran else f"{name}: nothing to do.")
    return 0


async def _establish(machine: Machine, resources: tuple[Resource, ...], mode: str) -> list[Command]:
    """Converge; returns the commands that ran."""

    def approve(commands: Sequence[Command]) -> None:
        if mode == "interactive" and not click.confirm("\n".join(map(str, commands)) + "\nRun this?"):
            raise Interrupted("Nothing was changed.")

    async def run(command: Command) -> None:
        result = await machine.run(command)
        if not result.ok:
            raise PhoenixError(f"{command}: {result.said}")

    return await converge(machine, resources, run, approve)


def _slice(feature: Feature, source: str) -> Slice:
    """The slice that FILE holds, alone or within a whole document."""
    name = "standard input" if source == "-" else source
    try:
        data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}.", "Give --config a file, or - for standard input.") from error
    document = parse_source(data, name)
    if document.problems:
        raise ConfigurationError(document.problems)
    if not document.data:
        hint = f"See: phoenix feature schema {feature.name}"
        raise UsageError(f"{name}: the slice of {feature.name} is empty.", hint)
    return _validated(feature, document)


def _validated(feature: Feature, document: Source) -> Slice:
    """The slice itself, or what the feature takes of a whole document."""
    value: Mapping[str, Any] = document.data or {}
    whole = not set(value) <= set(feature.slice.model_fields)
    taken = {field: value[path.partition(".")[2]] for field, path in feature.sources.items() if _in_host(path, value)}
    try:
        return feature.slice.model_validate_json(json.dumps(taken if whole and taken else value))
    except ValidationError as error:
        hint = f"See: phoenix feature schema {feature.name}"
        raise ConfigurationError(
            document.problem("value", f"{'.'.join(map(str, item['loc']))}: {item['msg']}.", item["loc"], hint=hint)
            for item in error.errors()
        ) from error


def _in_host(path: str, value: Mapping[str, Any]) -> bool:
    room, _, field = path.partition(".")
    return room == "host" and value.get(field) is not None
