"""Folders that a service writes into: its user's, where nobody else has them."""

from __future__ import annotations

from collections.abc import Iterator

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.machine import Facts
from phoenix_hypervisor.resources.directory import Directory


class OwnFolder(Directory):
    """A folder of ``owner`` and its group: made where it is not there, taken over while it is still root's.

    One that has another owner stays: it is shared, and its owner says who may write into it.
    """

    def change(self, facts: Facts) -> Iterator[Command]:
        seen = facts[self._fact]
        if seen is None or seen[1] == "root":
            yield from super().change(facts)
