"""sort and uniq."""

from __future__ import annotations

import re
from itertools import groupby

from phoenix_hypervisor.simulator.coreutils.common import (
    Fault,
    Options,
    Tool,
    absolute,
    lines_of,
    quoted,
    texts,
)
from phoenix_hypervisor.simulator.process import Process


class _Key:
    """``-k START[,END][flags]``."""

    def __init__(self, text: str, separator: str) -> None:
        found = re.fullmatch(r"([0-9]+)(?:\.([0-9]+))?([bnrfVh]*)(?:,([0-9]+)(?:\.([0-9]+))?([bnrfVh]*))?", text)
        if not found:
            raise Fault(f"invalid number at field start: invalid count at start of {quoted(text)}", 2)
        self.start, self.end = int(found[1]), int(found[4]) if found[4] else None
        self.flags = (found[3] or "") + (found[6] or "")
        self._separator = separator

    def of(self, line: str) -> str:
        if self._separator:
            fields = line.split(self._separator)
            return self._separator.join(fields[self.start - 1 : self.end])
        fields = re.findall(r"\s*\S+", line)
        return "".join(fields[self.start - 1 : self.end])


def _order(text: str, flags: str) -> tuple[object, ...]:
    text = text.lstrip() if "b" in flags else text
    if "n" in flags or "h" in flags:
        found = re.match(r"\s*(-?[0-9]*\.?[0-9]+)([KMGT]?)", text)
        scale = 1024.0 ** " KMGT".index(found[2] or " ") if found and "h" in flags else 1.0
        return (float(found[1]) * scale if found else 0.0,)
    if "V" in flags:
        parts = re.findall(r"[0-9]+|[^0-9]+", text)
        return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in parts)
    return (text.upper(),) if "f" in flags else (text.encode("utf-8", "surrogateescape"),)


def _sort(process: Process, words: list[str]) -> int:
    long = {"unique": "u", "reverse": "r", "numeric-sort": "n", "key": "k", "field-separator": "t", "output": "o"}
    options = Options("sort", words, "unrbfVhszc", "kto", {**long, "version-sort": "V"}, usage=2)
    found, status = texts("sort", process, options.operands, "cannot read: {}: ")
    ending = "\0" if "z" in options else "\n"
    lines = [line for _, text in found for line in text.removesuffix(ending).split(ending) if text]
    flags = "".join(letter for letter in "nbfVh" if letter in options)
    keys = [_Key(text, options.last("t")) for text in options.all("k")]
    if "s" not in options and "u" not in options:
        lines.sort(key=lambda line: _order(line, ""), reverse="r" in options)
    for key in reversed(keys):
        reverse = "r" in key.flags or ("r" in options and not key.flags)
        lines.sort(key=lambda line: _order(key.of(line), key.flags or flags), reverse=reverse)
    if not keys and (flags or "u" in options or "s" in options):
        lines.sort(key=lambda line: _order(line, flags), reverse="r" in options)
    if "u" in options:
        lines = [next(group) for _, group in groupby(lines, lambda line: _identity(line, keys, flags))]
    text = "".join(line + ending for line in lines)
    if "o" in options:
        process.files.write(absolute(process, options.last("o")), text)
    else:
        process.say(text)
    return 2 if status else 0


def _identity(line: str, keys: list[_Key], flags: str) -> list[tuple[object, ...]]:
    return [_order(key.of(line), key.flags or flags) for key in keys] or [_order(line, flags)]


def _uniq(process: Process, words: list[str]) -> int:
    options = Options("uniq", words, "cdui", "", {"count": "c", "repeated": "d", "unique": "u"})
    found, status = texts("uniq", process, options.operands[:1])
    lines = [line.removesuffix("\n") for _, text in found for line in lines_of(text)]
    for _, group in groupby(lines, str.lower if "i" in options else None):
        same = list(group)
        if ("d" in options and len(same) < 2) or ("u" in options and len(same) > 1):
            continue
        process.say((f"{len(same):7d} " if "c" in options else "") + f"{same[0]}\n")
    return status


TOOLS: dict[str, Tool] = {
    "sort": _sort,
    "uniq": _uniq,
}
