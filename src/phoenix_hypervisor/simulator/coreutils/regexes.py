"""POSIX regular expressions as Python's."""

from __future__ import annotations

import re

from phoenix_hypervisor.simulator.shell.pattern import CLASSES

_BRACKET = re.compile(r"\[\^?\]?(?:\[:[a-z]+:\]|\[[=.].[=.]\]|[^]])*\]", re.DOTALL)
_NAMED = re.compile(r"\[:([a-z]+):\]")
_SHORT = {"w": r"\w", "W": r"\W", "s": r"\s", "S": r"\S", "b": r"\b", "B": r"\B", "<": r"\b(?=\w)", ">": r"\b(?<=\w)"}
_SHORT |= {"n": "\n", "t": "\t", "'": r"\Z", "`": r"\A"}


class RegexFault(Exception):
    """The text is no regular expression."""


def compiled(text: str, *, extended: bool, ignore_case: bool = False) -> re.Pattern[str]:
    """A basic or extended POSIX expression."""
    flags = (re.IGNORECASE if ignore_case else 0) | re.MULTILINE
    try:
        return re.compile(translated(text, extended=extended), flags)
    except (re.error, RecursionError, OverflowError) as wrong:
        raise RegexFault(str(wrong)) from wrong


def translated(text: str, *, extended: bool) -> str:
    """The expression in Python's syntax."""
    pieces: list[str] = []
    position = 0
    while position < len(text):
        sign = text[position]
        bracket = _BRACKET.match(text, position) if sign == "[" else None
        if sign == "[" and not bracket:
            raise RegexFault("Invalid regular expression")
        if bracket:
            pieces.append(_bracket(bracket.group()))
            position = bracket.end()
        elif sign == "\\":
            pieces.append(_escaped(text[position + 1 : position + 2], extended, pieces))
            position += 2
        else:
            pieces.append(_plain(sign, text, position, extended, pieces))
            position += 1
    return "".join(pieces)


def _escaped(sign: str, extended: bool, pieces: list[str]) -> str:
    if not sign:
        raise RegexFault("Trailing backslash")
    if sign in _SHORT:
        return _SHORT[sign]
    if sign.isdecimal():
        return f"(?:\\{sign})"
    if not extended and sign in "(){}|+?":
        if sign in "+?{" and _at_start(pieces):
            return "\\" + sign
        return sign
    return re.escape(sign)


def _at_start(pieces: list[str]) -> bool:
    return not pieces or pieces[-1] in ("(", "|", "^")


def _plain(sign: str, text: str, position: int, extended: bool, pieces: list[str]) -> str:
    if sign == ".":
        return "[^\n]" if not extended else "."
    if sign == "*":
        return r"\*" if _at_start(pieces) else "*"
    if sign == "$":
        following = text[position + 1 : position + 3]
        ends = not following or (extended and following[0] in ")|") or following in (r"\)", r"\|")
        return "(?!.|\n)" if ends else r"\$"
    if sign == "^":
        starts = _at_start(pieces) and pieces[-1:] != ["^"]
        return "^" if starts or extended else r"\^"
    if sign in "(){}|+?":
        if not extended or (sign in "+?{" and _at_start(pieces)):
            return "\\" + sign
        return sign
    return re.escape(sign)


def _bracket(text: str) -> str:
    negated = text.startswith("[^")
    body = text[2 if negated else 1 : -1]
    pieces: list[str] = []
    for index, piece in enumerate(_NAMED.split(body)):
        if index % 2:
            if piece not in CLASSES:
                raise RegexFault("Invalid character class name")
            pieces.append(CLASSES[piece])
        else:
            pieces.append(re.sub(r"([\[\]\\&~|^])", r"\\\1", piece))
    return f"[{'^' if negated else ''}{''.join(pieces)}]"
