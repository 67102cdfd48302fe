"""The JSON reader: text to values, with the offset of every key and value."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from json.decoder import JSONDecodeError, scanstring  # type: ignore[attr-defined]
from typing import Any, NoReturn

from phoenix_hypervisor.config.texts import shown

DEPTH_LIMIT = 64
_DIGITS = 18

Offsets = dict[tuple[str | int, ...], tuple[int, int]]
"""Path to (offset of the key, offset of the value); the same twice where there is no key."""

_SPACE = re.compile(r"(?:[ \t\r\n]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORD = re.compile(r"[A-Za-z0-9_$.+\-]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_LITERALS = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong at an offset."""

    offset: int
    message: str
    hint: str = ""
    code: str = "syntax"
    path: str = ""


class Stop(Exception):
    """A fault after which the rest cannot be read honestly."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class Reader:
    """Reads one text once. ``faults`` are those after which reading went on."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.offsets: Offsets = {}
        self.faults: list[Fault] = []

    def document(self) -> Any:
        self._skip()
        if self.at == len(self.text):
            self._stop(0, "the file is empty.", "Write at least {}.")
        value = self._value((), self.at)
        self._skip()
        if self.at < len(self.text):
            self._stop(self.at, f"{self._next()} stands after the end of the document.")
        return value

    def _stop(self, offset: int, message: str, hint: str = "") -> NoReturn:
        raise Stop(Fault(offset, message, hint))

    def _skip(self) -> None:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at
        if self.text.startswith("/*", self.at):
            self._stop(self.at, "this comment is not closed.", "Close it with */.")

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _next(self) -> str:
        """What stands here, for a message."""
        if self.at >= len(self.text):
            return "the end of the file"
        word = _WORD.match(self.text, self.at)
        return shown(word[0][:20] if word else self._peek())

    def _value(self, path: tuple[str | int, ...], key_offset: int) -> Any:
        start = self.at
        self.offsets[path] = (key_offset, start)
        character = self._peek()
        if character == '"':
            return self._string()
        if character in ("{", "["):
            if len(path) >= DEPTH_LIMIT:
                self._stop(start, f"values are nested more than {DEPTH_LIMIT} deep.")
            self.at += 1
            return self._object(path, start) if character == "{" else self._list(path, start)
        return self._scalar()

    def _object(self, path: tuple[str | int, ...], start: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while True:
            self._skip()
            if self._peek() == "}":
                self.at += 1
                return found
            key_offset = self.at
            key = self._key(start)
            if key in found:
                self._duplicate((*path, key), key_offset)
            self._skip()
            if self._peek() != ":":
                self._stop(self.at, f"a colon must follow the key {shown(key)}, not {self._next()}.")
            self.at += 1
            self._skip()
            found[key] = self._value((*path, key), key_offset)
            self._separator("}", start)

    def _key(self, start: int) -> str:
        if self.at >= len(self.text):
            self._stop(start, "this object is not closed.", "Close it with }.")
        if self._peek() != '"':
            hint = "Keys stand in double quotes." if self._peek().isalpha() or self._peek() == "'" else ""
            self._stop(self.at, f"a key in double quotes must stand here, not {self._next()}.", hint)
        return self._string()

    def _duplicate(self, path: tuple[str | int, ...], offset: int) -> None:
        line = self.text.count("\n", 0, self.offsets[path][0]) + 1
        message = f"the key {shown(path[-1])} stands twice in this object; first in line {line}."
        self.faults.append(Fault(offset, message, "Remove one of them.", "duplicate-key", ".".join(map(str, path))))

    def _list(self, path: tuple[str | int, ...], start: int) -> list[Any]:
        found: list[Any] = []
        while True:
            self._skip()
            if self._peek() == "]":
                self.at += 1
                return found
            if self.at >= len(self.text):
                self._stop(start, "this list is not closed.", "Close it with ].")
            found.append(self._value((*path, len(found)), self.at))
            self._separator("]", start)

    def _separator(self, closing: str, start: int) -> None:
        """A comma, or what closes; a comma that is missing between two values is reported, and reading goes on."""
        end = self.at
        self._skip()
        character = self._peek()
        if character == ",":
            self.at += 1
        elif character and character in '"{[':
            self.faults.append(Fault(end, "a comma is missing here."))
        elif not character:
            what = "object" if closing == "}" else "list"
            self._stop(start, f"this {what} is not closed.", f"Close it with {closing}.")
        elif character != closing:
            self._stop(self.at, f'a comma or "{closing}" must stand here, not {self._next()}.')

    def _string(self) -> str:
        start = self.at
        try:
            value, self.at = scanstring(self.text, start + 1, True)
        except JSONDecodeError as error:
            self._bad_string(start, error)
        if _SURROGATE.search(value):
            self._stop(start, "this string holds half a surrogate pair, which is no character.")
        return str(value)

    def _bad_string(self, start: int, error: JSONDecodeError) -> NoReturn:
        at = min(error.pos, len(self.text) - 1)
        if error.msg.startswith("Unterminated") or self.text[at] in "\r\n":
            self._stop(start, "this string is not closed on its line.", 'Close it with ".')
        if error.msg.startswith("Invalid control"):
            self._stop(at, f"the control character {shown(self.text[at])} must be written as an escape.")
        self._stop(at, "this is no escape that JSON knows.", r"A backslash is written \\, a quote \".")

    def _scalar(self) -> Any:
        start = self.at
        word = _WORD.match(self.text, start)
        if word is None:
            hint = "Strings stand in double quotes." if self._peek() in ("'", "‘", "“", "”", "`") else ""
            self._stop(start, f"a value must stand here, not {self._next()}.", hint)
        text = word[0]
        if text in _LITERALS:
            self.at = word.end()
            return _LITERALS[text]
        number = _NUMBER.fullmatch(text)
        if number is None:
            self._stop(start, f"{shown(text)} is no value that JSON knows.", _advice(text))
        self.at = word.end()
        return self._number(text, start)

    def _number(self, text: str, start: int) -> int | float:
        if text.lstrip("-").isdigit():
            if len(text.lstrip("-")) > _DIGITS:
                self._stop(start, "this number is too large.")
            return int(text)
        value = float(text)
        if not math.isfinite(value):
            self._stop(start, "this number is too large.")
        return value


def _advice(text: str) -> str:
    if text.lower() in _LITERALS:
        return f"Write {text.lower()}."
    if text.lstrip("+-").lower() in ("nan", "infinity", "inf"):
        return "JSON has neither NaN nor Infinity."
    if text == "None":
        return "Write null."
    if text[0].isdigit() or text[0] in "+-.":
        return "Numbers are written as 12, -3 or 0.5, without leading zeros."
    return "Strings stand in double quotes."
