"""``printf`` and the backslash sequences of ``echo``."""

from __future__ import annotations

import re
from collections.abc import Sequence

SEQUENCES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
_FORMAT_ESCAPE = re.compile(r"\\([0-7]{1,3}|x[0-9a-fA-F]{1,2}|.)", re.DOTALL)
_ARGUMENT_ESCAPE = re.compile(r"\\(0[0-7]{0,3}|[1-7][0-7]{0,2}|x[0-9a-fA-F]{1,2}|.)", re.DOTALL)
_SPECIFICATION = re.compile(r"%([-+ #0]*)(\*|[0-9]+)?(?:\.(\*|[0-9]*))?(.)?", re.DOTALL)


def _bytes(text: str) -> str:
    """Characters up to 255 that stand for bytes, as text."""
    return text.encode("latin-1").decode("utf-8", "surrogateescape")


def _sequence(found: re.Match[str]) -> str:
    sign = found[1]
    if sign[0] in "01234567":
        return chr(int(sign, 8) & 255)
    if sign[0] == "x" and len(sign) > 1:
        return chr(int(sign[1:], 16))
    return SEQUENCES.get(sign, found[0])


def _replace(text: str, escapes: re.Pattern[str]) -> str:
    if "\\" not in text:
        return text
    raw = text.encode("utf-8", "surrogateescape").decode("latin-1")
    return _bytes(escapes.sub(_sequence, raw))


def unescape(text: str) -> tuple[str, bool]:
    """The text with its sequences as ``echo`` and ``%b`` take them; True when ``\\c`` ended it."""
    position = 0
    while (position := text.find("\\", position)) >= 0:
        if text[position + 1 : position + 2] == "c":
            return _replace(text[:position], _ARGUMENT_ESCAPE), True
        position += 2
    return _replace(text, _ARGUMENT_ESCAPE), False


class Printf:
    """One call of printf: ``text`` is the output, ``faults`` what was wrong with arguments."""

    def __init__(self, format_: str, arguments: Sequence[str]) -> None:
        self.text = ""
        self.faults: list[str] = []
        self._arguments = list(arguments)
        self._used = 0
        self._ended = False
        while not self._ended:
            before = self._used
            self._once(format_)
            if self._used >= len(self._arguments) or self._used == before:
                break

    def _next(self) -> str | None:
        self._used += 1
        return self._arguments[self._used - 1] if self._used <= len(self._arguments) else None

    def _once(self, format_: str) -> None:
        position = 0
        while position < len(format_) and not self._ended:
            percent = format_.find("%", position)
            end = percent if percent >= 0 else len(format_)
            self.text += _replace(format_[position:end], _FORMAT_ESCAPE)
            if percent < 0:
                return
            if format_.startswith("%%", percent):
                self.text += "%"
                position = percent + 2
                continue
            found = _SPECIFICATION.match(format_, percent)
            if not found or not found[4]:
                self._fault_format(format_[percent:])
                return
            self._convert(found)
            position = found.end()

    def _fault_format(self, text: str) -> None:
        self.faults.append(f"{text}: invalid directive")
        self._ended = True

    def _convert(self, found: re.Match[str]) -> None:
        flags, width, precision, kind = found[1], found[2] or "", found[3], found[4]
        if width == "*":
            width = str(self._integer(self._next()))
        if precision == "*":
            precision = str(self._integer(self._next()))
        size = min(abs(int(width or 0)), 10000)
        flags += "-" if width.startswith("-") else ""
        limit = None if precision is None else min(int(precision or 0), 10000)
        text = self._converted(kind, flags, limit, found)
        zero = "0" in flags and "-" not in flags and kind in "diuoxXeEfFgG"
        if "-" in flags:
            self.text += text.ljust(size)
        elif zero and text[:1] in "+-" and text:
            self.text += text[0] + text[1:].rjust(size - 1, "0")
        else:
            self.text += text.rjust(size, "0" if zero else " ")

    def _converted(self, kind: str, flags: str, limit: int | None, found: re.Match[str]) -> str:
        if kind in "sb":
            argument = self._next() or ""
            if kind == "b":
                argument, self._ended = unescape(argument)
            return argument if limit is None else argument[:limit]
        if kind == "c":
            return (self._next() or "")[:1]
        if kind in "diuoxX":
            return _integer_text(self._integer(self._next()), kind, flags, limit)
        if kind in "eEfFgG":
            number = self._float(self._next())
            sign = "+" if "+" in flags else " " if " " in flags else ""
            return f"{number:{sign}.{6 if limit is None else limit}{kind}}"
        self._fault_format(found[0])
        return ""

    def _integer(self, argument: str | None) -> int:
        if argument is None:
            return 0
        if argument[:1] in ("'", '"') and len(argument) > 1:
            return ord(argument[1])
        found = re.match(r"\s*([-+]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)", argument)
        if not found:
            self.faults.append(f"{argument}: expected numeric value")
            return 0
        if found.end() < len(argument):
            self.faults.append(f"{argument}: not completely converted")
        digits = found[2]
        base = 16 if digits[:2] in ("0x", "0X") else 8 if digits[0] == "0" else 10
        return int(digits, base) * (-1 if found[1] == "-" else 1)

    def _float(self, argument: str | None) -> float:
        if argument is None:
            return 0.0
        found = re.match(r"\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?", argument)
        if not found:
            self.faults.append(f"{argument}: expected numeric value")
            return 0.0
        if found.end() < len(argument):
            self.faults.append(f"{argument}: not completely converted")
        return float(found.group())


def _integer_text(number: int, kind: str, flags: str, limit: int | None) -> str:
    if kind in "uoxX" and number < 0:
        number += 1 << 64
    digits = {"o": f"{abs(number):o}", "x": f"{abs(number):x}", "X": f"{abs(number):X}"}.get(kind, str(abs(number)))
    digits = digits.rjust(limit or 0, "0")
    if "#" in flags and number:
        digits = {"o": "0", "x": "0x", "X": "0X"}.get(kind, "") + digits
    if kind in "di":
        return ("-" if number < 0 else "+" if "+" in flags else " " if " " in flags else "") + digits
    return digits
