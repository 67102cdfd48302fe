"""Past runs as text. What was recorded never reaches a terminal as it is: it may hold escape sequences."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from phoenix_hypervisor.events import Ran
from phoenix_hypervisor.report.graph import plain
from phoenix_hypervisor.report.history import Ending, PastRun, PastStep
from phoenix_hypervisor.report.style import Style
from phoenix_hypervisor.report.text import duration, plural

_HEAD = ("RUN", "WHEN (UTC)", "NODE", "TOOK", "DONE", "FAILED", "SKIPPED", "EXIT", "COMMAND")
_ID_WIDTH = 24
_COLOURS: dict[Ending, str] = {"done": "ok", "failed": "bad", "skipped": "dim", "cut off": "bad"}


def render_runs(runs: Sequence[PastRun], style: Style) -> str:
    """A line for each run, in the order given."""
    body = [_row(run) for run in runs]
    widths = [max(len(row[column]) for row in (_HEAD, *body)) for column in range(len(_HEAD) - 1)]
    lines = [style.paint(_line(_HEAD, widths), "dim")]
    for run, row in zip(runs, body, strict=True):
        line = _line(row, widths)
        lines.append(style.paint(line, "bad") if run.failed else line)
    return "\n".join(lines)


def _row(run: PastRun) -> tuple[str, ...]:
    counts = (str(run.count(ending)) for ending in ("done", "failed", "skipped"))
    ended = "cut off" if run.exit_code is None else str(run.exit_code)
    return (plain(run.id), _when(run), plain(run.node) or "?", duration(run.seconds), *counts, ended, _typed(run))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=False)]
    return "  ".join([*padded, *cells[len(widths) :]])


def _when(run: PastRun) -> str:
    return f"{run.when:%Y-%m-%d %H:%M:%S}" if run.when else "?"


def _typed(run: PastRun) -> str:
    """The command line that started it."""
    return in_one_line(shlex.join(("phoenix", *run.arguments))) if run.arguments else "?"


def in_one_line(text: str) -> str:
    """Recorded text for one line of a terminal: line ends as ``\\n``, other control characters by their number."""
    return "\\n".join(map(plain, text.split("\n")))


def render_run(run: PastRun, style: Style, only_failed: bool = False) -> str:
    """One run: its steps in the order in which they began, then what was noted."""
    lines = [
        style.paint(f"Run {plain(run.id)} on {plain(run.node) or '?'}, {_when(run)}{' UTC' * bool(run.when)}", "bold"),
        _typed(run),
        _summary(run),
        "",
    ]
    shown = [step for step in run.steps if step.failed or not only_failed]
    width = min(_ID_WIDTH, max((len(plain(step.id)) for step in shown), default=0))
    for step in shown:
        lines += _step_lines(step, width, style)
    if (waiting := run.planned - len(run.steps)) > 0 and not only_failed:
        lines.append(f"{plural(waiting, 'step')} not begun.")
    lines += [f"Note: {in_one_line(note)}" for note in run.notes]
    return "\n".join(lines).rstrip("\n")


def _summary(run: PastRun) -> str:
    endings: tuple[Ending, ...] = ("failed", "skipped", "cut off")
    parts = [f"{run.count('done')} of {plural(run.planned, 'step')} done"]
    parts += [f"{run.count(ending)} {ending}" for ending in endings if run.count(ending)]
    if run.exit_code is None:
        return (
            f"{', '.join(parts)} in {duration(run.seconds)}; no end is recorded: it was cut off, or is still at work."
        )
    return f"{', '.join(parts)} in {duration(run.seconds)}; exit {run.exit_code}."


def _step_lines(step: PastStep, width: int, style: Style) -> Iterator[str]:
    took = "" if step.seconds is None else duration(step.seconds)
    mark = style.paint(f"{step.ending:<7}", _COLOURS[step.ending])
    first, *rest = [in_one_line(text) for text in (step.title, step.reason) if text] or [""]
    yield f"{mark}  {plain(step.id):<{width}}  {took:>11}  {first}".rstrip()
    for text in rest:
        yield f"{'':7}  {text}"


def render_step(run: PastRun, step: PastStep, style: Style, only_failed: bool = False) -> str:
    """One step of a run: every command with its exit status, duration and output."""
    took = "" if step.seconds is None else f" after {duration(step.seconds)}"
    lines = [f"{style.paint(plain(step.id), 'bold')} of run {plain(run.id)}: {step.ending}{took}"]
    lines += [in_one_line(text) for text in (step.title, step.reason) if text]
    shown = [command for command in step.commands if command.rc or not only_failed]
    for command in shown:
        lines += _command_lines(command, style)
    if not shown:
        lines += ["", "No command failed." if step.commands else "It ran no command."]
    return "\n".join(lines)


def _command_lines(command: Ran, style: Style) -> Iterator[str]:
    yield ""
    yield f"$ {in_one_line(command.command)}"
    yield style.paint(f"exit {command.rc} after {duration(command.seconds)}", "bad" if command.rc else "dim")
    for name, text in (("stdout", command.stdout), ("stderr", command.stderr)):
        for line in text.removesuffix("\n").split("\n") if text else ():
            yield f"{style.paint(name, 'dim')}  {plain(line.expandtabs())}".rstrip()
