"""A layer's stamp inside its container: that it is established, and from what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.features.lifecycle.inside import stamp
from phoenix_hypervisor.features.lifecycle.marks import LAYERS
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.resource import Resource


def _digest(result: Result) -> str:
    """The stamp's text; empty where there is none."""
    return result.stdout.strip()


class Stamp(Resource):
    """The stamp of a layer; ``name`` is the layer. It comes last: what it says is so by then."""

    kind: ClassVar[str] = "stamp"
    digest: str

    @property
    def _fact(self) -> Fact[str]:
        return Fact(f"stamp {self.name}", Command("cat", f"{LAYERS}/{self.name}"), _digest)

    def facts(self) -> Iterator[Fact[Any]]:
        yield self._fact

    def change(self, facts: Facts) -> Iterator[Command]:
        if facts[self._fact] != self.digest:
            yield stamp(self.name, self.digest)
