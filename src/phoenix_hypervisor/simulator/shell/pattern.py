"""The shell's patterns: matching and path names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from phoenix_hypervisor.simulator.filesystem import Filesystem

CLASSES = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r" \t\n\r\f\v",
    "blank": r" \t",
    "punct": r"!-/:-@\[-`{-~",
    "print": r" -~",
    "graph": r"!-~",
    "cntrl": r"\x00-\x1f\x7f",
    "xdigit": "0-9A-Fa-f",
}
_CLASS = re.compile(r"\[:([a-z]+):\]")
_BRACKET = re.compile(r"\[[!^]?\]?(?:\[:[a-z]+:\]|\\.|[^]\\])*\]", re.DOTALL)

Segments = Iterable[tuple[str, bool]]
"""Pieces of text, each with whether it was quoted."""


def escape(text: str) -> str:
    """The pattern that matches just this text."""
    return re.sub(r"([*?\[\]\\!^-])", r"\\\1", text)


def pattern(segments: Segments) -> str:
    """The pattern of a word, quoted signs escaped."""
    return "".join(escape(text) if quoted else text for text, quoted in segments)


def is_magic(text: str) -> bool:
    """Whether it is more than a name."""
    return "*" in text or "?" in text or ("[" in text and "]" in text)


@lru_cache(maxsize=2048)
def regex(text: str) -> re.Pattern[str]:
    """The regular expression of a pattern."""
    return re.compile(_translate(text), re.DOTALL)


def matches(text: str, subject: str) -> bool:
    """Whether the pattern matches the whole subject."""
    return regex(text).fullmatch(subject) is not None


def _translate(text: str) -> str:
    pieces: list[str] = []
    position = 0
    while position < len(text):
        sign = text[position]
        bracket = _BRACKET.match(text, position) if sign == "[" else None
        if bracket and (found := _bracket(bracket.group())):
            pieces.append(found)
            position = bracket.end()
            continue
        if sign == "\\" and position + 1 < len(text):
            position += 1
            pieces.append(re.escape(text[position]))
        elif sign == "*":
            if pieces[-1:] != [".*"]:
                pieces.append(".*")
        else:
            pieces.append("." if sign == "?" else re.escape(sign))
        position += 1
    return "".join(pieces)


def _bracket(text: str) -> str:
    """A bracket expression as a regular expression; empty when it is not a valid one."""
    body = text[1:-1]
    negated = body[:1] in ("!", "^")
    body = body[1:] if negated else body
    body = _CLASS.sub(lambda found: f"\0{found[1]}\0", body)
    pieces = []
    for index, piece in enumerate(body.split("\0")):
        if index % 2:
            pieces.append(CLASSES.get(piece, ""))
        else:
            pieces.append(re.sub(r"\\(.)|([\[\]^&~|\\])", lambda sign: "\\" + (sign[1] or sign[2]), piece))
    found = f"[{'^' if negated else ''}{''.join(pieces)}]"
    try:
        re.compile(found)
    except re.error:
        return ""
    return found


def unescape(text: str) -> str:
    """The name that a pattern without magic stands for."""
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def paths(files: Filesystem, directory: str, text: str) -> list[str]:
    """The existing paths that a pattern matches, sorted; relative ones as they were written."""
    found = ["/"] if text.startswith("/") else [""]
    parts = [part for part in text.split("/") if part]
    for part in parts:
        found = [path for folder in found for path in _step(files, directory, folder, part)]
    if text.endswith("/"):
        return sorted(path for path in found if files.is_dir(absolute(directory, path)))
    return sorted(path.removesuffix("/") for path in found)


def _step(files: Filesystem, directory: str, folder: str, part: str) -> list[str]:
    place = absolute(directory, folder)
    if not is_magic(part):
        name = unescape(part)
        return [folder + name + "/"] if files.is_dir(place) and _there(files, place, name) else []
    if not files.is_dir(place):
        return []
    names = [*files.list(place), ".", ".."] if part.startswith(".") else files.list(place)
    shown = (name for name in names if part.startswith(".") or not name.startswith("."))
    return [f"{folder}{name}/" for name in shown if matches(part, name)]


def _there(files: Filesystem, place: str, name: str) -> bool:
    return name in (".", "..") or files.stat(f"{place}/{name}", follow=False) is not None


def absolute(directory: str, path: str) -> str:
    """A path from the root."""
    if path.startswith("/"):
        return path
    return f"{directory.rstrip('/')}/{path}" if path else directory
