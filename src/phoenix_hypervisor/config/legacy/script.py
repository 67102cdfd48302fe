"""A shell file as a tree with places. It is parsed by tree-sitter; nothing in it is ever run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from phoenix_hypervisor.config.legacy.parsing import faulty_line, parsed, walk
from phoenix_hypervisor.config.legacy.parsing import parse as parse_tree
from phoenix_hypervisor.errors import ConfigurationError, Place, Problem, UsageError

if TYPE_CHECKING:
    from tree_sitter import Node

SIZE_LIMIT = 1 << 16
"""Bytes; a longer file is no configuration."""
RESERVED = frozenset(b"if then elif else fi for while until do done case esac select function { }".split())
_BEGINS = (b"", b" ", b"\t", b"\n", b";", b"&", b"|", b"(", b"{", b"!")
_ENDS = (b"", b" ", b"\t", b"\n", b";", b"&", b"|", b"(", b")", b"<", b">")
_ANSI = re.compile(rb"\$'(?:[^'\\]|\\.)*'", re.DOTALL)
NESTING_LIMIT = 200
"""How deep the tree may be; nobody writes deeper, and what reads it is recursive."""


@dataclass(frozen=True)
class Script:
    """A parsed file; ``problems`` are the places that are no valid shell."""

    file: str
    root: Node
    content: bytes
    lines: tuple[bytes, ...]
    problems: tuple[Problem, ...] = ()

    def place(self, node: Node) -> Place:
        """Where the node begins; columns count characters."""
        row, column = node.start_point
        before = self.lines[row][:column] if row < len(self.lines) else b""
        return Place(self.file, row + 1, len(before.decode("utf-8", "replace")) + 1)

    def goes_on(self, node: Node) -> bool:
        """Whether a backslash follows at once, where the grammar ends the word and bash does not."""
        return self.content.startswith(b"\\", node.end_byte)

    def is_cut_off(self, node: Node) -> bool:
        """Whether an assignment or an array's word is longer than the node, as in ``A=#b``."""
        before = self.content[max(node.start_byte - 2, 0) : node.start_byte]
        begins = before[-1:] not in _BEGINS or (before[:1] == b"\\" and before[-1:] != b"\n")
        return begins or self.content[node.end_byte : node.end_byte + 1] not in _ENDS

    def problem(self, node: Node, code: str, message: str, hint: str = "") -> Problem:
        return Problem(code, message, hint, "warning", self.place(node))


def parse(content: bytes, file: str) -> Script:
    """The file's tree; ConfigurationError for what cannot be a shell file, UsageError without the extra ``migrate``."""
    if len(content) > SIZE_LIMIT:
        raise _refused(file, f"the file has more than {SIZE_LIMIT >> 10} KiB; that is no configuration.")
    if b"\0" in content or content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _refused(file, "this is no shell file: it holds NUL bytes.", "Save it as UTF-8.")
    content = content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    try:
        parse_tree(b"")
    except ImportError as error:
        hint = "Install it: pip install 'phoenix-hypervisor[migrate]'"
        raise UsageError("phoenix migrate needs tree-sitter, which is not installed.", hint) from error
    found = parsed(content)
    if found is None:
        raise _refused(file, "this is no shell file that can be read.")
    content, root = found
    script = Script(file, root, content, tuple(content.split(b"\n")))
    if too_deep := next((node for node, depth in _levels(root) if depth > NESTING_LIMIT), None):
        raise ConfigurationError([Problem("syntax", "this is nested too deep.", place=script.place(too_deep))])
    if root.type == "ERROR":
        raise ConfigurationError([Problem("syntax", "this is no shell file.", place=_first_fault(script))])
    if misread := next((node for node in descendants(root) if _is_misread(node)), None):
        message = "this cannot be told from what stands around it."
        hint = "Write one assignment a line, and quotes other than $'…'."
        raise ConfigurationError([Problem("syntax", message, hint, place=script.place(misread))])
    return replace(script, problems=tuple(_faults(script)))


def descendants(top: Node) -> Iterator[Node]:
    """The node and all below it, in the order of the file."""
    return walk(top)


def text_of(node: Node) -> bytes:
    return node.text or b""


def gaps(node: Node) -> list[bytes]:
    """What stands before each child and belongs to no node."""
    content, at, found = text_of(node), node.start_byte, []
    for child in node.children:
        found.append(content[at - node.start_byte : child.start_byte - node.start_byte])
        at = child.end_byte
    return found


def is_fault(node: Node) -> bool:
    """Whether this is no valid shell. Valid is a command without a name, as the grammar takes ``A=1 >file``."""
    nameless = node.is_missing and node.parent is not None and node.parent.type == "command_name"
    return node.is_error or (node.is_missing and not nameless)


def defaults_in(top: Node) -> Iterator[str]:
    """The variables that ``${NAME:=default}`` somewhere below may set."""
    for node in descendants(top):
        if node.type == "expansion" and any(child.type in ("=", ":=") for child in node.children):
            yield from (text_of(each).decode() for each in node.named_children[:1] if each.type == "variable_name")


def _levels(top: Node) -> Iterator[tuple[Node, int]]:
    waiting = [(top, 0)]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        waiting.extend((child, depth + 1) for child in reversed(node.children))


def _is_misread(node: Node) -> bool:
    """Where the grammar errs without saying so.

    It takes the quote in ``$'\\\\'`` for an escaped one, and the next line's first word for the command of a line with
    several assignments.
    """
    if node.type == "command_name":
        return text_of(node) in RESERVED
    return node.type == "ansi_c_string" and not _ANSI.fullmatch(text_of(node))


def _refused(file: str, message: str, hint: str = "") -> ConfigurationError:
    return ConfigurationError([Problem("syntax", message, hint, place=Place(file))])


def _first_fault(script: Script) -> Place:
    """The line that is to blame, else the first place where the grammar stumbled."""
    if (line := faulty_line(script.content)) is not None:
        return Place(script.file, line + 1)
    inner = (node for node in descendants(script.root) if node is not script.root)
    return next((script.place(node) for node in inner if node.is_error or node.is_missing), Place(script.file))


def _faults(script: Script) -> Iterator[Problem]:
    """One problem for each line that has faults; only the line to blame where the grammar lost its way for longer."""
    if not script.root.has_error:
        return
    faults = [node for node in descendants(script.root) if node.is_error]
    is_lost = any(node.end_point[0] > node.start_point[0] for node in faults)
    if is_lost and (line := faulty_line(script.content)) is not None:
        message = "this is no valid shell, or not understood, and what stands around it is not read."
        yield Problem("syntax", message, "Correct it, or take it out.", "warning", Place(script.file, line + 1))
        return
    told: set[int] = set()
    for node in descendants(script.root):
        if is_fault(node) and (row := node.start_point[0]) not in told:
            told.add(row)
            yield script.problem(node, "syntax", "this is no valid shell, or not understood.", "It is left out.")
