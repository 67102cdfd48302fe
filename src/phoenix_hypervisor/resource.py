"""Resources: what ought to be on a machine; features: one slice of the configuration turned into resources."""

from __future__ import annotations

import hashlib
import json
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.machine import Fact, Facts


class Slice(BaseModel):
    """The piece of configuration that one feature gets: its desired state, validated, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Resource(Slice):
    """One thing that ought to be: what it is, what it must know, what to do about the difference."""

    kind: ClassVar[str]
    name: str

    @property
    def id(self) -> str:
        return f"{self.kind}:{self.name}"

    @abstractmethod
    def facts(self) -> Iterator[Fact[Any]]:
        """The facts that ``change`` looks at."""

    @abstractmethod
    def change(self, facts: Facts) -> Iterator[Command]:
        """The commands that make it so; none when it is so. Pure."""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


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

    def digest(self, piece: Slice) -> str:
        """The identity of what the feature establishes: its resources as data, hashed."""
        content = [[resource.kind, resource.model_dump(mode="json")] for resource in self.resources(piece)]
        return fingerprint(json.dumps([self.name, content], sort_keys=True))


def fingerprint(text: str) -> str:
    """Sixteen hexadecimal digits of SHA-256: enough to tell contents apart, short enough to read."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]
