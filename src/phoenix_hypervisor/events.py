"""What happens in a run, as frozen values that the journal writes down and a report draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
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


KINDS: Mapping[str, type[Event]] = {
    kind.__name__.lower(): kind for kind in (RunStarted, Started, Ran, Done, Failed, Skipped, Note, RunEnded)
}
"""Every event by the name that it has in JSON."""

_LARGEST = 6e10
"""Seconds before and after the epoch for which a calendar has dates."""


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST


_IS: Mapping[str, Callable[[Any], bool]] = {
    "str": lambda value: isinstance(value, str),
    "int": _whole,
    "float": lambda value: _whole(value) or (isinstance(value, float) and abs(value) < _LARGEST),
    "tuple[str, ...]": lambda value: isinstance(value, list) and all(isinstance(each, str) for each in value),
}
"""What JSON may hold for a field, by the field's type."""


def from_json(data: Any) -> Event:
    """The event that ``as_json`` wrote, fields that it does not know left out; ValueError for anything else."""
    if not isinstance(data, dict):
        raise ValueError("an object is expected")
    kind = KINDS.get(str(data.get("event")))
    if kind is None:
        raise ValueError("its kind is not known")
    values: dict[str, Any] = {}
    for field in fields(kind):
        value = data.get(field.name)
        if not _IS[str(field.type)](value):
            raise ValueError(f'its "{field.name}" is missing or wrong')
        values[field.name] = tuple(value) if isinstance(value, list) else value
    return kind(**values)
