"""Units of systemd that are ours: their text, the file, and what is done when it changes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.resource import Resource, Symbol, Verdict
from phoenix_hypervisor.resources.file import HEADER, File, content_of, difference
from phoenix_hypervisor.resources.service import UnitName

FOLDER = "/etc/systemd/system"
_PLAIN = re.compile(r"[A-Za-z0-9_./:=,@+\-]+")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "%": "%%", "$": "$$", "\n": "\\n", "\t": "\\t"}
_LIMIT = 120.0
_REMOVE = 'set -eu\nsystemctl disable --now "$1"\nrm -f "$2"\nsystemctl daemon-reload\n'


def word(text: str) -> str:
    """One argument of ``ExecStart``, as systemd.service(5) wants it: it arrives as it was."""
    if _PLAIN.fullmatch(text):
        return text
    return '"' + "".join(_ESCAPES.get(each) or _printable(each) for each in text) + '"'


def _printable(character: str) -> str:
    return character if character >= " " else f"\\x{ord(character):02x}"


def served(
    description: str,
    user: str,
    command: Iterable[Iterable[str]],
    environment: Mapping[str, str],
    secrets: Iterable[str] = (),
) -> str:
    """The unit of a server that runs as ``user``, with a folder of its own under /var/lib.

    ``command`` in groups of words, one line each, so that a difference shows one option. ``environment``: plain values.
    ``secrets``: environment files, read where they are there.
    """
    lines = [" ".join(word(each) for each in group) for group in command]
    settings = [
        *(f'Environment="{name}={value.replace("%", "%%")}"' for name, value in environment.items()),
        *(f"EnvironmentFile=-{path}" for path in secrets),
    ]
    return "\n".join(
        [
            f"# {HEADER}",
            "[Unit]",
            f"Description={description}",
            "Wants=network-online.target",
            "After=network-online.target",
            "",
            "[Service]",
            f"User={user}",
            f"Group={user}",
            f"StateDirectory={user}",
            f"WorkingDirectory=/var/lib/{user}",
            *settings,
            "ExecStart=" + " \\\n    ".join(lines),
            "NoNewPrivileges=yes",
            "Restart=on-failure",
            "RestartSec=5",
            "",
            "[Install]",
            "WantedBy=multi-user.target",
            "",
        ]
    )


class UnitFile(File):
    """The file of a unit. ``systemd`` reads it again when it was written."""

    def change(self, facts: Facts) -> Iterator[Command]:
        writes = tuple(super().change(facts))
        yield from writes
        if writes:
            yield Command("systemctl", "daemon-reload", timeout=_LIMIT)


class NoUnit(Resource):
    """No unit of ours of that name: stopped, disabled and removed. One that does not carry our header is left alone."""

    kind: ClassVar[str] = "no-unit"
    name: UnitName

    @property
    def _path(self) -> str:
        return f"{FOLDER}/{self.name}"

    def facts(self) -> Iterator[Fact[Any]]:
        yield content_of(self._path)

    def change(self, facts: Facts) -> Iterator[Command]:
        seen = facts[content_of(self._path)]
        if seen is not None and HEADER in (seen.text or ""):
            yield Command("sh", "-s", "--", self.name, self._path, stdin=_REMOVE, timeout=_LIMIT)

    def verdict(self, facts: Facts) -> Verdict:
        seen = facts[content_of(self._path)]
        text = seen.text if seen is not None else None
        return Verdict(Symbol.REMOVE, "no longer declared", difference(self._path, text or "", ""))

    def __str__(self) -> str:
        return f"no {self.name}"
