"""Datasets of ours, and storages on them, that are declared no more: they hold data, so they are only told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.features.host.zfs.states import MARKED
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.resource import Difference, Resource, Verdict
from phoenix_hypervisor.resources.storage import STORAGES


class Leftovers(Resource):
    """The names of what is declared; what is of ours beside that is told, and stays."""

    kind: ClassVar[str] = "zfs.leftovers"
    name: Literal["datasets"] = "datasets"
    datasets: tuple[str, ...] = ()
    storages: tuple[str, ...] = ()

    def facts(self) -> Iterator[Fact[Any]]:
        yield MARKED
        yield STORAGES

    def change(self, facts: Facts) -> Iterator[Command]:  # noqa: ARG002
        yield from ()

    def verdict(self, facts: Facts) -> Verdict:
        return Verdict(kept=(*self._datasets(facts), *self._storages(facts)))

    def _datasets(self, facts: Facts) -> Iterator[Difference]:
        for name in sorted(facts[MARKED].keys() - set(self.datasets)):
            why = f"It holds data, so it is not destroyed; if it is not wanted: zfs destroy {name}."
            yield Difference(f"the dataset {name} is no longer declared", why)

    def _storages(self, facts: Facts) -> Iterator[Difference]:
        places = {place: name for name, place in facts[MARKED].items() if place.startswith("/")}
        for one in facts[STORAGES].values():
            dataset = one.pool if one.pool in facts[MARKED] else places.get((one.path or "").rstrip("/"))
            if dataset is not None and one.id not in self.storages:
                why = f"It may hold guests, so it stays; if it is not wanted: pvesm remove {one.id}."
                yield Difference(f"the storage {one.id} on {dataset} is no longer declared", why)

    def __str__(self) -> str:
        return "datasets that are no longer declared"
