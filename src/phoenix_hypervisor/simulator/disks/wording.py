"""How the programs of util-linux read options and write JSON."""

from __future__ import annotations

import getopt
import json
from collections.abc import Mapping, Sequence
from typing import Any

from phoenix_hypervisor.simulator.process import Process, Program, Run


class Refused(Exception):
    """What a program says on standard error, and its exit status."""

    def __init__(self, text: str, rc: int = 1) -> None:
        super().__init__(text)
        self.text = text
        self.rc = rc


class Given:
    """Options and operands of a command line; long options count as the letters they stand for."""

    def __init__(self, process: Process, letters: str, longs: Mapping[str, str], rc: int = 1) -> None:
        name = process.argv[0].rpartition("/")[2]
        try:
            pairs, self.names = getopt.gnu_getopt(process.argv[1:], letters, list(longs))
        except getopt.GetoptError as wrong:
            long = len(wrong.opt) > 1
            what = f"unrecognized option '--{wrong.opt}'" if long else f"invalid option -- '{wrong.opt}'"
            if "requires argument" in wrong.msg:
                what = f"option requires an argument -- '{wrong.opt}'"
            raise Refused(f"{name}: {what}\nTry '{name} --help' for more information.", rc) from wrong
        letter = {f"--{long.rstrip('=')}": f"-{short}" for long, short in longs.items()}
        self.pairs = [(letter.get(option, option), value) for option, value in pairs]

    def has(self, letter: str) -> bool:
        return any(option == f"-{letter}" for option, _value in self.pairs)

    def last(self, letter: str, default: str = "") -> str:
        return next((value for option, value in reversed(self.pairs) if option == f"-{letter}"), default)

    def all(self, letter: str) -> list[str]:
        return [value for option, value in self.pairs if option == f"-{letter}"]


def guarded(program: Program) -> Program:
    """The program, its refusals said on standard error."""

    def run(process: Process, /) -> Run:
        try:
            return (yield from program(process))
        except Refused as refused:
            process.complain(f"{refused.text}\n" if refused.text else "")
            return refused.rc

    return run


def as_json(title: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """A table as util-linux writes it in JSON; ``children`` hold rows, other lists words."""
    return f'{{\n   "{title}": [\n{_rows(rows, 6)}\n   ]\n}}\n'


def _rows(rows: Sequence[Mapping[str, Any]], indent: int) -> str:
    pad = " " * indent
    return pad + "},{\n".join(_row(row, indent) for row in rows).join(("{\n", "}")) if rows else ""


def _row(row: Mapping[str, Any], indent: int) -> str:
    pad, parts = " " * (indent + 3), []
    for key, value in row.items():
        if key == "children":
            parts.append(f'{pad}"children": [\n{_rows(value, indent + 6)}\n{pad}]')
        elif isinstance(value, list) and value:
            words = ",\n".join(f"{pad}    {json.dumps(word, ensure_ascii=False)}" for word in value)
            parts.append(f'{pad}"{key}": [\n{words}\n{pad}]')
        else:
            parts.append(f'{pad}"{key}": {json.dumps(value, ensure_ascii=False)}')
    return ",\n".join(parts) + "\n" + " " * indent
