"""apt's package sources as text: the entries of a file, and one of them switched on or off (sources.list(5))."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_LINE = re.compile(r"(?P<off>\s*#[#\s]*)?\s*(?P<type>deb|deb-src)\s+(?:\[[^\]]*\]\s+)?(?P<uri>[a-z][a-z0-9+]*:\S+)\s+"
                   r"(?P<suite>\S+)(?P<components>(?:\s+[^\s#]+)*)\s*(?:#.*)?")  # fmt: skip
_FIELD = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9\-]*):(?P<value>.*)")
_NO = frozenset({"no", "false", "without", "off", "disable", "0"})
"""What apt takes for no (apt-pkg/contrib/strutl.cc, StringToBool)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line or a stanza: what it names, and from which line up to which it stands."""

    types: tuple[str, ...]
    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    enabled: bool
    first: int
    end: int


def entries(path: str, text: str) -> Iterator[Entry]:
    """The entries of a file, those that are switched off included."""
    lines = text.splitlines(keepends=True)
    yield from _stanzas(lines) if path.endswith(".sources") else _one_line(lines)


def _one_line(lines: list[str]) -> Iterator[Entry]:
    for number, line in enumerate(lines):
        if found := _LINE.fullmatch(line.rstrip("\n")):
            components = tuple(found["components"].split())
            yield Entry((found["type"],), (found["uri"],), (found["suite"],), components, not found["off"],
                        number, number + 1)  # fmt: skip


def _stanzas(lines: list[str]) -> Iterator[Entry]:
    first: int | None = None
    for number, line in enumerate([*lines, "\n"]):
        if line.strip():
            first = number if first is None else first
        elif first is not None:
            yield from _stanza(lines, first, number)
            first = None


def _stanza(lines: list[str], first: int, end: int) -> Iterator[Entry]:
    fields: dict[str, str] = {}
    last = ""
    for line in lines[first:end]:
        if line.startswith("#"):
            continue
        if line[0] in " \t":
            fields[last] = f"{fields.get(last, '')} {line.strip()}"
        elif found := _FIELD.match(line.rstrip("\n")):
            last = found["name"].lower()
            fields[last] = found["value"].strip()
    words = {name: tuple(value.split()) for name, value in fields.items()}
    if "types" in fields:
        enabled = fields.get("enabled", "yes").lower() not in _NO
        types, uris, suites, components = (words.get(name, ()) for name in ("types", "uris", "suites", "components"))
        yield Entry(types, uris, suites, components, enabled, first, end)


def switched(path: str, text: str, entry: Entry, *, on: bool) -> str:
    """The file's text with that entry on or off; every other byte stays."""
    lines = text.splitlines(keepends=True)
    if not path.endswith(".sources"):
        line = lines[entry.first]
        lines[entry.first] = re.sub(r"^\s*#[#\s]*", "", line) if on else f"# {line}"
        return "".join(lines)
    kept = [line for line in lines[entry.first : entry.end] if not line.lower().startswith("enabled:")]
    if not on:
        if not kept[-1].endswith("\n"):
            kept[-1] += "\n"
        kept.append("Enabled: no\n")
    return "".join((*lines[: entry.first], *kept, *lines[entry.end :]))
