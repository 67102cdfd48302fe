"""Groups of a machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.resource import Resource, Symbol, Verdict
from phoenix_hypervisor.resources.accounts import ACCOUNTS, AccountName


class Group(Resource):
    """A group that is there; who is in it is the users' affair."""

    kind: ClassVar[str] = "group"
    name: AccountName

    def facts(self) -> Iterator[Fact[Any]]:
        yield ACCOUNTS

    def change(self, facts: Facts) -> Iterator[Command]:
        if self.name not in facts[ACCOUNTS].groups:
            yield Command("groupadd", self.name)

    def verdict(self, facts: Facts) -> Verdict:  # noqa: ARG002
        return Verdict(Symbol.ADD, "not there yet")
