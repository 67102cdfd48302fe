"""What the everyday programs have in common: options, paths, durations and GNU's way to complain."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping

from phoenix_hypervisor.simulator.process import Process, Program, Run

Tool = Callable[[Process, list[str]], int]

DEFAULT_SECONDS = 0.001
SECONDS = {"find": 0.003, "ssh-keygen": 0.05, "sort": 0.002, "sync": 0.02, "sha256sum": 0.002, "diff": 0.002}
SECONDS |= {"dpkg-query": 0.02, "dpkg": 0.02, "locale-gen": 6.0, "update-locale": 0.1, "getent": 0.01, "ip": 0.002}
"""What a call costs, where it is not the default."""


class Fault(Exception):
    """What a program says when it cannot go on, without its own name."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


def program(name: str, tool: Tool) -> Program:
    """A program that spends its time first and then does all at once."""

    def run(process: Process, /) -> Run:
        yield SECONDS.get(name, DEFAULT_SECONDS)
        return guarded(name, process, lambda: tool(process, process.argv[1:]))

    return run


def running(name: str, program: Program) -> Program:
    """The program, its faults complained about."""

    def run(process: Process, /) -> Run:
        try:
            return (yield from program(process))
        except (Fault, OSError, ValueError, OverflowError) as fault:
            return complained(name, process, fault)

    return run


def complained(name: str, process: Process, fault: Exception) -> int:
    """The status of a fault, after it was complained about."""
    if isinstance(fault, OSError):
        text = f"{maybe_quoted(str(fault.filename or ''))}: {reason(fault)}"
    else:
        text = str(fault) if isinstance(fault, Fault) else "invalid argument"
    process.complain(f"{name}: {text}\n")
    return fault.status if isinstance(fault, Fault) else 1


def guarded(name: str, process: Process, work: Callable[[], int]) -> int:
    """The status of the work; its faults are complained about."""
    try:
        return work()
    except (Fault, OSError, ValueError, OverflowError) as fault:
        return complained(name, process, fault)


def reason(wrong: OSError) -> str:
    return os.strerror(wrong.errno or 0)


def absolute(process: Process, name: str) -> str:
    """The path from the root; the empty name stays empty, and is nowhere."""
    if name.startswith("/"):
        return name
    return f"{process.directory.rstrip('/')}/{name}" if name else "/\0"


def quoted(name: str) -> str:
    """The name in quotes, as GNU's messages have it."""
    return f'"{name}"' if "'" in name and '"' not in name else "'" + name.replace("'", "'\\''") + "'"


def maybe_quoted(name: str) -> str:
    """The name, in quotes only where a shell would need them."""
    return name if re.fullmatch(r"[\w@%+:,./^-][\w@%+:,./~^-]*", name) else quoted(name)


class Options:
    """Options and operands of a command line, as getopt_long reads them.

    ``flags`` are letters without a value, ``values`` letters with one, ``long`` maps long names to letters.
    """

    def __init__(
        self, name: str, words: list[str], flags: str = "", values: str = "", long: Mapping[str, str] | None = None,
        *, ordered: bool = False, usage: int = 1,
    ) -> None:  # fmt: skip
        self.given: dict[str, list[str]] = {}
        self.operands: list[str] = []
        self._name, self._flags, self._values, self._usage = name, flags, values, usage
        self._long = dict(long or {})
        rest = list(words)
        while rest:
            word = rest.pop(0)
            if word == "--":
                self.operands += rest
                break
            if word.startswith("--"):
                self._read_long(word, rest)
            elif word.startswith("-") and len(word) > 1:
                self._read_short(word[1:], rest)
            else:
                self.operands.append(word)
                if ordered:
                    self.operands += rest
                    break

    def __contains__(self, letter: str) -> bool:
        return letter in self.given

    def last(self, letter: str, default: str = "") -> str:
        """The last value given to an option."""
        return self.given.get(letter, [default])[-1]

    def all(self, letter: str) -> list[str]:
        return self.given.get(letter, [])

    def _refuse(self, message: str) -> Fault:
        return Fault(f"{message}\nTry '{self._name} --help' for more information.", self._usage)

    def _read_short(self, letters: str, rest: list[str]) -> None:
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter in self._flags:
                self.given.setdefault(letter, []).append("")
            elif letter in self._values:
                if not letters and not rest:
                    raise self._refuse(f"option requires an argument -- '{letter}'")
                self.given.setdefault(letter, []).append(letters or rest.pop(0))
                return
            else:
                raise self._refuse(f"invalid option -- '{letter}'")

    def _read_long(self, word: str, rest: list[str]) -> None:
        name, equals, value = word[2:].partition("=")
        letter = self._long.get(name)
        if letter is None:
            raise self._refuse(f"unrecognized option '{word}'")
        if letter in self._values and not equals:
            if not rest:
                raise self._refuse(f"option '--{name}' requires an argument")
            value = rest.pop(0)
        self.given.setdefault(letter, []).append(value)


def operands(options: Options, name: str, least: int = 1) -> list[str]:
    """The operands; GNU's complaint when there are too few."""
    if not options.operands and least:
        raise Fault(f"missing operand\nTry '{name} --help' for more information.")
    if len(options.operands) < least:
        last = quoted(options.operands[-1])
        raise Fault(f"missing operand after {last}\nTry '{name} --help' for more information.")
    return options.operands


def each(names: Iterable[str], work: Callable[[str], None], complain: Callable[[str, OSError], None]) -> int:
    """Do something with each name; 1 when one went wrong, the others are done."""
    status = 0
    for name in names:
        try:
            work(name)
        except OSError as wrong:
            complain(name, wrong)
            status = 1
    return status


def text_of(process: Process, name: str) -> str:
    """The text of a file, of standard input for ``-``."""
    return process.stdin if name == "-" else process.files.read(absolute(process, name))


def texts(name: str, process: Process, names: list[str], complaint: str = "{}: ") -> tuple[list[tuple[str, str]], int]:
    """The files with their texts, standard input when none is named; and 1 when one cannot be read."""
    found: list[tuple[str, str]] = []

    def read(file: str) -> None:
        found.append((file, text_of(process, file)))

    def complain(file: str, wrong: OSError) -> None:
        shown = quoted(file) if "open" in complaint else maybe_quoted(file)
        process.complain(f"{name}: {complaint.format(shown)}{reason(wrong)}\n")

    return found, each(names or ["-"], read, complain)


def lines_of(text: str) -> list[str]:
    """The lines with their ends; only a newline ends one."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def size_number(text: str) -> int:
    """``10``, ``4K``, ``2M``. Raises ValueError for anything else."""
    found = re.fullmatch(r"([0-9]+)([KMGT]?)(i?B)?", text)
    if not found:
        raise ValueError(text)
    scale = 1000 if found[3] == "B" else 1024
    return int(found[1]) * int(scale ** " KMGT".index(found[2] or " "))


def length(text: str) -> int:
    """The bytes of a text."""
    return len(text.encode("utf-8", "surrogateescape"))
