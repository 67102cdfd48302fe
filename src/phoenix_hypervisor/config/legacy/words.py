"""Words of a shell file as the texts that they stand for (bash(1), EXPANSION), as far as only the file decides."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from phoenix_hypervisor.config.legacy.quoting import ansi_c, double_quoted, single_quoted, unquoted
from phoenix_hypervisor.config.legacy.script import descendants, gaps, text_of
from phoenix_hypervisor.config.legacy.values import VALUE_LIMIT, Absent, Listing, Text, Unknowable
from phoenix_hypervisor.config.legacy.variables import Variables

if TYPE_CHECKING:
    from tree_sitter import Node

NOT_READ = {
    "command_substitution": "it comes from a command",
    "process_substitution": "it comes from a command",
    "arithmetic_expansion": "it is arithmetic",
    "brace_expression": "it is a brace expansion",
    "extglob_pattern": "it is a pattern of file names",
}
OPERATORS = frozenset({":-", "-", ":=", "=", ":+", "+", ":?", "?"})
_HOME = re.compile(rb"(?:^|:)~")
_PATTERN = re.compile(rb"(?<!\\)[*?\[{]")
_PARTS = frozenset({"concatenation", "string", "translated_string"})


def assigned(variables: Variables, node: Node) -> Text:
    """The value of ``NAME=word``: neither split nor matched against file names."""
    first = node.children[0] if node.type == "concatenation" else node
    if first.type == "word" and _HOME.search(text_of(first)):
        raise Unknowable("it is below a home directory")
    return word(variables, node)


def elements(variables: Variables, node: Node) -> list[Text]:
    """What one word between the parentheses of an array gives: split, as bash does it."""
    if (name := _all_of(node)) is not None:
        return variables.elements(name)
    parts = node.children if node.type == "concatenation" else [node]
    if any(part.type == "word" and _PATTERN.search(text_of(part)) for part in parts):
        raise Unknowable("it is a pattern")
    found = assigned(variables, node)
    if any(part.type in ("simple_expansion", "expansion") for part in parts):
        if _PATTERN.search(found.text.encode()):
            raise Unknowable("it is a pattern")
        pieces = found.text.split()
        alone = len(parts) == 1 and not any(child.type in OPERATORS for child in node.children)
        if not alone and pieces != [found.text]:
            raise Unknowable("it is split into words")
        variables.spend(len(pieces))
        return [Text(piece, found.place, found.defaults) for piece in pieces]
    return [found]


def braced(node: Node) -> bool:
    """Whether an unquoted brace stands in the word, which bash expands where it declares."""
    return any(each.type == "word" and b"{" in text_of(each) for each in (node, *node.children))


def word(variables: Variables, node: Node, *, quoted: bool = False) -> Text:
    """The text of one word. Unknowable when only running the file would tell."""
    variables.spend()
    if node.is_error or node.is_missing:
        raise Unknowable("it is no valid shell, or not understood")
    if not quoted and variables.script.goes_on(node):
        raise Unknowable("a line goes on in the middle of it")
    content = text_of(node)
    match node.type:
        case "word" | "number" | "regex" | "variable_name" | "extglob_pattern" if not quoted:
            return _made(variables, node, [unquoted(content)])
        case "word" | "number" | "regex" if b"\\" not in content and b"'" not in content:
            return _made(variables, node, [unquoted(content)])
        case "raw_string" if not quoted:
            return _made(variables, node, [single_quoted(content)])
        case "ansi_c_string" if not quoted:
            return _made(variables, node, [ansi_c(content)])
        case "string" | "translated_string" | "concatenation":
            return _joined(variables, node, quoted=quoted)
        case "simple_expansion" | "expansion":
            return _expanded(variables, node, quoted=quoted)
        case _:
            raise Unknowable(NOT_READ.get(node.type, "it is not understood"))


def key(variables: Variables, nodes: Iterable[Node]) -> Text:
    """The text between the brackets of ``NAME[key]``."""
    parts = list(nodes)
    if not parts:
        raise Unknowable("its key is not understood")
    found = _made(variables, parts[0], [word(variables, part) for part in parts])
    if not found.text:
        raise Unknowable("its key is empty")
    return found


def _made(variables: Variables, node: Node, parts: list[str | Text]) -> Text:
    text = "".join(part if isinstance(part, str) else part.text for part in parts)
    if len(text) > VALUE_LIMIT:
        raise Unknowable("it is too long")
    defaults = [part.defaults for part in parts if isinstance(part, Text)]
    return Text(text, variables.script.place(node), frozenset().union(*defaults))


def _joined(variables: Variables, node: Node, *, quoted: bool) -> Text:
    """A string or a concatenation. White space within a string is part of the next node, or of none."""
    if node.type == "translated_string":
        return word(variables, node.children[-1], quoted=quoted)
    inside = quoted or node.type == "string"
    children = node.children[1:-1] if node.type == "string" else node.children
    parts: list[str | Text] = []
    between = gaps(node)
    if any(gap.strip() for gap in between) or (node.type != "string" and any(between)):
        raise Unknowable("it is not understood")
    for gap, child in zip(between[1:] if node.type == "string" else between, children, strict=False):
        content = text_of(child)
        parts.append(gap.decode())
        if child.type == "string_content" or child.type == "$":
            parts.append(double_quoted(content))
            continue
        if node.type == "string":
            parts.append(double_quoted(content[: max(content.find(b"$"), 0)]))
        parts.append(word(variables, child, quoted=inside))
    if node.type == "string":
        parts += [between[-1].decode(), double_quoted(text_of(node.children[-1])[:-1])]
    return _made(variables, node, parts)


def _expanded(variables: Variables, node: Node, *, quoted: bool) -> Text:
    """``$NAME``, ``${NAME}``, ``${NAME[key]}`` and the operators for what is unset or empty."""
    inner = node.children[1:-1] if node.type == "expansion" else node.children[1:]
    if any(gaps(node)) or not inner or inner[0].type not in ("variable_name", "subscript"):
        raise Unknowable("it is an expansion that is not understood")
    name, index = _named(variables, inner[0])
    if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        raise Unknowable("it is an argument")
    operator = inner[1].type if len(inner) > 1 else ""
    if len(inner) > 3 or (operator and operator not in OPERATORS):
        raise Unknowable("it is an expansion that is not understood")
    if not operator:
        return variables.text(name, index) or Text("", variables.script.place(node))
    return _or_default(variables, node, (name, index, operator), inner[2:], quoted=quoted)


def _or_default(
    variables: Variables, node: Node, what: tuple[str, str | None, str], rest: list[Node], *, quoted: bool
) -> Text:
    name, index, operator = what
    outside = variables.look_up(name) is None
    held = None if outside else variables.text(name, index)
    given = held is not None and (bool(held.text) or not operator.startswith(":"))
    if operator[-1] == "?" or (operator[-1] == "+" and outside):
        raise Unknowable(f"{name} is not set in this file")
    if held is not None and given and operator[-1] in "-=":
        return held
    if (operator[-1] == "+") != given:
        return Text("", variables.script.place(node))
    if operator[-1] == "=" and not isinstance(variables.values.get(name), Text | Absent | None):
        raise Unknowable("it is an expansion that is not understood")
    found = word(variables, rest[0], quoted=quoted) if rest else Text("", variables.script.place(node))
    found = Text(found.text, found.place, found.defaults | {name} if outside else found.defaults)
    if operator[-1] == "=" and index is None:
        variables.values[name] = found
    return found


def _named(variables: Variables, node: Node) -> tuple[str, str | None]:
    if node.type == "variable_name":
        return text_of(node).decode("ascii", "replace"), None
    name = text_of(node.children[0]).decode("ascii", "replace")
    inner = node.children[2:-1]
    if [text_of(child) for child in inner] in ([b"@"], [b"*"]):
        raise Unknowable("it is a whole array")
    found = key(variables, inner).text
    held = variables.values.get(name)
    if not found.isdigit() and not (isinstance(held, Listing) and held.associative):
        raise Unknowable("its index is arithmetic")
    return name, found


def _all_of(node: Node) -> str | None:
    """NAME when the word is ``"${NAME[@]}"``, quoted or not."""
    content = text_of(node)
    found = re.fullmatch(rb'(")?\$\{([A-Za-z_]\w*)\[[@*]\]\}(?(1)")', content)
    if found is None or (found[1] and b"[*]" in content) or any(child.is_error for child in descendants(node)):
        return None
    return found[2].decode()
