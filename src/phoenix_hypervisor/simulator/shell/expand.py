"""From words to fields: parameters, substitutions and path names."""

from __future__ import annotations

from collections.abc import Generator
from typing import Protocol

from phoenix_hypervisor.simulator.filesystem import Filesystem
from phoenix_hypervisor.simulator.shell import pattern
from phoenix_hypervisor.simulator.shell.arithmetic import IllegalNumber, Variables, calculate
from phoenix_hypervisor.simulator.shell.fields import DEFAULT_IFS, Field, Piece, Pieces, Splitter
from phoenix_hypervisor.simulator.shell.syntax import Arithmetic, Literal, Parameter, Sequence, Substitution, Word


class ShellFault(Exception):
    """What makes a shell end with a message and a status."""

    def __init__(self, message: str, status: int = 2) -> None:
        super().__init__(message)
        self.message = message
        self.located = False
        self.status = status


class Context(Variables, Protocol):
    """What expansion needs of a shell."""

    files: Filesystem
    directory: str
    positional: list[str]
    name: str

    def special(self, name: str) -> str | None:
        """The value of ``$?``, ``$#``, ``$$``, ``$!``, ``$-``; None for another name."""

    def substitute(self, body: Sequence) -> Generator[float, None, str]:
        """What the commands write."""

    def option(self, letter: str) -> bool:
        """Whether a single-letter option is set."""


class Expander:
    """Expands words in the context of a shell."""

    def __init__(self, shell: Context) -> None:
        self._shell = shell

    # -- what callers want

    def fields(self, words: tuple[Word, ...]) -> Generator[float, None, list[str]]:
        """The arguments that words become."""
        found: list[str] = []
        for word in words:
            if word.static is not None:
                found.append(word.static)
                continue
            pieces = yield from self._pieces(word, splitting=True)
            for field in self._split(pieces):
                found += self._paths(field)
        return found

    def text(self, word: Word) -> Generator[float, None, str]:
        """One text, without splitting and path names."""
        if word.static is not None:
            return word.static
        pieces = yield from self._pieces(word)
        return "".join(" " if piece.end else piece.text for piece in pieces)

    def pattern(self, word: Word) -> Generator[float, None, str]:
        """A pattern, its quoted signs escaped."""
        pieces = yield from self._pieces(word)
        return pattern.pattern((" " if piece.end else piece.text, piece.quoted) for piece in pieces)

    # -- pieces

    def _pieces(self, word: Word, splitting: bool = False, inside: bool = False) -> Generator[float, None, Pieces]:
        pieces: Pieces = []
        for index, part in enumerate(word.parts):
            if isinstance(part, Literal):
                text = part.text
                if not index and text.startswith("~") and not part.quoted:
                    text = self._tilde(text)
                pieces.append(Piece(text, part.quoted, split=inside and splitting and not part.quoted))
            elif isinstance(part, Parameter):
                pieces += yield from self._parameter(part, splitting)
            elif isinstance(part, Substitution):
                text = yield from self._shell.substitute(part.body)
                pieces.append(Piece(text, part.quoted, split=splitting and not part.quoted))
            else:
                text = yield from self._arithmetic(part)
                pieces.append(Piece(text, part.quoted, split=splitting and not part.quoted))
        return pieces

    def _tilde(self, text: str) -> str:
        user, slash, rest = text[1:].partition("/")
        home = {"": self._shell.get("HOME") or "/root", "root": "/root"}.get(user)
        return text if home is None else f"{home}{slash}{rest}"

    def _arithmetic(self, part: Arithmetic) -> Generator[float, None, str]:
        expression = yield from self.text(part.word)
        try:
            return str(calculate(expression, self._shell))
        except IllegalNumber as wrong:
            raise ShellFault(str(wrong)) from wrong
        except ArithmeticError as wrong:
            raise ShellFault(f'arithmetic expression: {wrong}: "{expression}"') from wrong

    def _parameter(self, part: Parameter, splitting: bool) -> Generator[float, None, Pieces]:
        operator = part.operator
        if operator == "bad":
            raise ShellFault("Bad substitution")
        value = self._value(part.name)
        null = value is None or (operator.startswith(":") and not self._joined(part, value))
        kind = operator.lstrip(":") or operator
        if kind in ("-", "=", "?", "+") and part.word is not None:
            if kind == "+":
                if null:
                    return [Piece("", True)] if part.quoted else []
                return (yield from self._alternative(part, part.word, splitting))
            if null:
                return (yield from self._when_null(part, part.word, kind, splitting))
        if value is None and self._shell.option("u") and part.name not in ("@", "*"):
            raise ShellFault(f"{part.name}: parameter not set")
        split = splitting and not part.quoted
        if operator == "length":
            return [Piece(str(len(self._joined(part, value))), part.quoted, split=split)]
        if kind and part.word is not None and kind not in ("-", "=", "?"):
            text = yield from self._edited(self._joined(part, value), operator, part.word)
            return [Piece(text, part.quoted, split=split)]
        return self._plain(part, value, split)

    def _plain(self, part: Parameter, value: str | list[str] | None, split: bool) -> Pieces:
        if value is None:
            return [Piece("", part.quoted)] if part.quoted else []
        if isinstance(value, str):
            return [Piece(value, part.quoted, split=split)]
        if part.quoted and part.name == "*":
            return [Piece(self._joined(part, value), True)]
        pieces: Pieces = []
        for index, text in enumerate(value):
            if index:
                pieces.append(Piece("", end=True))
            pieces.append(Piece(text, part.quoted, split=split))
        return pieces

    def _alternative(self, part: Parameter, word: Word, splitting: bool) -> Generator[float, None, Pieces]:
        pieces = yield from self._pieces(word, splitting and not part.quoted, inside=True)
        return pieces or ([Piece("", True)] if part.quoted else [])

    def _when_null(self, part: Parameter, word: Word, kind: str, splitting: bool) -> Generator[float, None, Pieces]:
        if kind == "-":
            return (yield from self._alternative(part, word, splitting))
        text = yield from self.text(word)
        if kind == "?":
            default = "parameter not set" + (" or null" if part.operator.startswith(":") else "")
            raise ShellFault(f"{part.name}: {text or default}")
        if not (part.name[0].isalpha() or part.name[0] == "_"):
            raise ShellFault(f"{part.name}: bad variable name")
        self._shell.set(part.name, text)
        return [Piece(text, part.quoted, split=splitting and not part.quoted)]

    def _value(self, name: str) -> str | list[str] | None:
        shell = self._shell
        if name in ("@", "*"):
            return list(shell.positional)
        if name.isdecimal():
            number = int(name)
            if not number:
                return shell.name
            return shell.positional[number - 1] if number <= len(shell.positional) else None
        special = shell.special(name)
        return shell.get(name) if special is None else special

    def _joined(self, part: Parameter, value: str | list[str] | None) -> str:
        if isinstance(value, list):
            ifs = self._shell.get("IFS")
            separator = " " if ifs is None or part.name == "@" else ifs[:1]
            return separator.join(value)
        return value or ""

    def _edited(self, value: str, operator: str, word: Word) -> Generator[float, None, str]:
        if operator == ":":
            return _slice(value, (yield from self.text(word)), self._shell)
        if operator in ("^", "^^", ",", ",,"):
            change = str.upper if operator[0] == "^" else str.lower
            return change(value) if len(operator) == 2 else change(value[:1]) + value[1:]
        wanted = yield from self.pattern(word)
        if operator in ("/", "//"):
            old, _, new = wanted.partition("/")
            count = 0 if operator == "//" else 1
            replacement = pattern.unescape(new)
            return pattern.regex(old).sub(lambda _: replacement, value, count=count) if old else value
        return _trimmed(value, operator, wanted)

    # -- fields

    def _split(self, pieces: Pieces) -> list[Field]:
        ifs = self._shell.get("IFS")
        splitter = Splitter(DEFAULT_IFS if ifs is None else ifs)
        for piece in pieces:
            splitter.add(piece)
        return splitter.done()

    def _paths(self, field: Field) -> list[str]:
        plain = "".join(text for text, _ in field)
        if self._shell.option("f") or not pattern.is_magic("".join(text for text, quoted in field if not quoted)):
            return [plain]
        found = pattern.paths(self._shell.files, self._shell.directory, pattern.pattern(field))
        return found or [plain]


def _trimmed(value: str, operator: str, wanted: str) -> str:
    """The value without the shortest (one sign) or longest (two) start (#) or end (%) that matches."""
    matcher = pattern.regex(wanted)
    sizes = range(len(value) + 1) if len(operator) == 1 else range(len(value), -1, -1)
    for size in sizes:
        if operator[0] == "#" and matcher.fullmatch(value, 0, size):
            return value[size:]
        if operator[0] == "%" and matcher.fullmatch(value, len(value) - size):
            return value[: len(value) - size]
    return value


def _slice(value: str, word: str, shell: Variables) -> str:
    """``${name:offset:length}`` of bash."""
    offset, _, length = word.partition(":")
    try:
        start = calculate(offset, shell)
        rest = value[start:] if start >= 0 or -start <= len(value) else ""
        return rest[: calculate(length, shell)] if length else rest
    except ArithmeticError as wrong:
        raise ShellFault(f'arithmetic expression: {wrong}: "{word}"') from wrong
