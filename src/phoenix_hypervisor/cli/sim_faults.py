"""``phoenix sim fault`` and ``phoenix sim faults``: commands of a simulated node that misbehave."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from pathlib import Path

import click

from phoenix_hypervisor.cli.options import output_option
from phoenix_hypervisor.cli.where import held_file, sim_file
from phoenix_hypervisor.errors import UsageError
from phoenix_hypervisor.simulator.faults import Fault, Kind
from phoenix_hypervisor.simulator.node import Node

_SAYS = {
    Kind.FAIL: "fails, having done nothing",
    Kind.HANG: "never comes back",
    Kind.SILENT: "succeeds without a word, having done nothing",
    Kind.GARBAGE: "succeeds with rubbish, having done nothing",
    Kind.DIE: "is killed",
    Kind.LATE: "does everything, then says that it failed",
}


@click.command(
    "fault",
    epilog="""\b
Kinds:
  fail     exit 255 and a text, nothing done
  hang     never comes back, nothing done; the caller's time limit ends it
  silent   exit 0, no output, nothing done
  garbage  exit 0, rubbish on standard output, nothing done
  die      killed in the middle: what it did so far stays, its locks too; exit 137
  late     everything done, then exit 255 and a text
\b
A WORD is a word of the command line from its beginning, or a glob pattern for one. Commands in scripts and in
containers count as well. Words that begin with a dash come after --, and options before it.
A run that only looks counts in memory, and leaves what is in FILE as it was.
\b
Example:
  phoenix sim fault node.json fail --times 1 pct start 950
  phoenix sim fault node.json die --after 3 pct create
  phoenix sim fault node.json hang -- lxc-attach -n 950
\b
Exit codes: 0 done; 1 FILE holds no node; 2 usage error; 5 a run is at work on the node.""",
)
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("kind", type=click.Choice([kind.value for kind in Kind]))
@click.argument("words", nargs=-1, required=True, metavar="WORD...")
@click.option("--times", type=click.IntRange(1), metavar="N", help="So many calls misbehave. Default: all.")
@click.option("--skip", type=click.IntRange(0), default=0, metavar="N", help="So many calls are honest before.")
@click.option("--after", type=click.IntRange(0), metavar="PAUSES", help="die: amid the pause after so many; default 1.")
@click.option("--text", metavar="TEXT", help="fail, late, garbage: what the command writes.")
@output_option()
def fault(
    file: Path,
    kind: str,
    words: tuple[str, ...],
    times: int | None,
    skip: int,
    after: int | None,
    text: str | None,
    output: str,
) -> int:
    """Make commands of the simulated node in FILE misbehave: those that begin with the WORDs."""
    chosen = Kind(kind)
    if after is not None and chosen is not Kind.DIE:
        raise UsageError(f"--after means nothing to {kind}.", "Leave it out, or take the kind die.")
    if text is not None and not chosen.tells:
        raise UsageError(f"--text means nothing to {kind}.", "Leave it out, or take fail, late or garbage.")
    planted = Fault(chosen, words, times, skip, 1 if after is None else after, text or "")
    _require(file)
    with held_file(file):
        node = Node.load(file)
        node.faults.add(planted)
        node.save(file)
    if output == "json":
        click.echo(json.dumps({"file": str(file), "fault": asdict(planted)}, ensure_ascii=False))
    else:
        click.echo(f"{file}: {_line(planted)}")
    return 0


@click.command(
    "faults",
    epilog="""\b
Example:
  phoenix sim faults node.json --clear
\b
Exit codes: 0 done; 1 FILE holds no node; 2 usage error; 5 --clear, and a run is at work on the node.""",
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--clear", is_flag=True, help="Take all of them away.")
@output_option()
def faults(file: Path, clear: bool, output: str) -> int:
    """List the faults of the simulated node in FILE, each as what is left of it."""
    _require(file)
    cleared = _clear(file) if clear else 0
    left = list(Node.load(file).faults)
    if output == "json":
        listing = [asdict(one) for one in left]
        click.echo(json.dumps({"file": str(file), "faults": listing, "cleared": cleared}, ensure_ascii=False))
    elif clear:
        click.echo(f"{file}: {cleared} fault{'s' if cleared != 1 else ''} taken away.")
    else:
        click.echo("\n".join(map(_line, left)) or f"{file}: no fault.")
    return 0


def _clear(file: Path) -> int:
    with held_file(file):
        node = Node.load(file)
        count = len(node.faults)
        node.faults.clear()
        node.save(file)
    return count


def _require(file: Path) -> None:
    if not sim_file(str(file)).exists():
        raise UsageError(f"There is no {file}.", f"Make it: phoenix sim new {file}")


def _line(one: Fault) -> str:
    """A fault in a sentence."""
    which = shlex.join(one.words) if one.words else "any command"
    parts = [f"{which} {_SAYS[one.kind]}"]
    if one.kind is Kind.DIE:
        parts.append(f"after {_count(one.pauses, 'pause')}")
    parts.append("each time" if one.times is None else "once" if one.times == 1 else f"{one.times} times")
    if one.skip:
        parts.append(f"after {_count(one.skip, 'honest call')}")
    if one.top:
        parts.append("counted over all commands that come from outside")
    return ", ".join(parts) + "."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"
