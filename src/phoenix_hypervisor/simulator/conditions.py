"""What ``test`` and ``[`` ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from phoenix_hypervisor.simulator.filesystem import Entry, Filesystem

UNARY = frozenset("bcdefghkLnoOGprsStuwxz")
BINARY = frozenset({"=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"})
_FILES: dict[str, Callable[[Entry], bool]] = {
    "f": lambda entry: entry.kind == "file",
    "d": lambda entry: entry.kind == "directory",
    "s": lambda entry: entry.kind == "directory" or bool(entry.data),
    "x": lambda entry: entry.kind == "directory" or bool(entry.mode & 0o111),
    "b": lambda entry: entry.kind == "device" and entry.data.startswith("b"),
    "c": lambda entry: entry.kind == "device" and entry.data.startswith("c"),
    "u": lambda entry: bool(entry.mode & 0o4000),
    "g": lambda entry: bool(entry.mode & 0o2000),
    "k": lambda entry: bool(entry.mode & 0o1000),
    "O": lambda entry: entry.uid == 0,
    "G": lambda entry: entry.gid == 0,
    "p": lambda _entry: False,
    "S": lambda _entry: False,
}


class ConditionFault(Exception):
    """The words are no expression."""


class Condition:
    """Evaluates the words of one expression."""

    def __init__(self, words: Sequence[str], files: Filesystem, directory: str) -> None:
        self._words = list(words)
        self._files = files
        self._directory = directory
        self._position = 0

    def holds(self) -> bool:
        """Whether it is true. Raises ConditionFault with the reason."""
        words = self._words
        if len(words) == 3 and words[1] in BINARY:
            return self._binary(*words)
        if len(words) == 4 and words[0] == "!" and words[2] in BINARY:
            return not self._binary(*words[1:])
        if not words:
            return False
        value = self._or()
        if self._position < len(words):
            raise ConditionFault(f"{words[self._position - 1]}: unexpected operator")
        return value

    def _peek(self, ahead: int = 0) -> str | None:
        position = self._position + ahead
        return self._words[position] if position < len(self._words) else None

    def _or(self) -> bool:
        value = self._and()
        while self._peek() == "-o":
            self._position += 1
            value = self._and() or value
        return value

    def _and(self) -> bool:
        value = self._not()
        while self._peek() == "-a":
            self._position += 1
            value = self._not() and value
        return value

    def _not(self) -> bool:
        if self._peek() == "!" and self._peek(1) is not None:
            self._position += 1
            return not self._not()
        return self._primary()

    def _primary(self) -> bool:
        word = self._peek()
        if word is None:
            raise ConditionFault("argument expected")
        operator = self._peek(1)
        if operator in BINARY:
            right = self._peek(2)
            if right is None:
                raise ConditionFault(f"{operator}: argument expected")
            self._position += 3
            return self._binary(word, operator or "", right)
        if word == "(" and operator is not None:
            self._position += 1
            value = self._or()
            if self._peek() != ")":
                raise ConditionFault("closing paren expected")
            self._position += 1
            return value
        if len(word) == 2 and word[0] == "-" and word[1] in UNARY and operator is not None:
            self._position += 2
            return self._unary(word[1], operator)
        self._position += 1
        return bool(word)

    def _unary(self, letter: str, operand: str) -> bool:
        if letter in "nz":
            return bool(operand) == (letter == "n")
        if letter in "to":
            return False
        entry = self._stat(operand, follow=letter not in "hL")
        if entry is None:
            return False
        if letter in "hL":
            return entry.kind == "link"
        return _FILES[letter](entry) if letter in _FILES else True

    def _stat(self, path: str, follow: bool = True) -> Entry | None:
        return self._files.stat(self._path(path), follow) if path else None

    def _path(self, path: str) -> str:
        return path if path.startswith("/") else f"{self._directory}/{path}"

    def _binary(self, left: str, operator: str, right: str) -> bool:
        if operator in ("=", "=="):
            return left == right
        if operator == "!=":
            return left != right
        if operator in "<>":
            return left < right if operator == "<" else left > right
        if operator in ("-nt", "-ot", "-ef"):
            return self._files_compare(left, operator, right)
        first, second = _number(left), _number(right)
        return {
            "-eq": first == second,
            "-ne": first != second,
            "-lt": first < second,
            "-le": first <= second,
            "-gt": first > second,
            "-ge": first >= second,
        }[operator]

    def _files_compare(self, left: str, operator: str, right: str) -> bool:
        first, second = self._stat(left), self._stat(right)
        if operator == "-ef":
            same = first is not None and second is not None
            return same and self._files.resolve(self._path(left)) == self._files.resolve(self._path(right))
        if operator == "-ot":
            first, second = second, first
        return first is not None and second is not None and first.mtime > second.mtime


def _number(text: str) -> int:
    digits = text.strip().removeprefix("-").removeprefix("+")
    if not (digits.isascii() and digits.isdecimal()):
        raise ConditionFault(f"Illegal number: {text}")
    return int(text)
