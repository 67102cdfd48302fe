"""Resources: what ought to be on a machine; features: one slice of the configuration turned into resources."""

from __future__ import annotations

import hashlib
import json
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.machine import Fact, Facts


class Slice(BaseModel):
    """The piece of configuration that one feature gets: its desired state, validated, unknown keys refused.

    In the slice of a whole document absence is a declaration. One that was given by itself is a part (spec S2): what it
    does not mention is not known, and nothing is taken away, moved or given another name because of it: entries of a
    list that it does not have stay, and so does what it does not say of an entry. An empty list says that there are
    none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    _is_part: bool = PrivateAttr(default=False)

    @property
    def is_part(self) -> bool:
        return self._is_part

    def as_part(self) -> Self:
        """The same, given by itself."""
        found = self.model_copy()
        found._is_part = True
        return found

    def knows(self, field: str, of: BaseModel | None = None) -> bool:
        """Whether a field, its own or one of an object in it, is declared, be it by its absence."""
        return not self._is_part or field in (self if of is None else of).model_fields_set


class Symbol(StrEnum):
    """What a step does to what is there."""

    ADD = "+"
    CHANGE = "~"
    REMOVE = "-"
    REPLACE = "±"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What stands in the way of a change: nothing is done to the resource, or to what needs it, while it stands there.

    ``loses`` names what the change would destroy (``disk:SERIAL``); who allows that by name removes the obstacle, and
    who does not has the whole run refused (spec S3).
    """

    reason: str
    hint: str = ""
    loses: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """What is not as declared and stays so, as it takes more than a run does by itself; and why."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said of a resource beside the commands that make it so."""

    symbol: Symbol = Symbol.CHANGE
    reason: str = "not as declared"
    detail: str = ""
    """A unified diff, or other lines that show the difference; no secret stands in it."""
    obstacles: tuple[Obstacle, ...] = ()
    kept: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()
    reboot: str = ""
    """Why it takes effect only after a reboot; empty when it needs none (spec R11)."""


class Resource(Slice):
    """One thing that ought to be: what it is, what it must know, what to do about the difference.

    ``after`` are ids of resources that come first, where they are asked for, too; ``follows`` are those that it waits
    for and does not need: it goes on when they fail.
    """

    kind: ClassVar[str]
    locks: ClassVar[frozenset[str]] = frozenset()
    """What only one at a time may work with on a machine, as ``apt``."""
    guarded: ClassVar[bool] = False
    """Whether it is looked at once more right before it is changed, as what stands in the way could destroy data."""
    name: str
    after: tuple[str, ...] = ()
    follows: tuple[str, ...] = Field((), exclude=True)

    @property
    def id(self) -> str:
        return f"{self.kind}:{self.name}"

    @abstractmethod
    def facts(self) -> Iterator[Fact[Any]]:
        """The facts that ``change`` and ``verdict`` look at. Equal resources name equal facts."""

    @abstractmethod
    def change(self, facts: Facts) -> Iterator[Command]:
        """The commands that make it so; none when it is so. Pure, and blind to obstacles."""

    def verdict(self, facts: Facts) -> Verdict:  # noqa: ARG002
        """What is to be said of it; pure. Obstacles and kept differences count also where nothing is to be changed."""
        return Verdict()

    def awaits(self) -> Iterator[Command]:
        """What ends when it does its work again after its machine has started, or fails and says why it does not."""
        yield from ()

    def needs(self) -> Iterator[str]:
        """Ids of the resources that come first."""
        yield from self.after

    def joined(self, other: Resource) -> Resource:
        """What is asked for where two features ask for the same thing of a machine; by default they ask alike."""
        if other != self:
            raise ValueError(f"two features ask for {self.id}, and not for the same")
        return self

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Lack:
    """What a part of a document does not say and the feature cannot do without: where that shows, what, what to add."""

    where: tuple[str | int, ...]
    what: str
    hint: str


@dataclass(frozen=True, slots=True)
class Carried:
    """A file that the node may have, and where a container is given it: so it need not be fetched once more."""

    source: str
    path: str


@dataclass(frozen=True, slots=True)
class Feature:
    """One concern: a slice and the resources it asks for, in their order.

    ``sources`` says where the fields of the slice stand in a whole document: field name to dotted path, ``host.…`` for
    the host file, ``container.…`` for the container's entry. The feature itself never sees more than its slice.
    """

    name: str
    summary: str
    scope: Literal["host", "container"]
    slice: type[Slice]
    resources: Callable[[Any], Iterator[Resource]]
    sources: Mapping[str, str]
    needs_names: bool = False
    """Whether it needs name resolution in the machine."""
    needs: tuple[str, ...] = ()
    """Features that come first as a whole, where they are asked for."""
    siblings: frozenset[str] = frozenset()
    """Fields of the slice that ask for nothing by themselves: they help the others (spec S2)."""
    touches: tuple[str, ...] = ()
    """For people: the files, services and objects of the machine that it changes."""
    lacks: Callable[[Any], Iterable[Lack]] = lambda _piece: ()
    """What a slice that is a part lacks."""

    carries: Callable[[Any], Iterator[Carried]] = lambda _: iter(())
    """Files that the node gives a container before the feature is established there."""

    def is_empty(self, piece: Slice) -> bool:
        """Whether the slice asks for nothing at all."""
        asked = piece.model_dump(exclude_defaults=True, exclude_none=True, exclude=set(self.siblings))
        return not any(value not in ((), [], {}, "") for value in asked.values())

    def digest(self, piece: Slice) -> str:
        """The identity of what the feature establishes: its resources as data, hashed."""
        resources = self.resources(piece)
        content = [[resource.kind, resource.model_dump(mode="json", exclude={"after"})] for resource in resources]
        return fingerprint(json.dumps([self.name, content], sort_keys=True))


def fingerprint(text: str) -> str:
    """Sixteen hexadecimal digits of SHA-256: enough to tell contents apart, short enough to read."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]
