"""``[[ … ]]`` of bash."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator.conditions import BINARY, UNARY, Condition, ConditionFault
from phoenix_hypervisor.simulator.shell.expand import ShellFault
from phoenix_hypervisor.simulator.shell.pattern import matches
from phoenix_hypervisor.simulator.shell.syntax import Word

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.shell.running import Running

Truth = Generator[float, None, bool]


def condition(shell: Running, words: tuple[Word, ...]) -> Generator[float, None, int]:
    """The status of a condition: 0 true, 1 false, 2 when it is none."""
    try:
        test = _Test(shell, words)
        holds = yield from test.either()
        test.finish()
        return int(not holds)
    except (ConditionFault, re.error, IndexError) as fault:
        shell.complain(f"[[: {fault}")
        return 2


class _Test:
    def __init__(self, shell: Running, words: tuple[Word, ...]) -> None:
        self._shell = shell
        self._words = list(words)

    def finish(self) -> None:
        if self._words:
            raise ConditionFault("syntax error in conditional expression")

    def _sign(self, index: int = 0) -> str:
        return (self._words[index].static or "") if index < len(self._words) else ""

    def _text(self) -> Generator[float, None, str]:
        return (yield from self._shell.expander.text(self._words.pop(0)))

    def either(self) -> Truth:
        value = yield from self._both()
        while self._sign() == "||":
            self._words.pop(0)
            other = yield from self._both()
            value = value or other
        return value

    def _both(self) -> Truth:
        value = yield from self._one()
        while self._sign() == "&&":
            self._words.pop(0)
            other = yield from self._one()
            value = value and other
        return value

    def _one(self) -> Truth:
        if self._sign() == "!":
            self._words.pop(0)
            return not (yield from self._one())
        if self._sign() == "(":
            self._words.pop(0)
            value = yield from self.either()
            if self._sign() != ")":
                raise ConditionFault("expected `)'")
            self._words.pop(0)
            return value
        if self._sign(1) in BINARY or self._sign(1) == "=~":
            return (yield from self._compare())
        sign = self._sign()
        if len(sign) == 2 and sign[0] == "-" and sign[1] in UNARY | {"v"} and len(self._words) > 1:
            self._words.pop(0)
            operand = yield from self._text()
            if sign == "-v":
                return self._shell.get(operand) is not None
            return Condition([sign, operand], self._shell.files, self._shell.directory).holds()
        return bool((yield from self._text()))

    def _compare(self) -> Truth:
        left = yield from self._text()
        operator = self._words.pop(0).static or ""
        if operator in ("=", "==", "!="):
            wanted = yield from self._shell.expander.pattern(self._words.pop(0))
            return matches(wanted, left) == (operator != "!=")
        right = yield from self._text()
        if operator == "=~":
            found = re.search(right, left)
            self._shell.set("BASH_REMATCH", found.group() if found else "")
            return found is not None
        try:
            return Condition([left, operator, right], self._shell.files, self._shell.directory).holds()
        except ConditionFault as fault:
            raise ShellFault(f"[[: {fault}", 1) from fault
