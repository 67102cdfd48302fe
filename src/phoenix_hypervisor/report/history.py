"""A past run, put together from its events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from phoenix_hypervisor.events import Done, Event, Failed, Note, Ran, RunEnded, RunStarted, Skipped, Started

Ending = Literal["done", "failed", "skipped", "cut off"]


@dataclass(frozen=True, slots=True)
class PastStep:
    """One step: how it ended, after how many seconds (None when that is not known), why, and what it ran."""

    id: str
    title: str = ""
    ending: Ending = "cut off"
    seconds: float | None = None
    reason: str = ""
    commands: tuple[Ran, ...] = ()

    @property
    def failed(self) -> bool:
        return self.ending in ("failed", "cut off")

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "title": self.title,
            "outcome": self.ending,
            "seconds": self.seconds,
            "reason": self.reason,
            "commands": len(self.commands),
        }


@dataclass(frozen=True, slots=True)
class PastRun:
    """One run. ``planned`` is how many steps it had; ``exit_code`` is None when it was cut off, or is still at work."""

    id: str
    when: datetime | None
    node: str
    arguments: tuple[str, ...]
    planned: int
    seconds: float
    exit_code: int | None
    steps: tuple[PastStep, ...]
    notes: tuple[str, ...]

    def count(self, ending: Ending) -> int:
        return sum(step.ending == ending for step in self.steps)

    @property
    def failed(self) -> bool:
        return self.exit_code != 0

    def as_json(self) -> dict[str, Any]:
        return {
            "run": self.id,
            "when": self.when.isoformat() if self.when else None,
            "node": self.node,
            "arguments": list(self.arguments),
            "planned": self.planned,
            "seconds": round(self.seconds, 3),
            "done": self.count("done"),
            "failed": self.count("failed"),
            "skipped": self.count("skipped"),
            "cut_off": self.exit_code is None,
            "exit_code": self.exit_code,
        }


def past_run(run: str, events: Iterable[Event]) -> PastRun:
    """The run of that id, as far as its events tell."""
    told = tuple(events)
    begun = next((event for event in told if isinstance(event, RunStarted)), None)
    ended = next((event for event in told if isinstance(event, RunEnded)), None)
    by_step: dict[str, list[Event]] = {}
    for event in told:
        if isinstance(event, Started | Ran | Done | Failed | Skipped):
            by_step.setdefault(event.step, []).append(event)
    return PastRun(
        id=run,
        when=_when(run, told),
        node=begun.node if begun else "",
        arguments=begun.arguments if begun else (),
        planned=begun.steps if begun else len(by_step),
        seconds=ended.seconds if ended else max((event.at for event in told), default=0.0) - _first(told),
        exit_code=ended.exit_code if ended else None,
        steps=tuple(_step(step_id, its) for step_id, its in by_step.items()),
        notes=tuple(event.text for event in told if isinstance(event, Note)),
    )


def _first(events: tuple[Event, ...]) -> float:
    return min((event.at for event in events), default=0.0)


def _when(run: str, events: tuple[Event, ...]) -> datetime | None:
    """The time in the id, which is that of the machine that Phoenix ran on; else that of the first event."""
    try:
        return datetime.strptime(run.partition(".")[0], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return datetime.fromtimestamp(_first(events), UTC) if events else None


def _step(step_id: str, events: list[Event]) -> PastStep:
    title, reason = "", ""
    ending: Ending = "cut off"
    seconds: float | None = None
    commands: list[Ran] = []
    for event in events:
        match event:
            case Started():
                title = event.title
            case Ran():
                commands.append(event)
            case Done():
                ending, seconds = "done", event.seconds
            case Failed():
                ending, seconds, reason = "failed", event.seconds, event.reason
            case Skipped():
                ending, reason = "skipped", event.because
    return PastStep(step_id, title, ending, seconds, reason, tuple(commands))
