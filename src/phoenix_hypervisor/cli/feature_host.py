"""One feature on the node: its part of a plan, walked under the run lock, with a journal as every run has one."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from phoenix_hypervisor.cli.losses import asked_for
from phoenix_hypervisor.cli.where import Where
from phoenix_hypervisor.engine import runlock
from phoenix_hypervisor.engine.walk import Settings, Summary, Walk
from phoenix_hypervisor.errors import Refused
from phoenix_hypervisor.events import Event, Ran, RunEnded, RunStarted
from phoenix_hypervisor.journal import Journal
from phoenix_hypervisor.machine import Machine
from phoenix_hypervisor.plan.host import HostPlan, Part, facts_of, plan_host, selection
from phoenix_hypervisor.plan.step import Plan


@dataclass(frozen=True, slots=True)
class Manner:
    """How far a feature may go (spec S3), and how it is told. ``redact`` takes secrets out of a text."""

    mode: str
    allow: tuple[str, ...]
    output: str
    redact: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the feature's part of a plan went. ``left``: ids of the resources that still differ after it."""

    found: HostPlan
    summary: Summary
    ran: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    journal: Path | None = None
    """None where there was nothing to do."""

    @property
    def failed(self) -> Mapping[str, str]:
        return dict(self.summary.failed) | {step: f"still different after the run: {step}" for step in self.left}

    @property
    def exit_code(self) -> int:
        return int(bool(self.failed or self.summary.skipped or self.found.blocked))


@dataclass(frozen=True, slots=True)
class _Establishing:
    """The feature's part on this node, with what may be lost of it."""

    where: Where
    piece: Part
    allowed: frozenset[str]

    @property
    def machine(self) -> Machine:
        return Machine(self.where.transport)

    async def look(self) -> HostPlan:
        chosen = selection((self.piece,), frozenset({self.piece.feature.name}))
        facts = await self.machine.read(facts_of((self.piece,), chosen))
        return plan_host((self.piece,), chosen, facts, self.allowed)

    async def walk(self, found: HostPlan, run: str, journal: Journal, redact: Callable[[str], str]) -> Outcome:
        """A run that has nothing to do leaves no journal."""
        plan = Plan(self.where.label, tuple(found.steps.values()), tuple(found.blocked.values()))
        if not plan.steps:
            return Outcome(found, Summary())
        ran: list[str] = []

        def tell(event: Event) -> None:
            journal(event)
            if isinstance(event, Ran):
                ran.append(event.command)

        clock = self.where.clock
        begun = clock()
        tell(RunStarted(begun, run, plan.node, tuple(sys.argv[1:]), len(plan.steps)))
        summary = await Walk(plan, self.machine, tell, Settings(clock, redact=redact)).run()
        left = () if summary.failed else tuple(sorted((await self.look()).steps))
        outcome = Outcome(found, summary, tuple(ran), left, journal.path)
        counts = (len(summary.done), len(summary.failed), len(summary.skipped))
        tell(RunEnded(clock(), run, outcome.exit_code, *counts, clock() - begun))
        return outcome


async def establish_on_node(where: Where, piece: Part, manner: Manner) -> int:
    """Make it so, and tell; returns the exit code. Raises Refused where data would be lost that was not allowed."""
    establishing = _Establishing(where, piece, frozenset(manner.allow))
    found = await establishing.look()
    if found.refused and manner.mode == "interactive":
        establishing = replace(establishing, allowed=establishing.allowed | asked_for(found.refusals))
        found = await establishing.look()
    _require_no_loss(found)
    run = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{os.getpid()}"
    owner = runlock.this_process(run)
    await runlock.take(establishing.machine, owner)
    try:
        found = await establishing.look()
        _require_no_loss(found)
        with Journal(where.places, run) as journal:
            outcome = await establishing.walk(found, run, journal, manner.redact)
    finally:
        await runlock.give(establishing.machine, owner)
    _tell(piece.feature.name, outcome, manner.output)
    return outcome.exit_code


def _require_no_loss(found: HostPlan) -> None:
    if found.refused:
        reasons = "; ".join(refusal.reason for refusal in found.refusals)
        raise Refused(f"Data would be lost, and nothing was done: {reasons}.", found.refusals[0].hint)


def _tell(name: str, outcome: Outcome, output: str) -> None:
    if output == "json":
        click.echo(json.dumps(_as_json(name, outcome), ensure_ascii=False, indent=2))
        return
    for line in _told(outcome):
        click.echo(line)
    for line in _warned(outcome):
        click.echo(line, err=True)
    if outcome.found.reboot:
        click.echo(f"Reboot required: {'; '.join(dict.fromkeys(outcome.found.reboot.values()))}.")
    if outcome.failed or outcome.found.blocked:
        ended = "not all of it could be done."
    else:
        ended = "done." if outcome.summary.done else "nothing to do."
    click.echo(f"{name}: {ended}{f' Journal: {outcome.journal}' if outcome.journal else ''}")


def _as_json(name: str, outcome: Outcome) -> dict[str, Any]:
    found = outcome.found
    return {
        "feature": name,
        "changed": bool(outcome.ran),
        "commands": list(outcome.ran),
        "failed": outcome.failed,
        "skipped": dict(outcome.summary.skipped),
        "blocked": [each.as_json() for each in found.blocked.values()],
        "kept": [each.as_json() for each in found.kept],
        "notes": list(found.notes),
        "reboot_required": list(found.reboot.values()),
        "journal": str(outcome.journal) if outcome.journal else None,
    }


def _told(outcome: Outcome) -> Iterator[str]:
    for step in outcome.found.steps.values():
        if step.id in outcome.summary.done:
            yield f"{step.symbol} {step.title}  ({step.reason})"
    for each in outcome.found.kept:
        yield f"Kept: {each.change.what} ({each.change.reason})."
    yield from (f"Note: {note}" for note in outcome.found.notes)


def _warned(outcome: Outcome) -> Iterator[str]:
    for blocked in outcome.found.blocked.values():
        yield f"BLOCKED {blocked.reason}. {blocked.hint}".rstrip()
    yield from (f"FAILED {step_id}: {reason}" for step_id, reason in outcome.failed.items())
