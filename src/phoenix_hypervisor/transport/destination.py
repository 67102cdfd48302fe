"""``ssh://user@host:port``: which machine is meant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from phoenix_hypervisor.errors import UsageError

SCHEME = "ssh://"
_NAME = re.compile(r"[A-Za-z0-9_:][A-Za-z0-9_.:%-]*")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class Destination:
    """A machine as ``ssh`` is told of it. What is None is left to the user's ``~/.ssh/config``."""

    host: str
    user: str | None = None
    port: int | None = None

    @property
    def argv(self) -> tuple[str, ...]:
        """The options and the argument that name it."""
        user = ("-l", self.user) if self.user else ()
        port = ("-p", str(self.port)) if self.port else ()
        return *user, *port, "--", self.host

    def __str__(self) -> str:
        user = f"{self.user}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = f":{self.port}" if self.port else ""
        return f"{user}{host}{port}"


def parse(text: str) -> Destination:
    """The machine that ``ssh://[user@]host[:port]`` names (RFC 3986); UsageError for anything else."""
    try:
        found = urlsplit(text)
        host, user, port = found.hostname or "", found.username, found.port
    except ValueError as error:
        raise _wrong(text, str(error)) from error
    if found.password is not None:
        raise UsageError(
            "--on: a password does not belong into the address.", "Use a key, or let ssh ask: ssh://user@host."
        )
    if found.path not in ("", "/") or found.query or found.fragment:
        raise _wrong(text, "nothing may follow the host and its port")
    if not _NAME.fullmatch(host):
        raise _wrong(text, "it names no host")
    if port == 0 or (user is not None and not _USER.fullmatch(user)):
        raise _wrong(text, "that is no user or no port")
    return Destination(_as_written(text, host), user, port)


def _as_written(text: str, host: str) -> str:
    """``urlsplit`` gives it in small letters; aliases in ``~/.ssh/config`` need not be."""
    at = text.lower().rfind(host)
    return text[at : at + len(host)]


def _wrong(text: str, why: str) -> UsageError:
    return UsageError(
        f'--on: "{text}" names no machine: {why}.', "Write it as ssh://user@host or ssh://user@host:port."
    )
