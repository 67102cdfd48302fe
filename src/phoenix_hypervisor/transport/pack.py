"""Many commands as one script for ``sh``, and the script's output as many results.

The script frames each result by its exit status and the lengths of its two outputs in bytes, so that no output can be
taken for another's. It needs nothing but sh, timeout, mktemp, wc, cat and rm, and runs the same on a node, over a
folder in a test, and in the simulator.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from phoenix_hypervisor.command import Command, Result, decode, encode
from phoenix_hypervisor.errors import TransportError

_PRELUDE = """\
cd "$1" || exit 1
t=$(mktemp -d) || exit 1
trap 'rm -rf "$t"' EXIT
fact() {
  limit=$1
  shift
  timeout -k 2 "$limit" "$@" <"$t/i" >"$t/o" 2>"$t/e"
  rc=$?
  printf '%s %s %s\\n' "$rc" $(($(wc -c <"$t/o"))) $(($(wc -c <"$t/e")))
  cat "$t/o" "$t/e"
}
"""
_GRACE = 10.0


def pack(commands: Sequence[Command], root: str = "/") -> Command:
    """One command that runs all of them in order, in the folder ``root``; its limit is the sum of theirs."""
    lines = [_PRELUDE]
    for command in commands:
        lines.append(_standard_input(command.stdin))
        lines.append(f"fact {command.timeout:g} {shlex.join(command.argv)}\n")
    limit = sum(command.timeout for command in commands) + _GRACE
    confidential = any(command.confidential for command in commands)
    return Command("sh", "-s", "--", root, stdin="".join(lines), timeout=limit, confidential=confidential)


def _standard_input(text: str) -> str:
    if not text:
        return ': >"$t/i"\n'
    mark = "END_OF_INPUT"
    while mark in text:
        mark += "_"
    return f"cat >\"$t/i\" <<'{mark}'\n{text.removesuffix(chr(10))}\n{mark}\n"


def unpack(result: Result, count: int) -> list[Result]:
    """The results of a packed script; TransportError when its output is not whole."""
    rest = encode(result.stdout)
    found: list[Result] = []
    while rest and len(found) < count:
        head, newline, rest = rest.partition(b"\n")
        try:
            rc, out, err = (int(number) for number in head.split())
        except ValueError:
            break
        if not newline or len(rest) < out + err:
            break
        found.append(Result(rc, decode(rest[:out]), decode(rest[out : out + err])))
        rest = rest[out + err :]
    if len(found) != count or rest:
        raise TransportError(
            f"The machine answered {len(found)} of {count} questions: {result.said}.",
            "Look whether the node responds, then run again.",
        )
    return found
