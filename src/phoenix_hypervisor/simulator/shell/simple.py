"""Simple commands: assignments, words and redirections; and where a function begins like one."""

from __future__ import annotations

from abc import abstractmethod

from phoenix_hypervisor.simulator.shell.lexer import Token
from phoenix_hypervisor.simulator.shell.syntax import (
    Function,
    Heredoc,
    Literal,
    Node,
    Redirect,
    Simple,
    SyntaxFault,
    Word,
    word,
)
from phoenix_hypervisor.simulator.shell.tokens import REDIRECTIONS, Tokens
from phoenix_hypervisor.simulator.shell.words import NAME


class SimpleCommands(Tokens):
    """Reads commands that are not made of others."""

    @abstractmethod
    def function(self, name: str, line: int) -> Function:
        """The function of that name whose body comes next."""

    def simple(self) -> Node:
        """The next command, which is none that a reserved word begins."""
        line = self.peek().line
        assignments: list[tuple[str, Word]] = []
        words: list[Word] = []
        redirects: list[Redirect] = []
        while True:
            token = self.peek()
            if token.kind in REDIRECTIONS or token.kind == "number":
                redirects += self.redirects()
            elif token.kind == "(" and len(words) == 1 and not assignments and not redirects:
                return self._definition(words[0], line)
            elif token.word is None:
                break
            elif not words and (assignment := split_assignment(token.word)):
                self.next()
                assignments.append(assignment)
            else:
                self.next()
                words.append(token.word)
        if not (assignments or words or redirects):
            raise self.unexpected()
        return Simple(tuple(assignments), tuple(words), tuple(redirects), line)

    def _definition(self, name: Word, line: int) -> Function:
        self.next()
        if self.peek().kind != ")":
            raise self.unexpected(")", pattern=True)
        self.next()
        if name.static is None or not (NAME.fullmatch(name.static) or self._lexer.bash):
            raise SyntaxFault(line, "Bad function name")
        return self.function(name.static, line)

    def redirects(self) -> tuple[Redirect, ...]:
        """The redirections that come next."""
        redirects: list[Redirect] = []
        while self.peek().kind in REDIRECTIONS or self.peek().kind == "number":
            token = self.next()
            fd = None
            if token.kind == "number":
                fd, token = int(token.text), self.next()
            operator = token.kind
            target = self.peek()
            if target.word is None:
                raise self.unexpected()
            redirects.append(self._redirect(REDIRECTIONS[operator] if fd is None else fd, operator, target))
            if self._token is target:
                self._token = None
        return tuple(redirects)

    def _redirect(self, fd: int, operator: str, target: Token) -> Redirect:
        found = target.word or Word(())
        if operator not in ("<<", "<<-"):
            return Redirect(fd, operator, found)
        literals = [part for part in found.parts if isinstance(part, Literal)]
        plain = len(literals) == len(found.parts)
        delimiter = "".join(part.text for part in literals) if plain else target.text
        heredoc = Heredoc(delimiter, any(part.quoted for part in literals), operator == "<<-")
        self._lexer.heredocs.append(heredoc)
        return Redirect(fd, operator, heredoc)


def split_assignment(found: Word) -> tuple[str, Word] | None:
    """The name and value of ``name=value``; None for any other word. The name of ``name+=value`` ends in a plus."""
    first = found.parts[0] if found.parts else None
    if not isinstance(first, Literal) or first.quoted:
        return None
    name, equals, value = first.text.partition("=")
    if not equals or not NAME.fullmatch(name.removesuffix("+")):
        return None
    rest = found.parts[1:]
    return name, word([Literal(value), *rest] if value else list(rest))
