"""The text of a script as tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass

from phoenix_hypervisor.simulator.shell.syntax import Heredoc, Literal, Word, word
from phoenix_hypervisor.simulator.shell.words import SubParser, Words

OPERATORS = ("<<-", "&&", "||", ";;", "<<", ">>", "<&", ">&", "<>", ">|", "&", "|", ";", "<", ">", "(", ")")
BASH_OPERATORS = ("<<<", "&>>", "&>")
BLANK = " \t"
META = " \t\n;&|<>()"
_OPERATOR = re.compile("|".join(map(re.escape, OPERATORS)))
_OPERATOR_OF_BASH = re.compile("|".join(map(re.escape, (*BASH_OPERATORS, *OPERATORS))))


@dataclass(frozen=True, slots=True)
class Token:
    """``kind``: word, number (of a redirection), newline, end, or the operator itself."""

    kind: str
    line: int
    text: str = ""
    word: Word | None = None


class Lexer(Words):
    """The tokens of a text, one after the other; here-documents are read with the end of their line."""

    def __init__(self, text: str, parse: SubParser, *, position: int = 0, line: int = 1, bash: bool = False) -> None:
        super().__init__(text, parse, position=position, line=line, bash=bash)
        self.heredocs: list[Heredoc] = []

    def _skip(self) -> None:
        """Go over blanks, joined lines and a comment."""
        text = self.text
        while self.position < len(text):
            if text[self.position] in BLANK:
                self.position += 1
            elif text.startswith("\\\n", self.position):
                self.position += 2
                self.line += 1
            elif text[self.position] == "#":
                end = text.find("\n", self.position)
                self.position = len(text) if end < 0 else end
            else:
                return

    def token(self) -> Token:
        """The next token."""
        self._skip()
        text, start, line = self.text, self.position, self.line
        if start >= len(text):
            self._read_heredocs()
            return Token("end", line)
        if text[start] == "\n":
            self.position += 1
            self.line += 1
            self._read_heredocs()
            return Token("newline", line)
        if operator := (_OPERATOR_OF_BASH if self.bash else _OPERATOR).match(text, start):
            self.position = operator.end()
            return Token(operator.group(), line, operator.group())
        if text[start] in "0123456789" and text[start + 1 : start + 2] in ("<", ">"):
            self.position += 1
            return Token("number", line, text[start])
        found = self.read(META)
        return Token("word", line, text[start : self.position], found)

    # -- here-documents

    def _read_heredocs(self) -> None:
        pending, self.heredocs = self.heredocs, []
        for heredoc in pending:
            line = self.line
            body = self._heredoc_text(heredoc)
            if heredoc.quoted:
                heredoc.body = Word((Literal(body, True),), body)
            else:
                inner = Lexer(body, self._parse, line=line, bash=self.bash)
                heredoc.body = word(inner.double(""))

    def _heredoc_text(self, heredoc: Heredoc) -> str:
        lines: list[str] = []
        text = self.text
        while self.position < len(text):
            end = text.find("\n", self.position) + 1 or len(text)
            line = text[self.position : end]
            self.position = end
            self.line += 1
            if heredoc.strip_tabs:
                line = line.lstrip("\t")
            if line.rstrip("\n") == heredoc.delimiter:
                break
            lines.append(line)
        return "".join(lines)
