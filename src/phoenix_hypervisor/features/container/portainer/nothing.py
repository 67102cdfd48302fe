"""The roles that ask for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.resource import Resource

Role = Literal["server", "agent", "infrastructure", "none"]


class Nothing(Resource):
    """Nothing is to be there for this role, which is the name."""

    kind: ClassVar[str] = "portainer.nothing"
    name: Role

    def facts(self) -> Iterator[Fact[Any]]:
        yield from ()

    def change(self, facts: Facts) -> Iterator[Command]:  # noqa: ARG002
        yield from ()

    def __str__(self) -> str:
        return f"the role {self.name} asks for nothing"
