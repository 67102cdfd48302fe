"""``phoenix feature run``: one feature alone, from a slice of the configuration (spec S2)."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from pydantic import TypeAdapter, ValidationError

from phoenix_hypervisor.cli.fitting import furnish
from phoenix_hypervisor.cli.options import destroying_options, on_option, output_option, require_mode
from phoenix_hypervisor.cli.revealing import Secrets
from phoenix_hypervisor.cli.where import Where, reach
from phoenix_hypervisor.command import Command
from phoenix_hypervisor.config.load import host_document
from phoenix_hypervisor.config.source import Source, parse_source
from phoenix_hypervisor.documents.secrets import Secret, redactor
from phoenix_hypervisor.engine import runlock
from phoenix_hypervisor.engine.converge import converge
from phoenix_hypervisor.engine.walk import Settings, Summary, Walk
from phoenix_hypervisor.errors import ConfigurationError, Interrupted, PhoenixError, Refused, UsageError
from phoenix_hypervisor.events import Event, Ran
from phoenix_hypervisor.features.registry import COMING, of_containers, of_host
from phoenix_hypervisor.machine import Machine
from phoenix_hypervisor.plan.host import HostPlan, Part, facts_of, part, plain_json, plan_host, selection, slice_values
from phoenix_hypervisor.plan.step import Plan
from phoenix_hypervisor.resource import Feature, Resource
from phoenix_hypervisor.transport.container import ContainerTransport

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node


@dataclass(frozen=True, slots=True)
class Manner:
    """How far a feature may go (spec S3)."""

    mode: str
    allow: tuple[str, ...]
    output: str


@click.command(
    "run",
    epilog="""\b
Example:
  jq .zfs phoenix_hypervisor_config.json | phoenix feature run zfs --config - --on sim
\b
Exit codes: 0 done or nothing to do; 1 something failed; 2 an empty or wrong slice;
4 refused, as data would be lost; 5 another run holds the lock.""",
)
@click.argument("name")
@click.option("--config", "source", required=True, metavar="FILE", help="The slice, or a whole document; - is stdin.")
@click.option("--in", "ctid", type=click.IntRange(100, 999_999_999), metavar="CTID", help="Inside this container.")
@destroying_options[0]
@destroying_options[1]
@on_option
@output_option()
def run(
    name: str, source: str, ctid: int | None, mode: str, allow: tuple[str, ...], on: str | None, output: str
) -> int:
    """Establish one feature from its slice, and nothing else."""
    require_mode(mode, allow)
    feature = _feature(name, ctid is not None)
    document = _document(feature, source)
    manner = Manner(mode, allow, output)
    values = _values(feature, document)
    fit: Callable[[Node], tuple[str, ...]] = lambda node: furnish(values, node)  # noqa: E731
    with reach(on, fit, exclusive=True) as where, asyncio.Runner(loop_factory=where.loop) as runner:
        secrets = Secrets(Path() if source == "-" else Path(source).parent, os.environ, where.simulated)
        piece = _part(feature, document, _revealed(feature, values, secrets))
        secrets.require()
        if feature.is_empty(piece.piece):
            raise _empty(feature, document.file)
        try:
            if feature.scope == "container" or ctid is not None:
                return runner.run(_inside(where, piece, ctid, manner))
            return runner.run(_on_node(where, piece, manner, redactor(frozenset(secrets.revealed))))
        finally:
            runner.run(where.transport.close())


def _feature(name: str, inside: bool) -> Feature:
    """The node's feature of that name; the containers' where there is none, or where it is to run inside one."""
    rooms = (of_containers(), of_host()) if inside else (of_host(), of_containers())
    found = next((room[name] for room in rooms if name in room), None)
    known = f"There are: {', '.join(dict.fromkeys((*of_host(), *of_containers())))}."
    if found is None and name in COMING:
        raise UsageError(f'The feature "{name}" is not available yet.', known)
    if found is None:
        raise UsageError(f'There is no feature "{name}".', known)
    if inside and found.scope == "host":
        raise UsageError(f'The feature "{name}" is one of the node, not of containers.', "Leave --in out.")
    return found


# -- the slice


def _document(feature: Feature, source: str) -> Source:
    name = "standard input" if source == "-" else source
    try:
        data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}.", "Give --config a file, or - for standard input.") from error
    document = parse_source(data, name)
    if document.problems:
        raise ConfigurationError(document.problems)
    if not document.data:
        raise _empty(feature, name)
    return document


def _empty(feature: Feature, name: str) -> UsageError:
    return UsageError(f"{name}: the slice of {feature.name} is empty.", f"See: phoenix feature schema {feature.name}")


def _values(feature: Feature, document: Source) -> Mapping[str, Any]:
    """What the slice holds: itself, or what the feature takes of a whole document, in whichever shape."""
    value: Mapping[str, Any] = document.data or {}
    rooms = {path.split(".")[1] for path in feature.sources.values() if path.startswith("host.")}
    if set(value) <= set(feature.slice.model_fields) or not rooms & set(value):
        return value
    readings = [host_document(document, older=older) for older in (False, True)]
    sound = [host for source, host, _ in readings if host is not None and not _errors(source)]
    if not sound:
        raise ConfigurationError(readings[0][0].problems)
    return slice_values(feature, sound[0])


def _errors(source: Source) -> bool:
    return any(problem.severity == "error" for problem in source.problems)


def _revealed(feature: Feature, values: Mapping[str, Any], secrets: Secrets) -> Mapping[str, Any]:
    """The values with the secrets that the slice takes in their place."""
    found = dict(values)
    for name, info in feature.slice.model_fields.items():
        if "SecretStr" in str(info.annotation) and found.get(name) is not None:
            try:
                found[name] = TypeAdapter(Secret).validate_python(found[name])
            except ValidationError as error:
                raise UsageError(f"{name}: {error.errors(include_input=False)[0]['msg']}.") from None
    return {name: plain_json(value, secrets.reveal) for name, value in found.items()}


def _part(feature: Feature, document: Source, values: Mapping[str, Any]) -> Part:
    try:
        return part(feature, values)
    except ValidationError as error:
        hint = f"See: phoenix feature schema {feature.name}"
        raise ConfigurationError(
            document.problem("value", f"{'.'.join(map(str, item['loc']))}: {item['msg']}.", item["loc"], hint=hint)
            for item in error.errors(include_input=False)
        ) from None


# -- on the node


async def _on_node(where: Where, piece: Part, manner: Manner, redact: Callable[[str], str]) -> int:
    """The feature's part of a plan, walked under the run lock."""
    machine = Machine(where.transport)
    allowed = set(manner.allow)
    found = await _look(machine, piece, frozenset(allowed))
    if found.refused and manner.mode == "interactive":
        allowed |= _asked(found)
        found = await _look(machine, piece, frozenset(allowed))
    if found.refused:
        _refuse(found)
    owner = runlock.this_process(f"feature-{piece.feature.name}-{os.getpid()}")
    await runlock.take(machine, owner)
    try:
        found = await _look(machine, piece, frozenset(allowed))
        if found.refused:
            _refuse(found)
        ran: list[str] = []

        def tell(event: Event) -> None:
            if isinstance(event, Ran):
                ran.append(event.command)

        plan = Plan("node", tuple(found.steps.values()), tuple(found.blocked.values()))
        summary = await Walk(plan, machine, tell, Settings(where.clock, redact=redact)).run()
        left = (await _look(machine, piece, frozenset(allowed))).steps if not summary.failed else {}
        return _told(piece, found, summary, ran, sorted(left), manner)
    finally:
        await runlock.give(machine, owner)


async def _look(machine: Machine, piece: Part, allowed: frozenset[str]) -> HostPlan:
    chosen = selection((piece,), frozenset({piece.feature.name}))
    return plan_host((piece,), chosen, await machine.read(facts_of((piece,), chosen)), allowed)


def _asked(found: HostPlan) -> set[str]:
    """What is typed is what may be lost."""
    allowed = set()
    for _, obstacle in found.refused:
        click.echo(f"{obstacle.reason}.", err=True)
        typed = click.prompt(f"To destroy it, type {obstacle.loses}", default="", show_default=False, err=True)
        if typed == obstacle.loses:
            allowed.add(typed)
    return allowed


def _refuse(found: HostPlan) -> None:
    reasons = "; ".join(f"{what}: {each.reason}" for what, each in found.refused)
    raise Refused(f"Data would be lost, and nothing was done: {reasons}.", found.refused[0][1].hint)


def _told(
    piece: Part, found: HostPlan, summary: Summary, ran: Sequence[str], left: Sequence[str], manner: Manner
) -> int:
    name = piece.feature.name
    failed = dict(summary.failed) | {step: f"still different after the run: {step}" for step in left}
    if manner.output == "json":
        shown: dict[str, Any] = {
            "feature": name,
            "changed": bool(ran),
            "commands": list(ran),
            "failed": failed,
            "skipped": dict(summary.skipped),
            "blocked": [each.as_json() for each in found.blocked.values()],
            "kept": [each.as_json() for each in found.kept],
            "notes": list(found.notes),
            "reboot_required": list(found.reboot.values()),
        }
        click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
    else:
        _say(name, found, summary, failed)
    return int(bool(failed or summary.skipped or found.blocked))


def _say(name: str, found: HostPlan, summary: Summary, failed: Mapping[str, str]) -> None:
    done = [found_step for found_step in found.steps.values() if found_step.id in summary.done]
    for step in done:
        click.echo(f"{step.symbol} {step.title}  ({step.reason})")
    for each in found.kept:
        click.echo(f"Kept: {each.change.what} ({each.change.reason}).")
    for note in found.notes:
        click.echo(f"Note: {note}")
    for blocked in found.blocked.values():
        click.echo(f"BLOCKED {blocked.reason}. {blocked.hint}".rstrip(), err=True)
    for step_id, reason in failed.items():
        click.echo(f"FAILED {step_id}: {reason}", err=True)
    if found.reboot:
        click.echo(f"Reboot required: {'; '.join(dict.fromkeys(found.reboot.values()))}.")
    if failed or found.blocked:
        click.echo(f"{name}: not all of it could be done.")
    else:
        click.echo(f"{name}: done." if done else f"{name}: nothing to do.")


# -- inside a container, or on the node with a container's feature


async def _inside(where: Where, piece: Part, ctid: int | None, manner: Manner) -> int:
    transport = where.transport if ctid is None else ContainerTransport(where.transport, ctid)
    ran = await _establish(Machine(transport), piece.resources, manner.mode)
    name = piece.feature.name
    if manner.output == "json":
        click.echo(json.dumps({"feature": name, "changed": bool(ran), "commands": list(map(str, ran))}, indent=2))
    else:
        click.echo(f"{name}: done." if ran else f"{name}: nothing to do.")
    return 0


async def _establish(machine: Machine, resources: tuple[Resource, ...], mode: str) -> Iterable[Command]:
    """Converge; returns the commands that ran."""

    def approve(commands: Sequence[Command]) -> None:
        if mode == "interactive" and not click.confirm("\n".join(map(str, commands)) + "\nRun this?"):
            raise Interrupted("Nothing was changed.")

    async def run_one(command: Command) -> None:
        result = await machine.run(command)
        if not result.ok:
            raise PhoenixError(f"{command}: {result.said}")

    return await converge(machine, resources, run_one, approve)
