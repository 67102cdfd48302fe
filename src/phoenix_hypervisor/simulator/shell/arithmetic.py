"""``$((…))``: integers of 64 bits, with dash's words for what is wrong."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Protocol

TOKEN = re.compile(
    r"\s*(?:(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)|([A-Za-z_][A-Za-z0-9_]*)"
    r"|(<<=|>>=|\*\*|\+\+|--|&&|\|\||<=|>=|==|!=|<<|>>|[-+*/%&|^]=|[-+*/%<>=!~&|^?:(),]))"
)
LEVELS: tuple[tuple[str, ...], ...] = (
    ("||",),
    ("&&",),
    ("|",),
    ("^",),
    ("&",),
    ("==", "!="),
    ("<", ">", "<=", ">="),
    ("<<", ">>"),
    ("+", "-"),
    ("*", "/", "%"),
)
COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "|": operator.or_,
    "^": operator.xor,
    "&": operator.and_,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "<<": lambda left, right: left << (right & 63),
    ">>": lambda left, right: left >> (right & 63),
}
PRIMARY = "expecting primary"


class IllegalNumber(ArithmeticError):
    """A variable in an expression is no number."""


class Variables(Protocol):
    """Named texts that an expression reads and sets."""

    def get(self, name: str) -> str | None: ...

    def set(self, name: str, value: str) -> None: ...


class _Parser:
    """Evaluates while it reads; what ``&&``, ``||`` and ``?:`` leave out is read without effect."""

    def __init__(self, text: str, variables: Variables) -> None:
        self._variables = variables
        self._tokens = _tokens(text)
        self._position = 0
        self._active = True

    def value(self) -> int:
        value = self._assignment()
        if self._position < len(self._tokens):
            raise ArithmeticError("expecting EOF")
        return value

    def _peek(self, ahead: int = 0) -> str:
        position = self._position + ahead
        return self._tokens[position] if position < len(self._tokens) else ""

    def _take(self, token: str) -> bool:
        if self._peek() != token:
            return False
        self._position += 1
        return True

    def _assignment(self) -> int:
        name, sign = self._peek(), self._peek(1)
        if not (_is_name(name) and sign.endswith("=") and sign not in COMPARISONS):
            return self._ternary()
        self._position += 2
        value = self._assignment()
        if self._active:
            if sign != "=":
                value = self._apply(sign[:-1], self._variable(name), value)
            self._variables.set(name, str(value))
        return value

    def _ternary(self) -> int:
        condition = self._binary(0)
        if not self._take("?"):
            return condition
        active = self._active
        self._active = active and bool(condition)
        first = self._assignment()
        if not self._take(":"):
            raise ArithmeticError("expecting ':'")
        self._active = active and not condition
        second = self._ternary()
        self._active = active
        return first if condition else second

    def _binary(self, level: int) -> int:
        if level == len(LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        while (sign := self._peek()) in LEVELS[level]:
            self._position += 1
            active = self._active
            if sign in ("&&", "||"):
                self._active = active and bool(left) == (sign == "&&")
            right = self._binary(level + 1)
            self._active = active
            left = self._apply(sign, left, right)
        return left

    def _apply(self, sign: str, left: int, right: int) -> int:
        if sign in ("&&", "||"):
            return int(bool(left) and bool(right) if sign == "&&" else bool(left) or bool(right))
        if sign in COMPARISONS:
            return int(COMPARISONS[sign](left, right))
        if sign in OPERATIONS:
            return _wrapped(OPERATIONS[sign](left, right))
        if not self._active:
            return 0
        if not right:
            raise ArithmeticError("division by zero")
        quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
        return _wrapped(quotient if sign == "/" else left - quotient * right)

    def _unary(self) -> int:
        if self._take("-"):
            return _wrapped(-self._unary())
        if self._take("+"):
            return self._unary()
        if self._take("!"):
            return int(not self._unary())
        if self._take("~"):
            return ~self._unary()
        return self._primary()

    def _primary(self) -> int:
        found = self._peek()
        self._position += 1
        if found == "(":
            value = self._assignment()
            if not self._take(")"):
                raise ArithmeticError("expecting ')'")
            return value
        if _is_name(found):
            return self._variable(found)
        if not found[:1].isdecimal():
            raise ArithmeticError(PRIMARY)
        return number(found)

    def _variable(self, name: str) -> int:
        text = (self._variables.get(name) or "").strip()
        if not text:
            return 0
        try:
            return number(text)
        except ValueError as wrong:
            raise IllegalNumber(f"Illegal number: {text}") from wrong


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    position, text = 0, text.rstrip()
    while position < len(text):
        found = TOKEN.match(text, position)
        if not found:
            return [*tokens, text[position:].strip()]
        tokens.append(found[1] or found[2] or found[3])
        position = found.end()
    return tokens


def _is_name(token: str) -> bool:
    return token[:1].isalpha() or token.startswith("_")


def _wrapped(value: int) -> int:
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)


def number(text: str) -> int:
    """A C constant: decimal, octal or hexadecimal. Raises ValueError for anything else."""
    digits = text.lstrip("+-").lower()
    if not digits.isalnum() or not digits.isascii():
        raise ValueError(text)
    value = int(digits, 16 if digits.startswith("0x") else 8 if digits.startswith("0") else 10)
    limit = (1 << 63) - 1
    return max(-limit - 1, -value) if text.startswith("-") else min(limit, value)


def calculate(text: str, variables: Variables) -> int:
    """The value of an expression; its assignments are done. Raises ArithmeticError with the reason."""
    try:
        return _Parser(text, variables).value()
    except ValueError as wrong:
        raise ArithmeticError(PRIMARY) from wrong
