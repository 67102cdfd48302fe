"""What can go wrong, as one tree.

    PhoenixError                 has an exit code (spec C6) and a text for people
    ├── UsageError               2  the command line, or where it points
    ├── ConfigurationError       2  the documents; carries every Problem
    ├── NodeError                1  the machine did not answer as a machine should
    │   └── TransportError       1  it could not be reached at all
    │       └── ConnectionLost   1  it was reached, and is no more
    ├── Refused                  4  would destroy, or touch what is not ours
    ├── LockedError              5  another run holds the node
    └── Interrupted            130  stopped by the user

``Problem`` is a value, not an exception: it is collected, and all are told at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where in a document something stands: file as the user named it, line and column from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the configuration: its code (spec section 8), place, text and way out.

    ``path`` is the dotted path inside the document (``lxc_configs.960.clone_from_ctid``), empty for the whole file.
    """

    code: str
    message: str
    hint: str = ""
    severity: Severity = "error"
    place: Place = Place("configuration")
    path: str = ""

    def __str__(self) -> str:
        text = f"{self.place}: {self.severity}: {self.message} [{self.code}]"
        return f"{text} {self.hint}" if self.hint else text

    def as_json(self) -> dict[str, Any]:
        """The object of ``phoenix validate --output json``."""
        return {
            "severity": self.severity,
            "code": self.code,
            **asdict(self.place),
            "path": self.path,
            "message": self.message,
            "hint": self.hint,
        }


class PhoenixError(Exception):
    """The root: every error that a user may see."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(PhoenixError):
    """The command line cannot be carried out as it stands."""

    exit_code = 2


class ConfigurationError(PhoenixError):
    """The documents have errors; ``problems`` holds all of them, warnings included."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        count = sum(problem.severity == "error" for problem in self.problems)
        super().__init__(f"{count} error{'s' if count != 1 else ''} in the configuration.")


class NodeError(PhoenixError):
    """The machine answered something that cannot be worked with."""


class TransportError(NodeError):
    """The machine could not be reached, or the connection broke."""


class ConnectionLost(TransportError):
    """The connection broke and did not come back: what was begun on the machine may go on there."""


class Refused(PhoenixError):
    """A change that would destroy data or touch what is not ours, and was not asked for by name."""

    exit_code = 4


class LockedError(PhoenixError):
    """Another run holds the node's lock."""

    exit_code = 5


class Interrupted(PhoenixError):
    """The user stopped the run."""

    exit_code = 130
