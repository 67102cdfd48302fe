"""The sections of our file of shares: those that a part of a document mentions, among those that are there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

SECTION = re.compile(r"^[ \t]*\[([^\]\n]*)\]", re.MULTILINE)
_USERS = "valid users"


def share_text(name: str, path: str, parameters: Iterable[tuple[str, str]]) -> str:
    """One share as smb.conf(5) has it."""
    lines = "".join(f"\t{key} = {value}\n" for key, value in (("path", path), *parameters))
    return f"\n[{name}]\n{lines}"


def merged(text: str, shares: str, left_open: Mapping[str, tuple[str, ...]]) -> str:
    """The text with these shares in it; every other share of it stays.

    ``left_open`` is by the names of shares what the configuration does not say of them: ``options``, ``valid users``.
    What their sections say of that stays.
    """
    head, there = _sections(text)
    found = dict(there)
    for name, section in _sections(shares)[1].items():
        found[name] = _closed(section, there.get(name, ""), left_open.get(name, ()))
    return head + "".join(found.values())


def _sections(text: str) -> tuple[str, dict[str, str]]:
    """What stands before the first section; lower-case name to each section, with the empty line before it."""
    starts = [match.start() for match in SECTION.finditer(text)]
    starts = [start - (text[:start][-2:] == "\n\n" or text[:start] == "\n") for start in starts]
    ends = [*starts[1:], len(text)]
    sections = [text[start:end] for start, end in zip(starts, ends, strict=True)]
    return text[: starts[0] if starts else None], {_name(section): section for section in sections}


def _name(section: str) -> str:
    found = SECTION.search(section)
    return found[1].strip().lower() if found else ""


def _closed(section: str, there: str, left_open: tuple[str, ...]) -> str:
    if not there or not left_open:
        return section
    own, old = _parameters(section), _parameters(there)
    found = dict(old if "options" in left_open else own)
    found["path"] = own["path"]
    users = (old.get(_USERS) if _USERS in left_open else None) or own.get(_USERS)
    if users:
        found[_USERS] = users
    title = SECTION.search(section)
    path = found.pop("path")
    return share_text(title[1] if title else "", path, found.items())


def _parameters(section: str) -> dict[str, str]:
    lines = (line.partition("=") for line in section.splitlines() if "=" in line)
    return {key.strip(): value.strip() for key, _, value in lines}
