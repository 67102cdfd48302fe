"""What runs on in a container of Docker's: a program that answers over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from phoenix_hypervisor.simulator.process import Machine


@dataclass(frozen=True)
class Request:
    """A request: names of headers in small letters; the fields of a form, where one was sent."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    form: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Answer:
    """A status and a body."""

    status: int
    body: str = ""


def told(status: int, found: Any) -> Answer:
    """An answer in JSON, as Go writes it."""
    return Answer(status, json.dumps(found, separators=(",", ":")) + "\n")


def refused(status: int, message: str, details: str = "") -> Answer:
    """What went wrong, as Portainer's programs tell it."""
    return told(status, {"message": message, "details": details or message})


@dataclass(frozen=True)
class Inside:
    """A program's surroundings: its machine, its arguments, its environment, where its files lie, since when it runs.

    ``ask`` sends a request to an address: None where nothing answers there. ``kept`` is what its container remembers
    while it runs.
    """

    machine: Machine
    name: str
    tag: str
    command: Sequence[str]
    environment: Mapping[str, str]
    binds: Mapping[str, str]
    since: float
    ask: Callable[[str, Request], Answer | None]
    kept: dict[str, str]

    def place(self, path: str) -> str:
        """Where a file of the container's lies on the machine; empty for one of the image."""
        for target, source in self.binds.items():
            if path == target or path.startswith(f"{target}/"):
                return source + path[len(target) :]
        return ""


class Service(Protocol):
    """A program of an image."""

    port: int
    """Where it listens, with TLS."""

    def fault(self, inside: Inside) -> str:
        """Why it ends right after its start; empty when it goes on."""

    def begin(self, inside: Inside) -> None:
        """What it does first."""

    def answer(self, inside: Inside, request: Request) -> Answer: ...
