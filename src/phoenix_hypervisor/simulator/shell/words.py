"""Words in the text of a script: quotes, and what begins with a dollar sign."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from phoenix_hypervisor.simulator.shell.syntax import (
    Arithmetic,
    Literal,
    Parameter,
    Part,
    Sequence,
    Substitution,
    SyntaxFault,
    Word,
    word,
)

SPECIAL = "@*#?-$!0123456789"
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-]")
_LENGTH = re.compile(r"#([A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-])}")
_ANSI = re.compile(r"\$'((?:[^'\\]|\\.)*)'", re.DOTALL)
_OPERATION = re.compile(r":?[-=?+]|%%?|##?")
_BASH_OPERATION = re.compile(r"//?|\^\^?|,,?|:")
_PLAIN = re.compile(r"[^ \t\n;&|<>()'\"\\$`}]+")

SubParser = Callable[[Any], Sequence]
"""Parses what stands inside ``$(…)`` with the lexer it is given, and stops after its closing parenthesis."""


class Words:
    """A place in a text, from which words are read."""

    def __init__(self, text: str, parse: SubParser, *, position: int = 0, line: int = 1, bash: bool = False) -> None:
        self.text = text
        self.position = position
        self.line = line
        self.bash = bash
        self._parse = parse

    def fault(self, reason: str) -> SyntaxFault:
        return SyntaxFault(self.line, reason)

    def read(self, stop: str) -> Word:
        """The word up to one of these signs."""
        parts: list[Part] = []
        text = self.text
        while self.position < len(text) and text[self.position] not in stop:
            self._part(parts)
        return word(_merged(parts))

    def _part(self, parts: list[Part]) -> None:
        """Read one part of an unquoted word."""
        text, start = self.text, self.position
        sign = text[start]
        if plain := _PLAIN.match(text, start):
            self.position = plain.end()
            parts.append(Literal(plain.group()))
        elif sign == "'":
            parts.append(Literal(self._single(), True))
        elif sign == '"':
            self.position += 1
            parts += self.double('"') or [Literal("", True)]
        elif sign == "\\":
            self._escape(parts)
        elif sign == "$":
            parts.append(self._dollar(False))
        elif sign == "`":
            parts.append(self._backticks(False))
        else:
            self.line += sign == "\n"
            self.position += 1
            parts.append(Literal(sign))

    def _escape(self, parts: list[Part]) -> None:
        following = self.text[self.position + 1 : self.position + 2]
        self.position += 2
        if following == "\n":
            self.line += 1
        else:
            parts.append(Literal(following or "\\", True))
            self.position = min(self.position, len(self.text))

    def _single(self) -> str:
        end = self.text.find("'", self.position + 1)
        if end < 0:
            self.line += self.text.count("\n", self.position)
            raise self.fault("Unterminated quoted string")
        found = self.text[self.position + 1 : end]
        self.line += found.count("\n")
        self.position = end + 1
        return found

    def double(self, end: str) -> list[Part]:
        """What stands in double quotes, to the sign ``end`` and over it; to the end of the text when that is empty."""
        parts: list[Part] = []
        text = self.text
        while True:
            if self.position >= len(text):
                if not end:
                    return _merged(parts)
                raise self.fault("Unterminated quoted string" if end == '"' else "Missing '}'")
            sign = text[self.position]
            if sign == end:
                self.position += 1
                return _merged(parts)
            self._quoted_part(parts, sign, end)

    def _quoted_part(self, parts: list[Part], sign: str, end: str) -> None:
        if sign == "\\":
            following = self.text[self.position + 1 : self.position + 2]
            self.position += 1 + len(following)
            if following == "\n":
                self.line += 1
            elif following and following in f"$`\\{end}{chr(34) if end == '}' else ''}":
                parts.append(Literal(following, True))
            else:
                parts.append(Literal("\\" + following, True))
        elif sign == "$":
            parts.append(self._dollar(True))
        elif sign == "`":
            parts.append(self._backticks(True))
        elif sign == '"' and end == "}":
            self.position += 1
            parts += self.double('"')
        else:
            self.line += sign == "\n"
            self.position += 1
            parts.append(Literal(sign, True))

    # -- what begins with a dollar sign

    def _dollar(self, quoted: bool) -> Part:
        text, start = self.text, self.position
        following = text[start + 1 : start + 2]
        if text.startswith("$((", start):
            self.position += 3
            return Arithmetic(self.arithmetic(), quoted)
        if following == "(":
            self.position += 2
            return Substitution(self._parse(self), quoted)
        if following == "{":
            self.position += 2
            return self._braces(quoted)
        if self.bash and following == "'" and not quoted:
            return self._ansi()
        if name := NAME.match(text, start + 1):
            self.position = name.end()
            return Parameter(name.group(), quoted=quoted)
        if following and following in SPECIAL:
            self.position += 2
            return Parameter(following, quoted=quoted)
        self.position += 1
        return Literal("$", quoted)

    def _ansi(self) -> Literal:
        """``$'…'`` of bash."""
        found = _ANSI.match(self.text, self.position)
        if not found:
            raise self.fault("Unterminated quoted string")
        self.position = found.end()
        self.line += found.group().count("\n")
        plain = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v"}
        return Literal(re.sub(r"\\(.)", lambda sign: plain.get(sign[1], sign[1]), found[1], flags=re.DOTALL), True)

    def _braces(self, quoted: bool) -> Parameter:
        text = self.text
        if length := _LENGTH.match(text, self.position):
            self.position = length.end()
            return Parameter(length[1], "length", quoted=quoted)
        name = _PARAMETER.match(text, self.position)
        if not name:
            return self._bad(quoted)
        self.position = name.end()
        if text.startswith("}", self.position):
            self.position += 1
            return Parameter(name.group(), quoted=quoted)
        operation = _OPERATION.match(text, self.position)
        if not operation and self.bash:
            operation = _BASH_OPERATION.match(text, self.position)
        if not operation:
            return self._bad(quoted)
        self.position = operation.end()
        pattern = operation.group()[0] in "%#/^,"
        return Parameter(name.group(), operation.group(), self._brace_word(quoted and not pattern), quoted)

    def _bad(self, quoted: bool) -> Parameter:
        self._brace_word(quoted)
        return Parameter("", "bad", quoted=quoted)

    def _brace_word(self, quoted: bool) -> Word:
        if quoted:
            return word(self.double("}"))
        parts: list[Part] = []
        while not self.text.startswith("}", self.position):
            if self.position >= len(self.text):
                raise self.fault("Missing '}'")
            self._part(parts)
        self.position += 1
        return word(_merged(parts))

    def arithmetic(self) -> Word:
        """The expression up to ``))`` and over it."""
        parts: list[Part] = []
        depth = 0
        text = self.text
        while True:
            if self.position >= len(text):
                raise self.fault("Missing '))'")
            sign = text[self.position]
            if sign == ")" and not depth:
                if not text.startswith("))", self.position):
                    raise self.fault("Missing '))'")
                self.position += 2
                return word(_merged(parts))
            depth += (sign == "(") - (sign == ")")
            if sign == '"':
                self.position += 1
            else:
                self._quoted_part(parts, sign, "")

    def _backticks(self, quoted: bool) -> Substitution:
        text, start = self.text, self.position + 1
        position, pieces = start, []
        while position < len(text) and text[position] != "`":
            if text[position] == "\\" and text[position + 1 : position + 2] in ("\\", "`", "$", '"' if quoted else "`"):
                position += 1
            pieces.append(text[position : position + 1])
            position += 1
        if position >= len(text):
            self.line += text.count("\n", start)
            raise self.fault("EOF in backquote substitution")
        inner = type(self)("".join(pieces) + "\n)", self._parse, line=self.line, bash=self.bash)
        body = self._parse(inner)
        if inner.position < len(inner.text):
            raise self.fault('")" unexpected')
        self.line += text.count("\n", start, position)
        self.position = position + 1
        return Substitution(body, quoted)


def _merged(parts: list[Part]) -> list[Part]:
    """The parts with neighbouring literals of one kind put together."""
    merged: list[Part] = []
    for part in parts:
        last = merged[-1] if merged else None
        if isinstance(part, Literal) and isinstance(last, Literal) and part.quoted == last.quoted:
            merged[-1] = Literal(last.text + part.text, part.quoted)
        else:
            merged.append(part)
    return merged
