"""A run as it goes: plain lines, or a live picture on a terminal. Both are fed with events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from phoenix_hypervisor.events import Done, Event, Failed, Note, Skipped, Started
from phoenix_hypervisor.plan.step import Plan
from phoenix_hypervisor.report.style import Style
from phoenix_hypervisor.report.text import duration


class Lines:
    """One line for each step that ended."""

    def __init__(self, plan: Plan, write: Callable[[str], None], style: Style) -> None:
        self._plan = plan
        self._write = write
        self._style = style
        self._titles = {step.id: step.title for step in plan.steps}
        self._count = 0

    def __call__(self, event: Event) -> None:
        line = self._line(event)
        if line:
            self._write(line)

    def _line(self, event: Event) -> str | None:
        if isinstance(event, Note):
            return event.text
        if isinstance(event, Done):
            return f"{self._head(event.step, 'ok', 'done')}  {self._style.paint(duration(event.seconds), 'dim')}"
        if isinstance(event, Failed):
            return f"{self._head(event.step, 'bad', 'FAILED')}\n           {event.reason}"
        if isinstance(event, Skipped):
            return f"{self._head(event.step, 'dim', 'skipped')}  {self._style.paint(event.because, 'dim')}"
        return None

    def _head(self, step_id: str, colour: str, word: str) -> str:
        self._count += 1
        total = len(self._titles)
        place = f"[{self._count:>{len(str(total))}}/{total}]"
        target = step_id.partition(":")[0]
        return f"{place} {self._style.paint(f'{word:<7}', colour)} {target} {self._titles.get(step_id, '')}"


class Live:
    """Lines for what ended, and below them what is running, redrawn with every event."""

    def __init__(self, plan: Plan, style: Style, console: Any) -> None:
        from rich.live import Live as Screen

        self._lines = Lines(plan, console.print, style)
        self._titles: Mapping[str, str] = {step.id: step.title for step in plan.steps}
        self._running: dict[str, float] = {}
        self._console = console
        self._screen = Screen(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> Live:
        self._screen.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._screen.stop()

    def __call__(self, event: Event) -> None:
        from rich.text import Text

        if isinstance(event, Started):
            self._running[event.step] = event.at
        elif isinstance(event, Done | Failed | Skipped):
            self._running.pop(event.step, None)
        if (line := self._lines._line(event)) is not None:
            self._console.print(Text.from_ansi(line))
        rows = [f"  … {step.partition(':')[0]} {self._titles.get(step, '')}" for step in list(self._running)[:12]]
        self._screen.update(Text("\n".join(rows)), refresh=True)
