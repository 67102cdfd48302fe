"""The syntax tree of a shell script."""

from __future__ import annotations

from dataclasses import dataclass, field


class SyntaxFault(Exception):
    """The text is no script: what is wrong, and the line."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Literal:
    """Text that stands for itself; unquoted, it may be a pattern."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """``$name`` or ``${name<operator><word>}``; the operator ``length`` is ``${#name}``, ``bad`` is an unknown one."""

    name: str
    operator: str = ""
    word: Word | None = None
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Substitution:
    """``$(…)`` or backticks."""

    body: Sequence
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """``$((…))``."""

    word: Word
    quoted: bool = False


Part = Literal | Parameter | Substitution | Arithmetic


@dataclass(frozen=True, slots=True)
class Word:
    """The parts of one word. ``static`` is its text where nothing in it needs expansion, else None."""

    parts: tuple[Part, ...]
    static: str | None = None


def word(parts: list[Part]) -> Word:
    """A word, with its static text worked out."""
    literals = [part for part in parts if isinstance(part, Literal)]
    bare = "".join(part.text for part in literals if not part.quoted)
    magic = "*" in bare or "?" in bare or ("[" in bare and "]" in bare)
    home = bool(literals) and literals[0].text.startswith("~") and not literals[0].quoted
    if magic or home or len(literals) < len(parts):
        return Word(tuple(parts))
    return Word(tuple(parts), "".join(part.text for part in literals))


@dataclass(slots=True)
class Heredoc:
    """A here-document; its body becomes known at the end of the line."""

    delimiter: str
    quoted: bool
    strip_tabs: bool
    body: Word = field(default_factory=lambda: Word((), ""))


@dataclass(frozen=True, slots=True)
class Redirect:
    """``[fd]operator target``."""

    fd: int
    operator: str
    target: Word | Heredoc


@dataclass(frozen=True, slots=True)
class Simple:
    assignments: tuple[tuple[str, Word], ...]
    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Condition:
    """``[[ … ]]`` of bash: the words between, operators among them as plain words."""

    words: tuple[Word, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Calculation:
    """``((…))`` of bash."""

    word: Word
    line: int


@dataclass(frozen=True, slots=True)
class Pipeline:
    commands: tuple[Node, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class AndOr:
    """``left && right`` or ``left || right``."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Sequence:
    """Commands one after the other; those with True stand before an ``&``."""

    items: tuple[tuple[Node, bool], ...]


@dataclass(frozen=True, slots=True)
class Subshell:
    body: Sequence
    line: int


@dataclass(frozen=True, slots=True)
class Redirected:
    """A compound command with redirections."""

    command: Node
    redirects: tuple[Redirect, ...]
    line: int


@dataclass(frozen=True, slots=True)
class If:
    branches: tuple[tuple[Sequence, Sequence], ...]
    otherwise: Sequence | None


@dataclass(frozen=True, slots=True)
class For:
    name: str
    words: tuple[Word, ...] | None
    body: Sequence
    line: int


@dataclass(frozen=True, slots=True)
class While:
    condition: Sequence
    body: Sequence
    until: bool


@dataclass(frozen=True, slots=True)
class Case:
    subject: Word
    branches: tuple[tuple[tuple[Word, ...], Sequence], ...]
    line: int


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    body: Node
    line: int


Node = (
    Simple
    | Condition
    | Calculation
    | Pipeline
    | AndOr
    | Sequence
    | Subshell
    | Redirected
    | If
    | For
    | While
    | Case
    | Function
)
