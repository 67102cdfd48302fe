"""The storage of Proxmox on a dataset, where a slice does not say what it is called or where the dataset is mounted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.features.host.zfs.states import state_of
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.proxmox.storage import Storage as Seen
from phoenix_hypervisor.resource import Verdict
from phoenix_hypervisor.resources.storage import STORAGES, Storage

_PLACES = {"dir": "path", "nfs": "export"}
"""Which option says where the dataset is mounted."""


class StorageOf(Storage):
    """The storage that lies on ``dataset`` already, whatever it is called; else one that is made where it is mounted.

    ``is_named``: its id is declared. ``is_placed``: where the dataset is mounted is declared.
    """

    dataset: str
    is_named: bool
    is_placed: bool

    def facts(self) -> Iterator[Fact[Any]]:
        yield from super().facts()
        yield from (state_of(name) for name in self._line())

    def _line(self) -> list[str]:
        """The dataset and those above it, the nearest first."""
        parts = self.dataset.split("/")
        return ["/".join(parts[:end]) for end in range(len(parts), 0, -1)]

    def _place(self, facts: Facts) -> str:
        """Where it is mounted, or will be once it is made."""
        for name in self._line():
            state = facts[state_of(name)]
            if state is not None and (place := state.get("mountpoint", ("", ""))[0]).startswith("/"):
                return place.rstrip("/") + self.dataset.removeprefix(name)
        return f"/{self.dataset}"

    def _found(self, facts: Facts) -> Storage:
        """What is declared, with what the node has where nothing is."""
        options = dict(self.options)
        if (place := _PLACES.get(self.type)) and not self.is_placed:
            options[place] = self._place(facts)
        there = [one for one in facts[STORAGES].values() if self._lies(one, options)]
        fitting = [one for one in there if one.id == self.name or not self.is_named]
        chosen = min(fitting, key=lambda one: (one.id != self.name, one.id), default=None)
        if chosen is not None:
            options = {key: value or chosen.options.get(key, "") for key, value in options.items()}
        return Storage(
            name=chosen.id if chosen else self.name,
            type=self.type,
            options=options,
            content=self.content,
            lacks="" if chosen else self.lacks,
        )

    def _lies(self, one: Seen, options: dict[str, str]) -> bool:
        """Whether a storage is of that type, and over that dataset."""
        key = _PLACES.get(self.type, "pool")
        return one.type == self.type and one.options.get(key, "").rstrip("/") == options[key].rstrip("/")

    def change(self, facts: Facts) -> Iterator[Command]:
        yield from self._found(facts).change(facts)

    def verdict(self, facts: Facts) -> Verdict:
        return self._found(facts).verdict(facts)

    def __str__(self) -> str:
        return f"storage {self.name}" if self.is_named else f"storage on {self.dataset}"
