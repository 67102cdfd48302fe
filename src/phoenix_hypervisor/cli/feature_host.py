"""One feature on the node: its part of a plan, carried out and told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import click

from phoenix_hypervisor.cli.feature_walk import Manner, Walked, walk_alone
from phoenix_hypervisor.cli.losses import asked_for
from phoenix_hypervisor.cli.where import Where
from phoenix_hypervisor.errors import Refused
from phoenix_hypervisor.machine import Machine
from phoenix_hypervisor.plan.host import Part, facts_of, plan_host, selection
from phoenix_hypervisor.plan.step import Plan, Step
from phoenix_hypervisor.resource import Symbol

_DONE = {Symbol.ADD: "made", Symbol.CHANGE: "changed", Symbol.REMOVE: "removed", Symbol.REPLACE: "made anew"}


@dataclass(frozen=True, slots=True)
class _Establishing:
    """The feature's part on this node, with what may be lost of it."""

    where: Where
    piece: Part
    allowed: frozenset[str]

    @property
    def machine(self) -> Machine:
        return Machine(self.where.transport)

    async def look(self) -> Plan:
        """What is to be done, be it that some of it is refused."""
        chosen = selection((self.piece,), frozenset({self.piece.feature.name}))
        facts = await self.machine.read(facts_of((self.piece,), chosen))
        found = plan_host((self.piece,), chosen, facts, self.allowed)
        return Plan(
            self.where.label,
            tuple(found.steps.values()),
            tuple(found.blocked.values()),
            found.notes,
            found.kept,
            refused=found.refusals,
            reboot=tuple(dict.fromkeys(found.reboot.values())),
        )

    async def look_again(self) -> Plan:
        return _without_loss(await self.look())


def establish_on_node(runner: asyncio.Runner, where: Where, piece: Part, manner: Manner) -> int:
    """Make it so, and tell; returns the exit code. Raises Refused where data would be lost that was not allowed."""
    establishing = _Establishing(where, piece, frozenset(manner.allow))
    found = runner.run(establishing.look())
    if found.refused and manner.ask is not None:
        allowed = establishing.allowed | asked_for(found.refused, manner.ask)
        establishing = replace(establishing, allowed=allowed)
        found = runner.run(establishing.look())
    _without_loss(found)
    walked = runner.run(walk_alone(where, establishing.machine, establishing.look_again, manner.redact))
    tell(piece.feature.name, walked, manner.output)
    return walked.exit_code


def _without_loss(plan: Plan) -> Plan:
    if plan.refused:
        reasons = "; ".join(refusal.reason for refusal in plan.refused)
        raise Refused(f"Data would be lost, and nothing was done: {reasons}.", plan.refused[0].hint)
    return plan


def tell(name: str, walked: Walked, output: str) -> None:
    """What was done, what failed, what was left, and how it ended."""
    if output == "json":
        click.echo(json.dumps(_as_json(name, walked), ensure_ascii=False, indent=2))
        return
    for line in _told(walked):
        click.echo(line)
    for line in _warned(walked):
        click.echo(line, err=True)
    if walked.plan.reboot:
        click.echo(f"Reboot required: {'; '.join(walked.plan.reboot)}.")
    click.echo(f"{name}: {_ended(walked)}{f' Journal: {walked.journal}' if walked.journal else ''}")


def _ended(walked: Walked) -> str:
    if walked.interrupted:
        return "interrupted. The next run goes on from there."
    if walked.exit_code:
        return "not all of it could be done."
    return "done." if walked.summary.done else "nothing to do."


def _as_json(name: str, walked: Walked) -> dict[str, Any]:
    plan = walked.plan
    return {
        "feature": name,
        "changed": bool(walked.ran),
        "commands": list(walked.ran),
        "failed": walked.failed,
        "skipped": dict(walked.summary.skipped),
        "blocked": [each.as_json() for each in plan.blocked],
        "kept": [each.as_json() for each in plan.kept],
        "notes": list(plan.notes),
        "reboot_required": list(plan.reboot),
        "journal": str(walked.journal) if walked.journal else None,
    }


def _told(walked: Walked) -> Iterator[str]:
    for step in walked.plan.steps:
        if step.id in walked.summary.done:
            yield f"{step.symbol} {step.title}: {_past(step)}"
    for each in walked.plan.kept:
        yield f"Kept: {each.change.what} ({each.change.reason})."
    yield from (f"Note: {note}" for note in walked.plan.notes)


def _past(step: Step) -> str:
    """What was done, and why, where that is more than that it was not there."""
    done = _DONE[step.symbol]
    return done if step.symbol is Symbol.ADD else f"{done} ({step.reason})"


def _warned(walked: Walked) -> Iterator[str]:
    titles = {step.id: step.title for step in walked.plan.steps}
    for blocked in walked.plan.blocked:
        yield f"BLOCKED {blocked.reason}. {blocked.hint}".rstrip()
    yield from (f"FAILED {titles.get(step_id, step_id)}: {reason}" for step_id, reason in walked.failed.items())
    yield from (f"SKIPPED {titles[step_id]}: {because}" for step_id, because in walked.summary.skipped.items())
