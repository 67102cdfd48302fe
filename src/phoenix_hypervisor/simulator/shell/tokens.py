"""The tokens of a script as a parser takes them, one ahead."""

from __future__ import annotations

from phoenix_hypervisor.simulator.shell.lexer import Lexer, Token
from phoenix_hypervisor.simulator.shell.syntax import SyntaxFault

RESERVED = {"!", "case", "do", "done", "elif", "else", "esac", "fi", "for", "if", "in", "then", "until", "while"}
RESERVED |= {"{", "}"}
REDIRECTIONS = {"<": 0, "<&": 0, "<>": 0, "<<": 0, "<<-": 0, "<<<": 0, ">": 1, ">>": 1, ">&": 1, ">|": 1}
REDIRECTIONS |= {"&>": 1, "&>>": 1}


class Tokens:
    """A lexer's tokens with one token of look-ahead, and dash's words for one that does not fit."""

    def __init__(self, lexer: Lexer) -> None:
        self._lexer = lexer
        self._token: Token | None = None

    def peek(self) -> Token:
        """The next token, which stays."""
        if self._token is None:
            self._token = self._lexer.token()
        return self._token

    def next(self) -> Token:
        """Take the next token."""
        token = self.peek()
        self._token = None
        return token

    def reserved(self) -> str:
        """The reserved word that comes next; empty for anything else."""
        token = self.peek()
        if token.kind != "word":
            return ""
        if token.text in RESERVED or (self._lexer.bash and token.text in ("function", "[[")):
            return token.text
        return ""

    def accept(self, reserved: str) -> bool:
        """Take a reserved word, if it comes next."""
        if self.reserved() != reserved:
            return False
        self.next()
        return True

    def expect(self, reserved: str) -> None:
        """Take a reserved word; a fault when something else comes."""
        if not self.accept(reserved):
            raise self.unexpected(reserved)

    def unexpected(self, expecting: str = "", *, pattern: bool = False) -> SyntaxFault:
        """The fault of the next token; in a ``pattern`` reserved words are words."""
        token = self.peek()
        if token.kind == "word":
            name = f'"{self.reserved()}"' if self.reserved() and not pattern else "word"
        elif token.kind in REDIRECTIONS or token.kind == "number":
            name = "redirection"
        else:
            name = {"end": "end of file", "newline": "newline"}.get(token.kind, f'"{token.kind}"')
        hint = f' (expecting "{expecting}")' if expecting else ""
        # dash counts a newline that it has read
        line = token.line + (token.kind == "newline")
        return SyntaxFault(line, f"{name} unexpected{hint}")

    def skip_newlines(self) -> None:
        """Take newlines."""
        while self.peek().kind == "newline":
            self.next()
