"""Checksums, base64 and comparisons."""

from __future__ import annotations

import base64
import binascii
import difflib
import hashlib
import re

from phoenix_hypervisor.simulator.coreutils.common import (
    Fault,
    Options,
    Tool,
    absolute,
    length,
    lines_of,
    operands,
    texts,
)
from phoenix_hypervisor.simulator.process import Process


def _digest(name: str, algorithm: str) -> Tool:
    def run(process: Process, words: list[str]) -> int:
        options = Options(name, words, "bct", "", {"check": "c", "status": "q", "quiet": "q"})
        found, status = texts(name, process, options.operands)
        for file, text in found:
            if "c" in options:
                status |= _check(name, algorithm, process, text, "q" in options)
            else:
                process.say(f"{_hex(algorithm, text)}  {file}\n")
        return status

    return run


def _hex(algorithm: str, text: str) -> str:
    data = text.encode("utf-8", "surrogateescape")
    return hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()


def _check(name: str, algorithm: str, process: Process, listing: str, quiet: bool) -> int:
    failed = 0
    for wanted, file in re.findall(r"^([0-9a-f]+) [ *](.*)$", listing, re.MULTILINE):
        entry = process.files.stat(absolute(process, file))
        good = entry is not None and _hex(algorithm, entry.data) == wanted
        failed += not good
        if not quiet:
            process.say(f"{file}: {'OK' if good else 'FAILED'}\n")
    if failed:
        checksums = "checksum" if failed == 1 else "checksums"
        process.complain(f"{name}: WARNING: {failed} computed {checksums} did NOT match\n")
    return int(bool(failed))


def _base64(process: Process, words: list[str]) -> int:
    options = Options("base64", words, "di", "w", {"decode": "d", "wrap": "w", "ignore-garbage": "i"})
    found, status = texts("base64", process, options.operands[:1])
    for _, text in found:
        if "d" in options:
            try:
                data = base64.b64decode("".join(text.split()), validate=True)
            except (binascii.Error, ValueError) as wrong:
                raise Fault("invalid input") from wrong
            process.say(data.decode("utf-8", "surrogateescape"))
            continue
        coded = base64.b64encode(text.encode("utf-8", "surrogateescape")).decode()
        width = int(options.last("w") or 76)
        lines = [coded[start : start + width] for start in range(0, len(coded), width)] if width else [coded]
        process.say("\n".join(lines) + ("\n" if width and coded else ""))
    return status


def _cmp(process: Process, words: list[str]) -> int:
    options = Options("cmp", words, "sl", usage=2)
    names = operands(options, "cmp")
    silent = Process(process.machine, process.argv, process.stdin, directory=process.directory)
    found, status = texts("cmp", silent, [*names, "-"][:2])
    if status:
        process.complain("" if "s" in options else "".join(silent.err))
        return 2
    (first, left), (second, right) = found
    if left == right:
        return 0
    at = next((index for index, pair in enumerate(zip(left, right, strict=False)) if pair[0] != pair[1]), -1)
    if "s" not in options:
        if at < 0:
            shorter, text = (first, left) if len(left) < len(right) else (second, right)
            inside = "" if text.endswith("\n") else "in "
            where = f"after byte {length(text)}, {inside}line {len(lines_of(text))}"
            process.complain(f"cmp: EOF on {shorter} {where if text else 'which is empty'}\n")
        else:
            line = left[:at].count("\n") + 1
            process.say(f"{first} {second} differ: char {length(left[:at]) + 1}, line {line}\n")
    return 1


def _diff(process: Process, words: list[str]) -> int:
    long = {"brief": "q", "unified": "u", "recursive": "r", "new-file": "N", "label": "L"}
    options = Options("diff", words, "quNrabBw", "LU", long, usage=2)
    names = operands(options, "diff", 2)[:2]
    found, status = texts("diff", process, names)
    if status:
        return 2
    (first, left), (second, right) = found
    if left == right:
        return 0
    if "q" in options:
        process.say(f"Files {first} and {second} differ\n")
    elif "u" in options or "U" in options:
        labels = [*options.all("L"), *[first, second][len(options.all("L")) :]]
        context = int(options.last("U") or 3)
        for line in difflib.unified_diff(lines_of(left), lines_of(right), labels[0], labels[1], n=context):
            process.say(_ended(line))
    else:
        process.say(_normal(lines_of(left), lines_of(right)))
    return 1


def _ended(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _normal(left: list[str], right: list[str]) -> str:
    pieces: list[str] = []
    for tag, start, end, begin, stop in difflib.SequenceMatcher(None, left, right, False).get_opcodes():
        if tag == "equal":
            continue
        letter = {"replace": "c", "delete": "d", "insert": "a"}[tag]
        pieces.append(f"{_span(start, end)}{letter}{_span(begin, stop)}\n")
        pieces += [_ended(f"< {line}") for line in left[start:end]]
        pieces += ["---\n"] if tag == "replace" else []
        pieces += [_ended(f"> {line}") for line in right[begin:stop]]
    return "".join(pieces)


def _span(start: int, end: int) -> str:
    return str(start) if end == start else str(end) if end == start + 1 else f"{start + 1},{end}"


TOOLS: dict[str, Tool] = {
    "sha256sum": _digest("sha256sum", "sha256"),
    "sha512sum": _digest("sha512sum", "sha512"),
    "sha1sum": _digest("sha1sum", "sha1"),
    "md5sum": _digest("md5sum", "md5"),
    "base64": _base64,
    "cmp": _cmp,
    "diff": _diff,
}
