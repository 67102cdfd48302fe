"""What a shell knows: variables, options, positional parameters, file descriptors."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Self

from phoenix_hypervisor.simulator.process import Process
from phoenix_hypervisor.simulator.shell.expand import ShellFault
from phoenix_hypervisor.simulator.shell.fields import DEFAULT_IFS
from phoenix_hypervisor.simulator.shell.streams import Closed, FileSink, Sink, Source, Stream
from phoenix_hypervisor.simulator.shell.syntax import Function

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
MAX_STEPS = 1_000_000
MAX_TEXT = 1 << 24
OPTIONS = {
    "errexit": "e",
    "noglob": "f",
    "noexec": "n",
    "verbose": "v",
    "xtrace": "x",
    "noclobber": "C",
    "allexport": "a",
    "nounset": "u",
    "monitor": "m",
    "notify": "b",
    "ignoreeof": "I",
    "interactive": "i",
    "stdin": "s",
}

LETTERS = "ubaCxvsnmiIfe"
"""The order in which ``$-`` has them."""


@dataclass
class Shared:
    """What a shell and its subshells have in common."""

    steps: int = 0
    pids: int = 0


class ExitShell(Exception):
    """``exit``, or an error that ends the shell."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class ReturnFrom(Exception):
    """``return``."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class LeaveLoop(Exception):
    """``break`` and ``continue`` over a number of loops."""

    def __init__(self, count: int, again: bool) -> None:
        super().__init__(count)
        self.count = count
        self.again = again


class State:
    """The state of one shell, and the messages that it writes."""

    def __init__(self, process: Process, *, bash: bool = False) -> None:
        self.process = process
        self.files = process.files
        self.directory = process.directory
        self.umask = process.umask
        self.bash = bash
        self.name = process.argv[0]
        self.positional: list[str] = []
        self.variables = {"IFS": DEFAULT_IFS, "OPTIND": "1", "PATH": PATH, "PPID": "1", "PS4": "+ "}
        self.variables |= process.environment | {"PWD": process.directory}
        self.exported = {*process.environment, "PWD"}
        self.readonly: set[str] = set()
        self.functions: dict[str, Function] = {}
        self.options: set[str] = set()
        self.frames: list[dict[str, str | None]] = []
        self.traps: dict[str, str] = {}
        self.status = 0
        self.line = 0
        self.context = ""
        self.tested = 0
        self.loops = 0
        self.substituted = 0
        self.background = ""
        self.pid = 1
        self.option_index = 1
        self.option_offset = 1
        self.jobs: dict[str, int] = {}
        self.shared = Shared()
        self.streams: dict[int, Stream] = {
            0: Source(lambda: process.stdin),
            1: Sink(process.out),
            2: Sink(process.err),
        }

    def copy_for_subshell(self) -> Self:
        """A shell that begins with the same state; its traps are gone."""
        other = copy.copy(self)
        other.positional = list(self.positional)
        other.variables = dict(self.variables)
        other.exported = set(self.exported)
        other.readonly = set(self.readonly)
        other.functions = dict(self.functions)
        other.options = set(self.options)
        other.frames = [dict(frame) for frame in self.frames]
        other.traps = {}
        other.jobs = {}
        other.streams = dict(self.streams)
        return other

    # -- variables

    def get(self, name: str) -> str | None:
        return str(self.line) if name == "LINENO" and self.bash else self.variables.get(name)

    def set(self, name: str, value: str) -> None:
        if name in self.readonly:
            raise ShellFault(f"{name}: is read only")
        if len(value) > MAX_TEXT:
            raise ShellFault("Out of space")
        self.variables[name] = value
        if "a" in self.options:
            self.exported.add(name)

    def unset(self, name: str) -> None:
        if name in self.readonly:
            raise ShellFault(f"{name}: is read only")
        self.variables.pop(name, None)
        self.exported.discard(name)

    def special(self, name: str) -> str | None:
        if name == "?":
            return str(self.status)
        if name == "#":
            return str(len(self.positional))
        if name == "$":
            return str(self.pid)
        if name == "-":
            return "".join(letter for letter in LETTERS if letter in self.options)
        return self.background if name == "!" and self.background else None

    def option(self, letter: str) -> bool:
        return letter in self.options

    def environment(self) -> dict[str, str]:
        """The exported variables."""
        variables = self.variables
        return {name: variables[name] for name in self.exported if name in variables}

    # -- streams

    def sink(self, fd: int) -> Sink:
        """Where a descriptor writes to."""
        stream = self.streams.get(fd)
        return stream if isinstance(stream, Sink) else Closed()

    def source(self, fd: int = 0) -> Source:
        """Where a descriptor reads from."""
        stream = self.streams.get(fd)
        return stream if isinstance(stream, Source) else Source(lambda: "")

    def say(self, text: str) -> None:
        self.sink(1).write(text)

    def complain(self, message: str) -> None:
        """Write a message to standard error, with the script's name and line before it."""
        self.sink(2).write(f"{self.name}: {f'line {self.line}' if self.bash else self.line}: {self.context}{message}\n")

    def step(self) -> None:
        """Count one command; a script that never ends is ended."""
        self.shared.steps += 1
        if self.shared.steps > MAX_STEPS:
            raise ShellFault("too many steps")

    def file_sink(self, path: str, *, append: bool, clobber: bool = True) -> Sink:
        """A file opened for writing; OSError when it cannot be."""
        entry = self.files.stat(path)
        exists = entry is not None
        exclusive = not clobber and entry is not None and entry.kind == "file"
        mode = None if exists else 0o666 & ~self.umask
        if entry is None or entry.kind != "device":
            self.files.write(path, "", append=append, exclusive=exclusive, mode=mode)
        return FileSink(self.files, path)
