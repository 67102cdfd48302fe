"""The text of a script, command line by command line."""

from __future__ import annotations

from functools import lru_cache

from phoenix_hypervisor.simulator.shell.lexer import Lexer
from phoenix_hypervisor.simulator.shell.parser import Parser
from phoenix_hypervisor.simulator.shell.syntax import Sequence, SyntaxFault


def _substitution(lexer: Lexer) -> Sequence:
    return Parser(lexer).substitution()


class Script:
    """The command lines of a text, each parsed when it is first reached; whoever runs the text again finds them."""

    def __init__(self, text: str, bash: bool) -> None:
        self._text, self._bash = text, bash
        self._begin()

    def _begin(self) -> None:
        self._parser = Parser(Lexer(self._text, _substitution, bash=self._bash))
        self._lines: list[Sequence | None] = []
        self._fault: SyntaxFault | None = None

    def line(self, number: int) -> Sequence | None:
        """The command line of that number, from 0; None at the end.

        Raises SyntaxFault where it is none, RecursionError where it is nested too deeply for the stack that is left.
        """
        while number >= len(self._lines):
            if self._fault is not None:
                raise SyntaxFault(self._fault.line, self._fault.reason)
            try:
                self._lines.append(self._parser.command_line())
            except SyntaxFault as fault:
                self._fault = fault
            except RecursionError:
                self._begin()
                raise
        return self._lines[number]


@lru_cache(maxsize=256)
def script(text: str, bash: bool = False) -> Script:
    """The text as a script."""
    return Script(text, bash)
