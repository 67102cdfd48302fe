"""Models that Ollama is to have."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, ClassVar

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.documents.types import Word
from phoenix_hypervisor.machine import Fact, Facts, answered
from phoenix_hypervisor.resource import Resource, Symbol, Verdict

_TIMEOUT = 7200.0
_LOOK = 'curl --silent --fail --max-time 5 "$1/api/tags" || :\n'


def whole(name: str) -> str:
    """A model's name with its tag."""
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def _names(result: Result) -> frozenset[str]:
    """The models that the server tells; none while it does not answer."""
    text = answered(result, "which models Ollama has").strip()
    try:
        return frozenset(str(each["name"]) for each in json.loads(text)["models"] or ()) if text else frozenset()
    except (ValueError, TypeError, KeyError):
        return frozenset()


class Models(Resource):
    """Models that the server has, each with its tag; others are left alone. ``name`` is the server's address.

    One that is there is not fetched again: what its makers put behind the same tag later does not come by itself.
    """

    kind: ClassVar[str] = "ollama.models"
    program: str
    models: tuple[Word, ...]

    @property
    def _fact(self) -> Fact[frozenset[str]]:
        return Fact("models of Ollama", Command("sh", "-s", "--", self.name, stdin=_LOOK, timeout=20.0), _names)

    def facts(self) -> Iterator[Fact[Any]]:
        yield self._fact

    def _missing(self, facts: Facts) -> list[str]:
        return [name for name in self.models if whole(name) not in facts[self._fact]]

    def change(self, facts: Facts) -> Iterator[Command]:
        for name in self._missing(facts):
            argv = ("env", "HOME=/root", f"OLLAMA_HOST={self.name}", self.program, "pull", name)
            yield Command(*argv, timeout=_TIMEOUT)

    def verdict(self, facts: Facts) -> Verdict:
        return Verdict(Symbol.ADD, f"not there: {', '.join(self._missing(facts))}")

    def __str__(self) -> str:
        return f"models {', '.join(self.models)}"
