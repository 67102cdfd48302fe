"""A command to be run on a machine, and what came back."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field

DEFAULT_TIMEOUT = 60.0
TIMED_OUT = 124
"""The exit status of a command that ran past its limit, as of timeout(1)."""


def encode(text: str) -> bytes:
    """Text as the bytes that it came from: what was no UTF-8 goes back as it was."""
    return text.encode("utf-8", "surrogateescape")


def decode(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True, init=False)
class Command:
    """An argv with optional standard input.

    ``timeout`` is in seconds. ``confidential`` says that standard input must never be shown or written down; argv never
    holds a secret (spec F6).
    """

    argv: tuple[str, ...]
    stdin: str = ""
    timeout: float = DEFAULT_TIMEOUT
    confidential: bool = False

    def __init__(
        self, *argv: str, stdin: str = "", timeout: float = DEFAULT_TIMEOUT, confidential: bool = False
    ) -> None:
        if not argv:
            raise ValueError("a command needs at least a program")
        object.__setattr__(self, "argv", tuple(argv))
        object.__setattr__(self, "stdin", stdin)
        object.__setattr__(self, "timeout", timeout)
        object.__setattr__(self, "confidential", confidential)

    def __str__(self) -> str:
        """The line a person could paste into a shell."""
        return shlex.join(self.argv)


@dataclass(frozen=True, slots=True)
class Result:
    """Exit status, output and duration in seconds (on the machine's clock) of a command that ran."""

    rc: int = 0
    stdout: str = ""
    stderr: str = ""
    seconds: float = field(default=0.0, compare=False)

    @property
    def ok(self) -> bool:
        return self.rc == 0

    @property
    def said(self) -> str:
        """What it said of its failure: standard error, else the last of standard output, in one line."""
        text = self.stderr.strip() or self.stdout.strip()
        return " ".join(text.split()) or f"exit status {self.rc}"
