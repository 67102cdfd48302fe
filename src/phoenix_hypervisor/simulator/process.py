"""What a simulated program sees: its arguments, its files, its node; and how it spends simulated time.

A program is a generator function. It yields the seconds that it spends, and returns its exit status. What it changes
it changes at that point of simulated time, so that a run that is cut off between two yields leaves what a real one
would leave. ``Process`` has no knowledge of Phoenix.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.faults import Faults
    from phoenix_hypervisor.simulator.filesystem import Filesystem

PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
NOT_FOUND = 127

Run = Generator[float, None, int]
"""A running program: yields seconds, returns the exit status."""


@dataclass(frozen=True, slots=True)
class Address:
    """An interface of a machine: its address with prefix length, empty when it has none, and its gateway."""

    interface: str
    cidr: str = ""
    gateway: str = ""
    mac: str = ""
    up: bool = True


@dataclass(frozen=True, slots=True)
class Kernel:
    """The kernel that a machine runs, as ``uname -r`` and ``uname -v`` tell it."""

    release: str
    version: str


class Machine(Protocol):
    """The machine that a process runs on: the node, or one of its containers."""

    @property
    def files(self) -> Filesystem:
        """The mounted file system as this machine sees it."""

    @property
    def clock(self) -> float:
        """Seconds since the epoch, simulated."""

    @property
    def hostname(self) -> str: ...

    @property
    def addresses(self) -> Sequence[Address]:
        """The interfaces that the machine has now, without the loopback."""

    @property
    def kernel(self) -> Kernel: ...

    @property
    def faults(self) -> Faults:
        """The commands that misbehave on demand."""

    def entropy(self) -> str:
        """64 hexadecimal digits, other ones at each call, the same in each run from the same seed."""

    def program(self, name: str) -> Program | None:
        """The program of that name in this machine's PATH; None when there is none."""


@dataclass
class Process:
    """One running program."""

    machine: Machine
    argv: list[str]
    stdin: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    directory: str = "/"
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)
    umask: int = 0o022
    top: bool = False
    """No other program of the machine started it."""

    def say(self, text: str) -> None:
        """Write to standard output."""
        self.out.append(text)

    def complain(self, text: str) -> None:
        """Write to standard error."""
        self.err.append(text)

    @property
    def files(self) -> Filesystem:
        return self.machine.files

    def child(self, argv: list[str], stdin: str = "") -> Process:
        """A process of the same machine and environment, with output of its own."""
        return Process(self.machine, argv, stdin, dict(self.environment), self.directory, umask=self.umask)


class Program(Protocol):
    """What stands behind a name in PATH."""

    def __call__(self, process: Process, /) -> Run: ...


def find(process: Process) -> Program | None:
    """What ``process.argv[0]`` names: a program of its machine, or a script in its files; None when there is none."""
    name = process.argv[0]
    if "/" not in name:
        folders = process.environment.get("PATH", ":".join(PATH)).split(":")
        paths = [f"{folder}/{name}" for folder in folders]
        return process.machine.program(name) or next(filter(None, (_script(process, path) for path in paths)), None)
    folder, _, base = name.rpartition("/")
    script = _script(process, name)
    return script or (process.machine.program(base) if folder in PATH else None)


def _script(process: Process, path: str) -> Program | None:
    """The program that runs an executable file: the interpreter of its first line."""
    entry = process.files.stat(path if path.startswith("/") else f"{process.directory}/{path}")
    if entry is None or entry.kind != "file" or not entry.mode & 0o111:
        return None
    first = entry.data.partition("\n")[0]
    interpreter = first[2:].split(maxsplit=1) if first.startswith("#!") else ["/bin/sh"]
    if not first.startswith("#!") and process.machine.program(path.rpartition("/")[2]):
        return None

    def run(script: Process, /) -> Run:
        script.argv = [*interpreter, path, *script.argv[1:]]
        return (yield from _honest(script))

    return run if interpreter else None


def execute(process: Process) -> Run:
    """Run ``process.argv`` on its machine: 127 when there is no such program (the caller says so in its own words)."""
    fault = process.machine.faults.take(process.argv, process.top)
    if fault is not None:
        return (yield from fault.run(process, _honest(process)))
    return (yield from _honest(process))


def _honest(process: Process) -> Run:
    program = find(process)
    return NOT_FOUND if program is None else (yield from program(process))
