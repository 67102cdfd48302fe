"""The grammar, and what it is helped with: here-documents of assignments, and which line it stumbles over."""

from __future__ import annotations

import faulthandler
import os
import re
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

_HERE = re.compile(
    rb"""<<(?P<tabs>-?)[ \t]*(?P<word>(?:'[^'\n]*'|"[^"\n]*"|\\.|[^\s;&|<>()'"\\])+)"""  # as bash(1) has it
)
_HERE_LIMIT = 100
_LINE_LIMIT = 400
"""So many lines are tried to find the one that is wrong."""


def parsed(content: bytes) -> tuple[bytes, Node] | None:
    """What is read, and its tree; None where the grammar's scanner, which is C, does not come through it.

    ``NAME=<<WORD`` sets NAME to nothing, which the grammar does not know: there the here-document is blank.
    """
    for _ in range(_HERE_LIMIT):
        if not survives(partial(parse, content)):
            return None
        root = parse(content)
        here = next((node for node in walk(root) if _is_assigned(content, node)), None)
        if here is None or (blank := _without_here(content, here.start_byte)) is None:
            break
        content = blank
    return content, root


def parse(content: bytes) -> Node:
    """The tree as the grammar has it. ImportError without the extra ``migrate``."""
    from tree_sitter import Language, Parser
    from tree_sitter_bash import language

    return Parser(Language(language())).parse(content).root_node


def walk(top: Node) -> Iterator[Node]:
    """The node and all below it, in the order of the file."""
    waiting = [top]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.children))


def survives(work: Callable[[], object]) -> bool:
    """Whether a child process comes through it: the grammar's scanner was seen to crash on odd bytes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads: the child only parses
        child = os.fork()
    if child == 0:
        faulthandler.disable()
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def faulty_line(content: bytes) -> int | None:
    """The first line, from 0, without which what is no shell file would be one; None where none alone is to blame."""
    lines = content.split(b"\n")
    if len(lines) > _LINE_LIMIT or not survives(lambda: _faulty(lines)):
        return None
    return _faulty(lines)


def _faulty(lines: list[bytes]) -> int | None:
    without = (b"\n".join([*lines[:at], b"", *lines[at + 1 :]]) for at in range(len(lines)))
    return next((at for at, text in enumerate(without) if lines[at].strip() and not parse(text).has_error), None)


def _is_assigned(content: bytes, node: Node) -> bool:
    return node.type in ("<<", "<<-") and content[: node.start_byte].endswith(b"=")


def _without_here(content: bytes, start: int) -> bytes | None:
    """The content with spaces where the here-document was; every line keeps its place."""
    found = _HERE.match(content, start)
    if found is None:
        return None
    word = re.sub(rb"\\(.)|['\"]", rb"\1", found["word"])
    lines = content[found.end() :].split(b"\n")
    end = next((at for at in range(1, len(lines)) if _ended(lines[at], found["tabs"]) == word), len(lines) - 1)
    body = [b" " * len(line) for line in lines[1 : end + 1]]
    gone = b" " * (found.end() - start)
    return content[:start] + gone + b"\n".join([lines[0], *body, *lines[end + 1 :]])


def _ended(line: bytes, tabs: bytes) -> bytes:
    return line.lstrip(b"\t") if tabs else line
