"""grep."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from phoenix_hypervisor.simulator.coreutils.common import Fault, Options, Tool, absolute, lines_of
from phoenix_hypervisor.simulator.coreutils.regexes import RegexFault, compiled
from phoenix_hypervisor.simulator.process import Process

_LONG = {
    "quiet": "q", "silent": "q", "fixed-strings": "F", "line-regexp": "x", "extended-regexp": "E", "invert-match": "v",
    "count": "c", "line-number": "n", "ignore-case": "i", "files-with-matches": "l", "only-matching": "o",
    "word-regexp": "w", "recursive": "r", "no-messages": "s", "regexp": "e", "file": "f", "max-count": "m",
    "no-filename": "h", "with-filename": "H", "files-without-match": "L", "color": "K", "include": "I",
    "after-context": "A", "before-context": "B",
}  # fmt: skip


def _patterns(process: Process, options: Options) -> list[str]:
    texts = options.all("e")
    for name in options.all("f"):
        texts = texts + process.files.read(absolute(process, name)).splitlines()
    if not texts and "f" not in options:
        if not options.operands:
            message = "Usage: grep [OPTION]... PATTERNS [FILE]...\nTry 'grep --help' for more information."
            process.complain(f"{message}\n")
            raise Usage
        texts = [options.operands.pop(0)]
    return [line for text in texts for line in text.split("\n")]


class Usage(Exception):
    """The command line was wrong, and said so."""


def _matcher(process: Process, options: Options) -> re.Pattern[str]:
    sources: list[str] = []
    for text in _patterns(process, options):
        try:
            fixed = "F" in options
            source = re.escape(text) if fixed else compiled(text, extended="E" in options or "P" in options).pattern
        except RegexFault as fault:
            raise Fault(str(fault), 2) from fault
        sources.append(f"(?:{source})" if len(options.all("e")) + len(options.all("f")) > 1 else source)
    joined = "|".join(sources)
    if "w" in options:
        joined = rf"(?<!\w)(?:{joined})(?!\w)"
    if "x" in options:
        joined = rf"\A(?:{joined})\Z"
    return re.compile(joined if sources else r"(?!)", re.IGNORECASE if "i" in options else 0)


def _files(process: Process, names: list[str], recursive: bool) -> Iterator[str]:
    for name in names:
        path = absolute(process, name)
        if name != "-" and recursive and process.files.is_dir(path):
            yield from _files(process, [f"{name.rstrip('/')}/{entry}" for entry in process.files.list(path)], True)
        else:
            yield name


def _grep(process: Process, words: list[str]) -> int:
    words = [f"-A{word[1:]}" if re.fullmatch(r"-[0-9]+", word) else word for word in words]
    try:
        options = Options("grep", words, "qFxEPGvcnilowrRshHLa", "efmAB", _LONG, usage=2)
    except Fault as fault:
        raise Fault(str(fault).replace("\n", "\nUsage: grep [OPTION]... PATTERNS [FILE]...\n"), 2) from fault
    try:
        matcher = _matcher(process, options)
    except Usage:
        return 2
    recursive = "r" in options or "R" in options
    names = options.operands or (["."] if recursive else ["-"])
    named = ("H" in options or recursive or len(names) > 1) and "h" not in options
    found = failed = False
    for name in _files(process, names, recursive):
        try:
            text = _text(process, name)
        except OSError as wrong:
            failed = True
            if "s" not in options:
                process.complain(f"grep: {name}: {wrong.strerror}\n")
            continue
        shown = "(standard input)" if name == "-" else name
        found = _search(process, options, matcher, text, shown, named) or found
        if found and "q" in options:
            return 0
    return 2 if failed else int(not found)


def _text(process: Process, name: str) -> str:
    return process.stdin if name == "-" else process.files.read(absolute(process, name))


def _search(process: Process, options: Options, matcher: re.Pattern[str], text: str, name: str, named: bool) -> bool:
    lines = [line.removesuffix("\n") for line in lines_of(text)]
    chosen = [index for index, line in enumerate(lines) if bool(matcher.search(line)) != ("v" in options)]
    if "m" in options:
        chosen = chosen[: int(options.last("m"))]
    prefix = f"{name}:" if named else ""
    if "q" in options:
        pass
    elif "l" in options or "L" in options:
        if bool(chosen) == ("l" in options):
            process.say(f"{name}\n")
    elif "c" in options:
        process.say(f"{prefix}{len(chosen)}\n")
    else:
        _print(process, options, matcher, lines, chosen, lambda number: _label(options, prefix, number))
    return bool(chosen)


def _label(options: Options, prefix: str, number: int) -> str:
    return prefix + (f"{number}:" if "n" in options else "")


def _print(
    process: Process, options: Options, matcher: re.Pattern[str], lines: list[str], chosen: list[int],
    label: Callable[[int], str],
) -> None:  # fmt: skip
    if "o" in options:
        for index in chosen:
            for found in matcher.finditer(lines[index]):
                if found.group():
                    process.say(f"{label(index + 1)}{found.group()}\n")
        return
    before, after = int(options.last("B") or 0), int(options.last("A") or 0)
    shown = {near for index in chosen for near in range(index - before, index + after + 1) if 0 <= near < len(lines)}
    last = -1
    for index in sorted(shown):
        if (before or after) and last >= 0 and index > last + 1:
            process.say("--\n")
        mark = label(index + 1)
        process.say(f"{mark if index in chosen else mark.replace(':', '-')}{lines[index]}\n")
        last = index


def _egrep(process: Process, words: list[str]) -> int:
    return _grep(process, ["-E", *words])


def _fgrep(process: Process, words: list[str]) -> int:
    return _grep(process, ["-F", *words])


TOOLS: dict[str, Tool] = {"grep": _grep, "egrep": _egrep, "fgrep": _fgrep}
