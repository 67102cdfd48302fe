"""What plan, apply and status have in common: read the configuration, reach the node, look, plan."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from phoenix_hypervisor.cli.fitting import fit
from phoenix_hypervisor.cli.where import Where, reach
from phoenix_hypervisor.config.checks.view import Question
from phoenix_hypervisor.config.load import Loaded, find_etc, load
from phoenix_hypervisor.config.site import Site
from phoenix_hypervisor.errors import ConfigurationError, Problem, UsageError
from phoenix_hypervisor.features.lifecycle.node import Node, read_node
from phoenix_hypervisor.machine import Machine
from phoenix_hypervisor.plan.build import build
from phoenix_hypervisor.plan.preflight import answer, preflight
from phoenix_hypervisor.plan.step import Plan
from phoenix_hypervisor.plan.targets import Selection, select
from phoenix_hypervisor.plan.wanted import asked_of
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
    rebuild: tuple[int, ...] = ()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Run to the end on the session's loop."""
        return self.runner.run(work)

    @property
    def machine(self) -> Machine:
        return Machine(self.where.transport)

    async def look(self) -> Node:
        """Read the node: one round trip."""
        return await read_node(self.machine, asked_of(self.site))

    def judge(self, node: Node) -> tuple[Problem, ...]:
        """Warnings that only the node could tell; ConfigurationError when it tells of errors."""
        found = [*answer(self.questions, node), *preflight(self.site, self.selection.ctids, node)]
        if any(problem.severity == "error" for problem in found):
            raise ConfigurationError(sorted([*self.warnings, *found], key=lambda problem: problem.place))
        return tuple(found)

    @property
    def _selected(self) -> frozenset[int] | None:
        """None where no target narrows the plan."""
        return None if self.selection.everything else self.selection.ctids

    def plan(self, node: Node) -> Plan:
        return build(self.site, node, self._selected, self.selection.host, self.rebuild)

    def plan_after(self, node: Node) -> Plan:
        """What is still to be done when the run is over: what was to be made anew was."""
        return build(self.site, node, self._selected, self.selection.host)


@contextmanager
def session(
    etc: str | None, on: str | None, targets: Iterable[str], exclusive: bool = False, rebuild: tuple[int, ...] = ()
) -> Iterator[Session]:
    """Load and check the configuration, then reach the node; nothing is touched when the configuration has errors."""
    loaded = load(find_etc(etc, os.environ))
    certain = _certain(loaded)
    if loaded.site is None or any(problem.severity == "error" for problem in certain):
        raise ConfigurationError(loaded.problems)
    site = loaded.site
    selection = select(site, targets)
    if strange := sorted(set(rebuild) - selection.ctids):
        raise UsageError(f"--rebuild {strange[0]}: it is not among what is applied.", "Name it as a target, too.")
    with reach(on, lambda node: fit(site, node), exclusive) as where, asyncio.Runner(loop_factory=where.loop) as runner:
        try:
            yield Session(site, certain, loaded.questions, selection, where, runner, rebuild)
        finally:
            runner.run(where.transport.close())


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
