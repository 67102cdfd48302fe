"""The lines of exports(5): what they say, and ours among those that are there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

from pydantic import Field

from phoenix_hypervisor.resource import Slice
from phoenix_hypervisor.resources.paths import AbsolutePath

_WORD = re.compile(r'(?:"[^"]*"|[^\s"])+')
_OCTAL = re.compile(r"\\([0-7]{3})")
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*")
ClientName = Annotated[str, Field(pattern=r"^[A-Za-z0-9@*?][A-Za-z0-9@*?.:/_\-]*$")]
OptionText = Annotated[str, Field(pattern=r"^[a-z][A-Za-z0-9_]*(?:=[A-Za-z0-9_.:/+\-]+)?$")]


class Export(Slice):
    """A folder, and for whom with which options.

    ``left_open`` is what the configuration does not say of it: what its line says stays, and where there is no line
    yet, what stands here holds.
    """

    path: AbsolutePath
    clients: tuple[ClientName, ...]
    options: tuple[OptionText, ...]
    left_open: tuple[Literal["clients", "options"], ...] = ()

    def line(self) -> str:
        path = f'"{self.path}"' if re.search(r"[\s#]", self.path) else self.path
        return " ".join([path, *(f"{client}({','.join(self.options)})" for client in self.clients)]) + "\n"

    def closed(self, text: str) -> Export:
        """The same with what was left open as the file's text has it."""
        words = next((words for words in map(_words, text.splitlines()) if words[:1] == [self.path]), [])
        found = [word.partition("(") for word in words[1:]]
        if not self.left_open or not found:
            return self.model_copy(update={"left_open": ()})
        there = {
            "clients": tuple(client for client, _, _ in found),
            "options": tuple(found[0][2].rstrip(")").split(",")),
        }
        return self.model_copy(update={**{name: there[name] for name in self.left_open}, "left_open": ()})


def plain(word: str) -> str:
    """A word without the octal numbers that stand for blanks and the like."""
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), word)


def _words(line: str) -> list[str]:
    return [plain(word.replace('"', "")) for word in _WORD.findall(_COMMENT.sub("", line))]


def entries(text: str) -> Iterator[tuple[str, str]]:
    """Path and client of every export in a file's text."""
    for words in map(_words, text.replace("\\\n", " ").splitlines()):
        for client in words[1:]:
            if not client.startswith("-"):
                yield words[0].rstrip("/") or "/", client.partition("(")[0] or "*"


def merged(text: str, exports: Iterable[Export]) -> str:
    """The text with these exports in the places of their paths, or at its end; every other line as it was."""
    lines = {export.path: "" for export in exports}
    for export in exports:
        lines[export.path] += export.line()
    found = []
    for line in text.splitlines():
        path = (_words(line) or [""])[0]
        found.append(lines.pop(path, "") if path in {export.path for export in exports} else f"{line}\n")
    return "".join([*found, *lines.values()])
