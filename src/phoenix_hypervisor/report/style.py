"""Colours of a terminal, and none elsewhere (``NO_COLOR`` is honoured by whoever makes the style)."""

from __future__ import annotations

from dataclasses import dataclass

_CODES = {"+": "32", "~": "33", "-": "31", "±": "35", "!": "31;1", "bold": "1", "dim": "2", "ok": "32", "bad": "31;1"}


@dataclass(frozen=True, slots=True)
class Style:
    """Whether to colour."""

    colour: bool = False

    def paint(self, text: str, code: str) -> str:
        return f"\x1b[{_CODES[code]}m{text}\x1b[0m" if self.colour and code in _CODES else text
