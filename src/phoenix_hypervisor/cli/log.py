"""``phoenix log``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from phoenix_hypervisor.cli.options import on_option, output_option
from phoenix_hypervisor.cli.session import terminal_style
from phoenix_hypervisor.cli.where import places_of, sim_file
from phoenix_hypervisor.errors import UsageError
from phoenix_hypervisor.journal import Broken, Places, read
from phoenix_hypervisor.report.graph import plain
from phoenix_hypervisor.report.history import PastRun, PastStep, past_run
from phoenix_hypervisor.report.log import render_run, render_runs, render_step

_NAMED = 5


@click.command(
    "log",
    epilog="""\b
Example:
  phoenix log --on sim:node.json --failed
  phoenix log last --on sim:node.json
  phoenix log last 950:start --on sim:node.json
\b
Exit codes: 0 shown; 1 the journals could not be read; 2 no such run or step, or usage error.""",
)
@click.argument("run", required=False)
@click.argument("step", required=False)
@on_option
@output_option()
@click.option("--last", "-n", type=click.IntRange(1), metavar="N", help="Only the last N runs.")
@click.option("--failed", is_flag=True, help="Only runs, steps or commands that did not succeed.")
def command(run: str | None, step: str | None, on: str | None, output: str, last: int | None, failed: bool) -> int:
    """Show past runs, one run, or one step.

    RUN and STEP may be abbreviated as long as it is clear what is meant; RUN may be "last". No node is needed: off a
    node, and with --on sim, it shows the runs on fresh simulated nodes; with --on sim:FILE those on that one.
    """
    places = _places(on)
    if run is None:
        return _tell_runs(places, last, failed, output)
    if last is not None:
        raise UsageError("--last limits the listing of runs.", "Leave it out, or RUN.")
    journals = places.runs()
    if not journals:
        raise UsageError(f"There are no runs in {places.journals}.", "Say with --on whose runs are meant.")
    run_id = next(reversed(journals)) if run == "last" else _pick("run", run, list(journals))
    found, broken = _read(run_id, journals[run_id])
    if step is None:
        return _tell_run(found, broken, failed, output)
    step_id = _pick("step", step, [each.id for each in found.steps])
    return _tell_step(found, next(each for each in found.steps if each.id == step_id), broken, failed, output)


def _places(on: str | None) -> Places:
    """Where the journals are; a simulated node that left neither itself nor journals is a slip of the pen."""
    places = places_of(on)
    if on and on.startswith("sim:") and not places.journals.exists():
        path = sim_file(on.removeprefix("sim:"))
        if not path.exists():
            raise UsageError(f"There is no {path}, and no run on it.", "Say with --on whose runs are meant.")
    return places


def _pick(noun: str, word: str, known: Sequence[str]) -> str:
    """The id that the word is, or is the only beginning of."""
    begun = [word] if word in known else [each for each in known if each.startswith(word)]
    if len(begun) == 1:
        return begun[0]
    if begun:
        raise UsageError(f'"{word}" begins {len(begun)} {noun}s: {_some(begun)}.', "Say more of it.")
    near = get_close_matches(word, known, n=1)
    hint = f'Did you mean "{plain(near[0])}"?' if near else f"There are: {_some(known)}." if known else ""
    raise UsageError(f'There is no {noun} "{word}".', hint)


def _some(ids: Sequence[str]) -> str:
    """The last few: of runs, the newest."""
    named = ", ".join(map(plain, ids[-_NAMED:]))
    return f"…, {named}" if len(ids) > _NAMED else named


def _read(run_id: str, path: Path) -> tuple[PastRun, tuple[Broken, ...]]:
    recorded = read(path)
    return past_run(run_id, recorded.events), recorded.broken


def _tell_runs(places: Places, last: int | None, failed: bool, output: str) -> int:
    """The newest are read first, and no more than are asked for."""
    runs: list[PastRun] = []
    broken: list[Broken] = []
    for run_id, path in reversed(places.runs().items()):
        if len(runs) == last:
            break
        found, flaws = _read(run_id, path)
        broken[:0] = flaws
        if found.failed or not failed:
            runs.insert(0, found)
    if output == "json":
        return _tell_json({"runs": [run.as_json() for run in runs]}, broken)
    _warn(broken)
    nothing = f"No run{' that failed' if failed else ''} in {places.journals}."
    click.echo(render_runs(runs, terminal_style()) if runs else nothing)
    return 0


def _tell_run(run: PastRun, broken: Sequence[Broken], failed: bool, output: str) -> int:
    if output == "json":
        steps = [step.as_json() for step in run.steps if step.failed or not failed]
        return _tell_json(run.as_json() | {"steps": steps, "notes": list(run.notes)}, broken)
    _warn(broken)
    click.echo(render_run(run, terminal_style(), failed))
    return 0


def _tell_step(run: PastRun, step: PastStep, broken: Sequence[Broken], failed: bool, output: str) -> int:
    if output == "json":
        commands = [asdict(each) for each in step.commands if each.rc or not failed]
        return _tell_json({"run": run.id, **step.as_json(), "commands": commands}, broken)
    _warn(broken)
    click.echo(render_step(run, step, terminal_style(), failed))
    return 0


def _tell_json(shown: dict[str, Any], broken: Iterable[Broken]) -> int:
    """In ASCII: what was recorded may hold what a terminal would obey, or what is no UTF-8."""
    click.echo(json.dumps(shown | {"warnings": [each.as_json() for each in broken]}, indent=2))
    return 0


def _warn(broken: Iterable[Broken]) -> None:
    for each in broken:
        click.echo(plain(str(each)), err=True)
