"""The words of a plan: work, step, note, plan. Values only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.features.lifecycle.conditions import Condition
from phoenix_hypervisor.features.lifecycle.options import Effect
from phoenix_hypervisor.resource import Resource
from phoenix_hypervisor.resource import Symbol as Symbol


@dataclass(frozen=True, slots=True)
class Poll:
    """A command that is repeated until it succeeds: soon at first, then every ``every`` seconds, up to ``limit``.

    ``explain`` is run when it did not: what it prints says why. ``asked`` is the command as its owner knows it.
    """

    command: Command
    what: str
    every: float
    limit: float
    explain: Command | None = None
    asked: str = ""


@dataclass(frozen=True, slots=True)
class Converge:
    """Resources to be established inside a container, whose facts can only be read when it runs; then the stamp."""

    ctid: int
    layer: str
    digest: str
    resources: tuple[Resource, ...]
    given: tuple[Command, ...] = ()
    """What the node gives the container first, in the trip of the first look."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """A command, and what is run when it failed; the failure stays one."""

    command: Command
    if_failed: Command


@dataclass(frozen=True, slots=True)
class Expect:
    """A look at the node after a change, in one round trip: what must hold now."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Unobstructed:
    """A look at the node right before a resource of it is changed: what was planned must still be right."""

    resource: Resource
    commands: tuple[Command, ...]
    allowed: frozenset[str]


@dataclass(frozen=True, slots=True)
class Established:
    """A look at the node after a resource of it was changed: it must be so."""

    resource: Resource


Work = Command | Poll | Converge | Guarded | Expect | Unobstructed | Established


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as declared: what, what it takes to make it so, and why that (spec L3)."""

    what: str
    effect: Effect
    reason: str
    anew: tuple[int, ...] = ()
    """The containers that would have to be made anew for it, where that is not this one with its clones."""

    def as_json(self) -> dict[str, str]:
        return {"what": self.what, "effect": str(self.effect), "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Kept:
    """What of a target is not as declared, and stays so: it takes more than a plan does by itself.

    ``rebuild``: the containers that would have to be made anew for it, the target and its clones.
    """

    target: str
    change: Change
    rebuild: tuple[int, ...] = ()

    @property
    def way_out(self) -> str:
        return rebuilding(self.rebuild) if self.rebuild else ""

    def as_json(self) -> dict[str, Any]:
        return {"target": self.target, **self.change.as_json(), "rebuild": list(self.rebuild)}


REBOOT = "host:reboot"
"""The id of the step that reboots the node."""


def rebuilding(ctids: Iterable[int]) -> str:
    """The command line that makes these containers anew."""
    named = " ".join(f"--rebuild {ctid}" for ctid in ctids)
    return f"To make it anew, its volumes and their data go: phoenix apply {named}"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to be done. ``needs`` are ids of steps that come first; ``target`` is the CTID, or ``host``."""

    id: str
    target: str
    symbol: Symbol
    title: str
    reason: str
    work: tuple[Work, ...]
    needs: tuple[str, ...] = ()
    locks: frozenset[str] = frozenset()
    after: tuple[str, ...] = ()
    """Ids of steps that it waits for, however they end."""
    changes: tuple[Change, ...] = ()
    """What of an existing container it makes as declared."""
    detail: str = ""
    """The difference in lines, as a unified diff."""

    def commands(self) -> Iterator[Command]:
        """The commands that are known before the run."""
        for work in self.work:
            if isinstance(work, Command):
                yield work
            elif isinstance(work, Poll | Guarded):
                yield work.command
            elif isinstance(work, Converge):
                yield from work.given

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "target": self.target,
            "symbol": str(self.symbol),
            "title": self.title,
            "reason": self.reason,
            "needs": list(self.needs),
            "changes": [change.as_json() for change in self.changes],
            "commands": [str(command) for command in self.commands()],
            "detail": self.detail,
            "resources": [str(r) for work in self.work if isinstance(work, Converge) for r in work.resources],
        }


@dataclass(frozen=True, slots=True)
class Undo:
    """What is done to a target when one of its steps failed, so that it is as it was (spec R5).

    It holds from the step ``since`` (None: from the first) until ``until`` was done, unless a step of ``unless`` has
    begun: then others hang on what would go.
    """

    target: str
    title: str
    work: tuple[Work, ...]
    since: str | None = None
    until: str | None = None
    unless: tuple[str, ...] = ()
    locks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Blocked:
    """A container, or something of the node, that cannot be planned as things stand: why, and what to do."""

    target: str
    reason: str
    hint: str

    def as_json(self) -> dict[str, Any]:
        return {"target": self.target, "reason": self.reason, "hint": self.hint}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that would be lost: what, why, and how to allow it (spec S3). While one stands nothing is done."""

    target: str
    reason: str
    hint: str
    loses: str

    def as_json(self) -> dict[str, Any]:
        return {"target": self.target, "reason": self.reason, "hint": self.hint, "loses": self.loses}


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that one run would do, in an order in which it could be done one after the other."""

    node: str
    steps: tuple[Step, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    notes: tuple[str, ...] = ()
    kept: tuple[Kept, ...] = ()
    unmanaged: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What the configuration asks for and nothing establishes yet: its name to the targets concerned."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Target to the name that people gave it."""
    nothing: str = "Nothing to do: the node is as declared."
    """What an empty plan means."""
    undo: Mapping[str, Undo] = field(default_factory=dict)
    """Target to what takes its changes back when they fail."""
    refused: tuple[Refusal, ...] = ()
    reboot: tuple[str, ...] = ()
    """Why the node has to be rebooted before all of this takes effect (spec R11)."""
    waiting: tuple[Blocked, ...] = ()
    """What can only be done after that reboot."""

    @property
    def empty(self) -> bool:
        return not self.steps and not self.blocked and not self.refused

    @property
    def stops_guests(self) -> bool:
        """Whether it ends with a reboot while containers run."""
        return any(step.id == REBOOT and step.changes for step in self.steps)

    def targets(self) -> list[str]:
        """The targets that have steps, in the order of the plan."""
        return list(dict.fromkeys(step.target for step in self.steps))

    def symbol_of(self, target: str) -> Symbol:
        """What happens to the target as a whole: it is new when its first step adds it."""
        names = {step.id.rpartition(":")[2] for step in self.steps if step.target == target}
        if not names & {"create", "clone"}:
            return Symbol.REMOVE if names == {"destroy"} else Symbol.CHANGE
        return Symbol.REPLACE if "destroy" in names else Symbol.ADD

    def as_json(self) -> dict[str, Any]:
        return {
            "node": self.node,
            "changes": len(self.steps),
            "steps": [step.as_json() for step in self.steps],
            "blocked": [blocked.as_json() for blocked in self.blocked],
            "notes": list(self.notes),
            "kept": [kept.as_json() for kept in self.kept],
            "refused": [refusal.as_json() for refusal in self.refused],
            "reboot_required": list(self.reboot),
            "waiting": [waiting.as_json() for waiting in self.waiting],
            "not_managed": {name: list(targets) for name, targets in self.unmanaged.items()},
        }
