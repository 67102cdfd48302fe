"""What a node of the tree sets, and the parts of a command."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from phoenix_hypervisor.config.legacy.script import defaults_in, descendants, is_fault, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

FILLS = frozenset(
    {"read", "mapfile", "readarray", "getopts", "let", "export", "readonly", "declare", "typeset", "local", "unset"}
)
"""Commands that set the variables which they name; declarations only where the grammar takes them for commands."""
LIKE_ASSIGNMENT = re.compile(rb"(?<![A-Za-z0-9_])([A-Za-z_][A-Za-z0-9_]*)(?:\[[^\]\n]*\])?:?\+?=")
NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def is_broken(node: Node) -> bool:
    return any(is_fault(each) for each in descendants(node))


def parts_of(node: Node) -> tuple[list[Node], Node | None, list[Node]]:
    """Assignments, name and arguments of a command; no name where the grammar made an empty one."""
    name = next((child for child in node.children if child.type == "command_name" and text_of(child)), None)
    assignments = [child for child in node.children if child.type == "variable_assignment"]
    known = ("command_name", "variable_assignment", "file_redirect", "heredoc_redirect", "herestring_redirect")
    return assignments, name, [child for child in node.named_children if child.type not in known]


def runs_on(assignments: list[Node], name: Node) -> bool:
    """Whether the command stands on a line of its own, which the grammar overlooks after trailing white space."""
    if not assignments or name.start_point[0] == assignments[-1].end_point[0]:
        return False
    parent = name.parent
    if parent is None:
        return False
    between = text_of(parent)[assignments[-1].end_byte - parent.start_byte : name.start_byte - parent.start_byte]
    return b"\n" in between.replace(b"\\\n", b"")


def set_by(node: Node) -> list[str]:
    """The names that a node sets by itself; names of locals are none."""
    match node.type:
        case "variable_assignment":
            above = node.parent
            if above is not None and above.type == "declaration_command" and above.children[0].type == "local":
                return []
            return _name_of(node)
        case "unset_command":
            return [text_of(each).decode() for each in node.named_children if each.type == "variable_name"]
        case "expansion":
            return [name for name in defaults_in(node) if text_of(node).startswith(b"${" + name.encode())]
        case "for_statement":
            return [text_of(each).decode() for each in node.named_children[:1] if each.type == "variable_name"]
        case "command":
            _, said, arguments = parts_of(node)
            fills = said is not None and text_of(said).decode("utf-8", "replace") in FILLS
            return [name for each in arguments if fills and _plain(each) for name in _name_of(each)]
        case "binary_expression" | "postfix_expression" | "unary_expression":
            if any(child.type in ("=", "+=", "-=", "*=", "/=", "++", "--") for child in node.children):
                return [text_of(each).decode() for each in node.children if each.type == "variable_name"][:1]
    return []


def _name_of(node: Node) -> list[str]:
    found = NAME.match(text_of(node).decode("utf-8", "replace"))
    return [found[0]] if found else []


def _plain(node: Node) -> bool:
    return node.type == "word" and NAME.fullmatch(text_of(node).decode("utf-8", "replace")) is not None
