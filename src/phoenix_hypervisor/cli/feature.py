"""``phoenix feature``: what features there are, what each establishes, and what its slice is (spec S1)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from inspect import cleandoc
from typing import Any

import click

from phoenix_hypervisor.cli.feature_run import features_of_containers, run, unknown_feature
from phoenix_hypervisor.cli.options import etc_option, output_option
from phoenix_hypervisor.config.given import taken
from phoenix_hypervisor.plan.host import host_features
from phoenix_hypervisor.resource import Feature


@click.group("feature")
def command() -> None:
    """List, show and run single features."""


command.add_command(run)


def _all(etc: str | None) -> tuple[Feature, ...]:
    return (*host_features(), *features_of_containers(etc).values())


def _named(name: str, etc: str | None) -> list[Feature]:
    """The features of that name: one of the node, one of containers, or both."""
    found = _all(etc)
    named = [feature for feature in found if feature.name == name]
    if not named:
        raise unknown_feature(name, (feature.name for feature in found))
    return named


@command.command("list", epilog="\b\nExample:\n  phoenix feature list\n\b\nExit codes: 0 done.")
@etc_option
@output_option()
def list_features(etc: str | None, output: str) -> int:
    """List the features, those of features.d included."""
    found = _all(etc)
    if output == "json":
        click.echo(json.dumps([_described(feature) for feature in found], indent=2))
        return 0
    for feature in found:
        click.echo(f"{feature.name:<16} {feature.scope:<10} {feature.summary}")
    return 0


def _described(feature: Feature) -> dict[str, Any]:
    return {
        "name": feature.name,
        "scope": feature.scope,
        "summary": feature.summary,
        "slice": dict(feature.sources),
        "fields": list(feature.slice.model_fields),
        "needs": list(feature.needs),
        "touches": list(feature.touches),
    }


@command.command("show", epilog="\b\nExample:\n  phoenix feature show zfs\n\b\nExit codes: 0 done; 2 no such feature.")
@click.argument("name")
@etc_option
@output_option()
def show(name: str, etc: str | None, output: str) -> int:
    """Show what a feature establishes, needs and touches, and what its slice is."""
    found = _named(name, etc)
    if output == "json":
        shown = [_described(feature) for feature in found]
        click.echo(json.dumps(shown[0] if len(shown) == 1 else shown, indent=2))
        return 0
    click.echo("\n".join(line for feature in found for line in _lines(feature)))
    return 0


def _lines(feature: Feature) -> Iterable[str]:
    yield f"{feature.name} ({feature.scope}): {feature.summary}"
    yield cleandoc(feature.slice.__doc__ or "").replace("``", "")
    yield ""
    if feature.needs:
        yield f"  needs    {', '.join(feature.needs)}"
    yield from (f"  touches  {each}" for each in feature.touches)
    if feature.needs or feature.touches:
        yield ""
    for field, info in feature.slice.model_fields.items():
        yield f"  {field:<20} {_text(info.default)}{_origin(feature.sources.get(field, ''))}"
    yield ""
    if feature.scope == "host":
        yield f"  Its slice: {taken(feature)}"
    yield f"  Its slice as JSON Schema: phoenix feature schema {feature.name}"


def _origin(source: str) -> str:
    """Where a run over a whole document takes a field from: the document, or the command line."""
    room, _, name = source.partition(".")
    return f"  from {f'--{name}' if room == 'request' else source}" if source else ""


def _text(default: object) -> str:
    """A default as JSON has it, where it is one."""
    try:
        return f"default {json.dumps(default)}"
    except TypeError:
        return "no default"


@command.command(
    "schema", epilog="\b\nExample:\n  phoenix feature schema zfs\n\b\nExit codes: 0 done; 2 no such feature."
)
@click.argument("name")
@etc_option
def schema(name: str, etc: str | None) -> int:
    """Print the JSON Schema of a feature's slice."""
    schemas = [feature.slice.model_json_schema() for feature in _named(name, etc)]
    click.echo(json.dumps(schemas[0] if len(schemas) == 1 else {"anyOf": schemas}, indent=2))
    return 0
