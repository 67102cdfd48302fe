"""Many commands as one script for ``sh``, and the script's output as many results.

Either all are run, as they only look; or each changes something and the first that fails is the last that runs.

The script frames each result by its exit status and the lengths of its two outputs in bytes, so that no output can be
taken for another's. Input and output lie in memory (/run), as there may be secrets in them; a script that is ended ends
its command. It needs nothing but sh, timeout, mktemp, wc, cat, head and rm, and runs the same on a node, over a folder
in a test, and in the simulator.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from phoenix_hypervisor.command import Command, Result, decode, encode
from phoenix_hypervisor.errors import TransportError

_PRELUDE = """\
cd "$1" || exit 1
t=$(mktemp -d -p /run 2>/dev/null || mktemp -d) || exit 1
p=
trap 'rm -rf "$t"' EXIT
trap 'trap "" TERM; [ -z "$p" ] || { kill "$p"; wait "$p"; } 2>/dev/null; exit 143' TERM
run() {
  limit=$1 grace=$2
  shift 2
  timeout -k "$grace" "$limit" "$@" <"$t/i" >"$t/o" 2>"$t/e" &
  p=$!
  wait "$p"
  rc=$? p=
  out=$(($(wc -c <"$t/o"))) err=$(($(wc -c <"$t/e")))
  printf '%s %s %s\\n' "$rc" "$out" "$err"
  head -c "$out" "$t/o"
  head -c "$err" "$t/e"
}
"""
_GRACE = 10.0
_LOOK, _CHANGE = 2, 25
"""Seconds between asking a command to end and killing it: fewer than whoever ends the script itself grants it."""


def pack(commands: Sequence[Command], root: str = "/", changes: Sequence[Command] = ()) -> Command:
    """One command that runs the changes in their order, then all the commands, in the folder ``root``.

    The first change that fails ends it. Its limit is the sum of theirs.
    """
    lines = [_PRELUDE]
    for command in changes:
        lines.append(_line(command, _CHANGE))
        lines.append('[ "$rc" -eq 0 ] || exit 0\n')
    lines += [_line(command, _LOOK) for command in commands]
    all_of_them = (*changes, *commands)
    limit = sum(command.timeout for command in all_of_them) + _CHANGE * len(changes) + _GRACE
    confidential = any(command.confidential for command in all_of_them)
    return Command("sh", "-s", "--", root, stdin="".join(lines), timeout=limit, confidential=confidential)


def _line(command: Command, grace: int) -> str:
    return f"{_standard_input(command.stdin)}run {command.timeout:g} {grace} {shlex.join(command.argv)}\n"


def _standard_input(text: str) -> str:
    if not text:
        return ': >"$t/i" || exit 1\n'
    if not text.endswith("\n"):
        return f"printf '%s' {shlex.quote(text)} >\"$t/i\" || exit 1\n"
    mark = "END_OF_INPUT"
    while mark in text:
        mark += "_"
    return f"cat >\"$t/i\" <<'{mark}' || exit 1\n{text}{mark}\n"


def unpack(result: Result, count: int, changes: int = 0) -> list[Result]:
    """The results of a packed script, those of its changes first; TransportError when its output is not whole.

    Where a change failed its result is the last.
    """
    rest = encode(result.stdout)
    found: list[Result] = []
    while rest and len(found) < changes + count and not _ended(found, changes):
        head, newline, rest = rest.partition(b"\n")
        try:
            rc, out, err = (int(number) for number in head.split())
        except ValueError:
            break
        if not newline or len(rest) < out + err:
            break
        found.append(Result(rc, decode(rest[:out]), decode(rest[out : out + err])))
        rest = rest[out + err :]
    if rest or not (len(found) == changes + count or _ended(found, changes)):
        raise TransportError(
            f"The machine answered {len(found)} of {changes + count} questions: {result.said}.",
            "Look whether the node responds, then run again.",
        )
    return found


def _ended(found: Sequence[Result], changes: int) -> bool:
    """Whether the last one is a change that failed."""
    return 0 < len(found) <= changes and not found[-1].ok
