"""What plan, apply and status have in common: read the configuration, reach the node, look, plan."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import click

from phoenix_hypervisor.cli.fitting import fit
from phoenix_hypervisor.cli.revealing import Secrets
from phoenix_hypervisor.cli.where import Where, absolute, reach
from phoenix_hypervisor.config.checks.view import Question
from phoenix_hypervisor.config.load import Loaded, find_etc, load
from phoenix_hypervisor.config.site import Site
from phoenix_hypervisor.errors import ConfigurationError, Problem, UsageError
from phoenix_hypervisor.features.lifecycle.node import Node
from phoenix_hypervisor.features.lifecycle.reading import read_node
from phoenix_hypervisor.machine import Machine
from phoenix_hypervisor.plan.build import build
from phoenix_hypervisor.plan.deep import looks, with_drift
from phoenix_hypervisor.plan.foreseen import foreseen, needed_by
from phoenix_hypervisor.plan.host import Part, facts_of, hidden, parts, plan_host
from phoenix_hypervisor.plan.host import selection as selection_of
from phoenix_hypervisor.plan.preflight import answer, preflight
from phoenix_hypervisor.plan.saved import Request, SavedPlan, save
from phoenix_hypervisor.plan.step import Plan
from phoenix_hypervisor.plan.targets import Selection, select
from phoenix_hypervisor.plan.wanted import asked_of, secrets_of
from phoenix_hypervisor.report.style import Style

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Session:
    """A configuration without errors, and a node that can be reached."""

    site: Site
    warnings: tuple[Problem, ...]
    questions: tuple[Question, ...]
    selection: Selection
    where: Where
    runner: asyncio.Runner
    request: Request
    parts: tuple[Part, ...] = ()
    """The features of the node, with their resources."""
    chosen: frozenset[str] = frozenset()
    """Ids of the resources of the node that are meant."""
    allowed: set[str] = field(default_factory=set)
    """What may be lost, as ``disk:SERIAL``."""
    revealed: frozenset[str] = frozenset()
    """The secrets that were looked up: to be shown nowhere."""
    histories: tuple[int, ...] = ()
    """Containers of which every snapshot is to be known."""

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Run to the end on the session's loop."""
        return self.runner.run(work)

    @property
    def machine(self) -> Machine:
        return Machine(self.where.transport)

    async def look(self) -> Node:
        """Read the node: one round trip."""
        ctids = sorted(self.selection.ctids) if self.request.deep else ()
        more = (*facts_of(self.parts, self.chosen), *looks(self.site, ctids))
        node = await read_node(self.machine, replace(asked_of(self.site), histories=self.histories, more=more))
        return with_drift(self.site, node, ctids)

    def knowing(self, histories: tuple[int, ...]) -> Session:
        """The same session, which looks at every snapshot of these containers, too."""
        return replace(self, histories=histories)

    def judge(self, node: Node) -> tuple[Problem, ...]:
        """Warnings that only the node could tell; ConfigurationError when it tells of errors."""
        node = foreseen(self.site, node, self.chosen)
        asked = [each for each in self.questions if each.ctid is None or each.ctid in self.selection.ctids]
        found = [*answer(asked, node), *preflight(self.site, self.selection.ctids, node)]
        if any(problem.severity == "error" for problem in found):
            raise ConfigurationError(sorted([*self.warnings, *found], key=lambda problem: problem.place))
        return tuple(found)

    @property
    def _selected(self) -> frozenset[int] | None:
        """None where no target narrows the plan."""
        return None if self.selection.everything else self.selection.ctids

    def plan(self, node: Node) -> Plan:
        return self._plan(node, self.request.rebuild, self.request.reboot)

    def plan_after(self, node: Node) -> Plan:
        """What is still to be done when the run is over: what was to be made anew was."""
        return self._plan(node, (), False)

    def _plan(self, node: Node, rebuild: tuple[int, ...], reboot: bool) -> Plan:
        own = plan_host(self.parts, self.chosen, node.facts, frozenset(self.allowed))
        node = foreseen(self.site, node, self.chosen)
        whole, restart = self.selection.host, self.request.restart
        return build(self.site, node, self._selected, whole, rebuild, restart, own, reboot)

    def saved(self, plan: Plan, node: Node, also: Iterable[str] = ()) -> SavedPlan:
        """The plan as a file holds it; with the facts of these targets, too."""
        texts = {Path(name).name: Path(name).read_text(errors="surrogateescape") for name in self.site.files}
        asked = replace(self.request, etc=str(self.site.etc.resolve()), on=absolute(self.request.on))
        return save(plan, node, asked, texts, also)


@contextmanager
def session(request: Request, exclusive: bool = False) -> Iterator[Session]:
    """Load and check the configuration, then reach the node; nothing is touched when the configuration has errors."""
    loaded = load(find_etc(request.etc, os.environ))
    certain = _certain(loaded)
    if loaded.site is None or any(problem.severity == "error" for problem in certain):
        raise ConfigurationError(loaded.problems)
    site = loaded.site
    selection = select(site, request.targets)
    if strange := sorted(set(request.rebuild) - selection.ctids):
        raise UsageError(f"--rebuild {strange[0]}: it is not among what is applied.", "Name it as a target, too.")
    reached = reach(request.on, lambda node: fit(site, node), exclusive)
    with reached as where, asyncio.Runner(loop_factory=where.loop) as runner:
        try:
            secrets = Secrets(site.etc, os.environ, where.simulated)
            found = parts(site, lambda name: secrets.reveal if name in selection.features else hidden, request.upgrade)
            site = with_secrets(site, selection.ctids, secrets)
            secrets.require()
            needed = needed_by(site, selection.ctids).values()
            chosen = selection_of(found, selection.features, frozenset().union(*needed))
            yield Session(
                site,
                certain,
                loaded.questions,
                selection,
                where,
                runner,
                request,
                found,
                chosen,
                set(request.allow),
                frozenset(secrets.revealed),
            )
        finally:
            runner.run(where.transport.close())


def with_secrets(site: Site, ctids: Iterable[int], secrets: Secrets) -> Site:
    """The site with the values of the secrets that the features of these containers take."""
    values = {secret: secrets.reveal(secret) for secret in secrets_of(site, ctids)}
    return replace(site, revealed={secret: value for secret, value in values.items() if value is not None})


def _certain(loaded: Loaded) -> tuple[Problem, ...]:
    """The problems that stand whatever the node answers."""
    open_ones = {question.unasked for question in loaded.questions}
    return tuple(problem for problem in loaded.problems if problem not in open_ones)


def terminal_style() -> Style:
    """Colours on a terminal, unless NO_COLOR says otherwise."""
    return Style(colour=sys.stdout.isatty() and not os.environ.get("NO_COLOR"))


def tell_problems(problems: Iterable[Problem]) -> None:
    """Every problem on standard error, where it does not spoil what is printed."""
    for problem in problems:
        click.echo(str(problem), err=True)


def tell_given(where: Where) -> None:
    """What a fresh simulated node was given."""
    if where.given:
        click.echo("The simulated node was given: " + "; ".join(where.given) + ".\n")
