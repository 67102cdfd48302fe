"""What happens in a run, as frozen values that the journal writes down and a report draws."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """``at`` is in seconds since the epoch, on the machine's clock."""

    at: float

    def as_json(self) -> dict[str, Any]:
        return {"event": type(self).__name__.lower(), **asdict(self)}


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    run: str
    node: str
    arguments: tuple[str, ...]
    steps: int


@dataclass(frozen=True, slots=True)
class Started(Event):
    step: str
    title: str


@dataclass(frozen=True, slots=True)
class Ran(Event):
    """One command came back. Output is cut to what a reader needs; standard input is never here."""

    step: str
    command: str
    rc: int
    stdout: str
    stderr: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Done(Event):
    step: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Failed(Event):
    step: str
    reason: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Skipped(Event):
    """A step that was not tried; ``because`` is the step that failed, or why the run stopped."""

    step: str
    because: str


@dataclass(frozen=True, slots=True)
class Note(Event):
    text: str


@dataclass(frozen=True, slots=True)
class RunEnded(Event):
    run: str
    exit_code: int
    done: int
    failed: int
    skipped: int
    seconds: float
