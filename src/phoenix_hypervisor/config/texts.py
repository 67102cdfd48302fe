"""Texts that problems share: how a value is shown, what a name was probably meant to be."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

_LIMIT = 60


def shown(value: Any) -> str:
    """A value as it may stand in a message: quoted, in one line, bounded, with nothing that a terminal would obey."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        text = value if len(value) <= _LIMIT else value[:_LIMIT] + "…"
        return '"' + "".join(map(_visible, text)) + '"'
    return "an object" if isinstance(value, dict) else "a list"


def _visible(character: str) -> str:
    return character if character.isprintable() else f"\\u{ord(character):04x}"


def kind(value: Any) -> str:
    """The JSON kind of a value, with its article."""
    if value is None:
        return "null"
    return next((name for types, name in _KINDS if isinstance(value, types)), "a list")


_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "true or false"),
    (int, "an integer"),
    (float, "a fraction"),
    (str, "a string"),
    (dict, "an object"),
)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``Did you mean "x"?`` for the nearest known name; empty when none is near."""
    names = list(known)
    folded = {each.lower(): each for each in names}
    near = get_close_matches(name.lower(), folded, n=1, cutoff=0.6)
    return f"Did you mean {shown(folded[near[0]])}?" if near else ""


def listing(names: Iterable[object], last: str = "and") -> str:
    """``a, b and c``."""
    items = [str(name) for name in names]
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}" if items else ""
