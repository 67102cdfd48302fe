"""What runs leave behind: one JSONL file a run, and a log of readable lines (spec R8)."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from phoenix_hypervisor.command import decode
from phoenix_hypervisor.events import Done, Event, Failed, Note, Ran, RunEnded, RunStarted, Skipped, Started, from_json

_SUFFIX = ".jsonl"


def new_run() -> str:
    """An id for a run that begins now: ids sort by the time, and no two of a machine are alike."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{os.getpid()}"


@dataclass(frozen=True, slots=True)
class Places:
    """Where a run's journal goes, and where the log is."""

    journals: Path
    log: Path

    def runs(self) -> dict[str, Path]:
        """The journals that are there by the id of their run, oldest first: an id begins with the time."""
        if not self.journals.is_dir():
            return {}
        found = (path for path in sorted(self.journals.iterdir()) if path.suffix == _SUFFIX and path.is_file())
        return {path.stem: path for path in found}


class Journal:
    """An append-only record of one run. It is made by its first event: a run that does nothing leaves none."""

    def __init__(self, places: Places, run: str, verbose: bool = False) -> None:
        self.path = places.journals / f"{run}{_SUFFIX}"
        self._log_path = places.log
        self._verbose = verbose
        self._file: TextIO | None = None
        self._log: TextIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in (self._file, self._log):
            if file is not None:
                file.close()

    def __call__(self, event: Event) -> None:
        """Write the event down, at once and for good."""
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._log_path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a", encoding="utf-8", errors="surrogateescape")
            self._log = self._log_path.open("a", encoding="utf-8", errors="surrogateescape")
        self._file.write(json.dumps(event.as_json()) + "\n")
        self._file.flush()
        if self._log is not None and (line := readable(event, self._verbose)):
            self._log.write(line + "\n")
            self._log.flush()


_LINES: dict[type[Event], Callable[[Any], str]] = {
    RunStarted: lambda e: f"run {e.run} on {e.node}: {e.steps} steps ({' '.join(e.arguments)})",
    Started: lambda e: f"{e.step}: {e.title}",
    Done: lambda e: f"{e.step}: done in {e.seconds:.1f} s",
    Failed: lambda e: f"{e.step}: FAILED: {e.reason}",
    Skipped: lambda e: f"{e.step}: skipped: {e.because}",
    Note: lambda e: e.text,
    RunEnded: lambda e: f"run {e.run} ended: {e.done} done, {e.failed} failed, {e.skipped} skipped, exit {e.exit_code}",
}


def readable(event: Event, verbose: bool) -> str | None:
    """The event as a line of the log; commands only when verbose (``behavior.debug_mode``)."""
    stamp = datetime.fromtimestamp(event.at, UTC).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(event, Ran):
        return f"{stamp} {event.step}: $ {event.command} -> {event.rc}" if verbose else None
    line = _LINES.get(type(event))
    return f"{stamp} {line(event)}" if line else None


@dataclass(frozen=True, slots=True)
class Broken:
    """A line of a journal that tells nothing, counted from 1, and why."""

    path: Path
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: warning: {self.reason}."

    def as_json(self) -> dict[str, Any]:
        return {"file": str(self.path), "line": self.line, "message": f"{self.reason}."}


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a journal tells: its events in their order, and the lines that are no events."""

    events: tuple[Event, ...]
    broken: tuple[Broken, ...]


def read(path: Path) -> Recorded:
    """A journal as far as it can be read: a run that was cut off, or a disk that was, may have left half a line."""
    events: list[Event] = []
    broken: list[Broken] = []
    lines = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            events.append(from_json(json.loads(decode(line))))
        except (ValueError, RecursionError) as error:
            broken.append(Broken(path, number, _reason(error) if number < len(lines) else "the line is cut off"))
    if not events and not broken:
        broken.append(Broken(path, 1, "the journal is empty"))
    return Recorded(tuple(events), tuple(broken))


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError | RecursionError):
        return "the line is no JSON"
    return f"the line tells no event: {error}"
