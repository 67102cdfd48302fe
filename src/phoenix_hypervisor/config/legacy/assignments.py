"""Assignments and declarations: what they make of a variable."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from phoenix_hypervisor.config.legacy.script import gaps, text_of
from phoenix_hypervisor.config.legacy.values import VALUE_LIMIT, Absent, Listing, Text, Unknowable, Unknown, Value
from phoenix_hypervisor.config.legacy.variables import Variables
from phoenix_hypervisor.config.legacy.words import assigned, braced, elements, key, word

if TYPE_CHECKING:
    from tree_sitter import Node

Scopes = list[dict[str, Value | None]]
_CHANGING = re.compile(r"-[a-zA-Z]*[inlu]")
"""Options of declare that make bash change what is assigned: arithmetic, references, upper and lower case."""
_INTEGER = re.compile(r"-?[1-9][0-9]{0,17}|0")


def assign(
    variables: Variables, node: Node, *, changing: str = "", associative: bool = False, declared: bool = False
) -> bool | None:
    """``NAME=word``, ``NAME=(…)``, ``NAME[key]=word``, each with ``+=`` too; True when it succeeds for certain."""
    target, value = node.children[0], node.children[2:]
    name = text_of(target if target.type == "variable_name" else target.children[0]).decode("ascii", "replace")
    append = node.children[1].type == "+="
    if value and value[0].type == "array":
        _assign_array(variables, node, name, append=append, associative=associative)
        return True
    try:
        _check_end(variables, node)
        text = assigned(variables, value[0]) if value else Text("", variables.script.place(node))
        if declared and value and braced(value[0]):
            raise Unknowable("it is a brace expansion")
        if changing and not ("i" in changing and _INTEGER.fullmatch(text.text)):
            raise Unknowable("its declaration changes it")
        if target.type == "subscript":
            _assign_item(variables, node, name, text, append=append)
        else:
            _assign_text(variables, node, name, text, append=append)
    except Unknowable as reason:
        _lose(variables, node, name, str(reason))
        return None
    return True


def declare(variables: Variables, node: Node, scopes: Scopes) -> bool | None:
    """``declare``, ``typeset``, ``local``, ``export`` and ``readonly``; ``scopes`` are those of the calls under way."""
    said, *rest = node.children
    options = [text_of(child).decode("ascii", "replace") for child in rest if text_of(child).startswith((b"-", b"+"))]
    associative = any(option.startswith("-") and "A" in option for option in options)
    listed = associative or any(option.startswith("-") and "a" in option for option in options)
    changing = "".join(option for option in options if said.type != "export" and _CHANGING.match(option))
    if any("f" in option or "p" in option for option in options):
        return True
    known: bool | None = True
    for child in rest:
        if child.type not in ("variable_assignment", "variable_name"):
            continue
        name = re.split(r"[=\[+]", text_of(child).decode("utf-8", "replace"), maxsplit=1)[0]
        if scopes and said.type in ("local", "declare", "typeset") and not any("g" in option for option in options):
            _localise(variables, scopes, child, name, declared=said.type != "local")
        if child.type == "variable_assignment":
            known = assign(variables, child, changing=changing, associative=associative, declared=True) and known
        elif listed and not isinstance(variables.values.get(name), Listing):
            variables.values[name] = Listing(variables.script.place(child), associative)
        elif said.type not in ("export", "readonly") and name not in variables.values:
            variables.values[name] = Absent(variables.script.place(child))
    return known


def unset(variables: Variables, functions: dict[str, Node], node: Node) -> bool:
    """``unset NAME``: from here on the variable is empty; told when the file had set it."""
    words = [text_of(child) for child in node.children]
    for index, child in enumerate(node.children[1:], start=1):
        if child.type not in ("variable_name", "word") or text_of(child).startswith(b"-"):
            continue
        name = text_of(child).decode("ascii", "replace")
        follows = node.children[index + 1] if index + 1 < len(node.children) else None
        if follows is not None and text_of(follows).startswith(b"[") and follows.start_byte == child.end_byte:
            variables.lose(child, name, "one of its elements is unset")
        elif b"-f" in words or (name not in variables.values and name in functions):
            functions.pop(name, None)
        else:
            variables.values[name] = Absent(variables.script.place(child))
            variables.tell(child, "not-in-force", f"{name} is unset here; what it held before is not carried over.")
    return True


def _localise(variables: Variables, scopes: Scopes, node: Node, name: str, *, declared: bool) -> None:
    """A local ends with its function. What ``declare`` makes local by oversight is kept, and told."""
    if declared:
        message = f"{name} is local to its function, because declare lacks -g; it is read as if it were not."
        variables.tell(node, "declared-local", message)
        return
    if name not in scopes[-1]:
        scopes[-1][name] = variables.values.get(name)
    variables.values[name] = Absent(variables.script.place(node))


def _lose(variables: Variables, node: Node, name: str, reason: str) -> None:
    """One element of an array, where it is known which; else the whole variable."""
    held, target = variables.values.get(name), node.children[0]
    if target.type == "subscript" and isinstance(held, Listing):
        try:
            index = key(variables, target.children[2:-1]).text
        except Unknowable:
            pass
        else:
            held.put(index, Unknown(reason, variables.script.place(node)))
            variables.lose_defaults(node)
            message = f"an element of {name} cannot be known without running the file: {reason}."
            variables.tell(node, "unknown-value", message)
            return
    variables.lose(node, name, reason)


def _assign_text(variables: Variables, node: Node, name: str, text: Text, *, append: bool) -> None:
    held = variables.values.get(name)
    if isinstance(held, Listing):
        _set(held, "0", text, append=append)
    elif append:
        before = variables.text(name)
        variables.values[name] = _appended(before, text)
    else:
        variables.values[name] = Text(text.text, variables.script.place(node), text.defaults)


def _assign_item(variables: Variables, node: Node, name: str, text: Text, *, append: bool) -> None:
    held = variables.values.get(name)
    index = key(variables, node.children[0].children[2:-1]).text
    if isinstance(held, Unknown):
        raise Unknowable(held.reason)
    if not isinstance(held, Listing):
        before = held
        held = Listing(variables.script.place(node))
        if isinstance(before, Text):
            held.put("0", before)
        variables.values[name] = held
    _check_index(variables, node, name, held, index)
    _set(held, index, text, append=append)


def _assign_array(variables: Variables, node: Node, name: str, *, append: bool, associative: bool) -> None:
    before = variables.values.get(name)
    if append and isinstance(before, Unknown):
        variables.lose(node, name, before.reason)
        return
    held = before if append and isinstance(before, Listing) else None
    kind = associative or (isinstance(before, Listing) and before.associative)
    held = held or Listing(variables.script.place(node), kind)
    if append and isinstance(before, Text):
        held.put("0", before)
    variables.values[name] = _filled(variables, node.children[2], name, held)


def _filled(variables: Variables, node: Node, name: str, held: Listing) -> Listing:
    """The array with what stands between the parentheses; all words are read before the first is put in."""
    additions: list[tuple[str | None, Text]] = []
    if any(b"\\" in gap.replace(b"\\\n", b"") for gap in gaps(node)):
        _lose_element(variables, node, name, held, "it is not understood")
    for child in node.named_children:
        if child.type == "comment":
            continue
        try:
            _check_end(variables, child)
            if (keyed := _keyed(variables, child)) is not None:
                _check_index(variables, child, name, held, keyed[0])
                additions.append(keyed)
            elif held.associative:
                raise Unknowable("it has no key")
            else:
                additions += [(None, text) for text in elements(variables, child)]
        except Unknowable as reason:
            _lose_element(variables, child, name, held, str(reason))
    index = held.next_index
    for where, text in additions:
        variables.spend()
        held.put(str(index) if where is None else where, text)
        index = int(where) + 1 if where is not None and where.isdigit() else index + 1
    return held


def _lose_element(variables: Variables, node: Node, name: str, held: Listing, reason: str) -> None:
    """An element that could stand anywhere in the array."""
    held.unsure = True
    held.put(f"?{node.start_byte}", Unknown(reason, variables.script.place(node)))
    variables.lose_defaults(node)
    message = f"an element of {name} cannot be known without running the file: {reason}."
    variables.tell(node, "unknown-value", message)


def _keyed(variables: Variables, node: Node) -> tuple[str, Text] | None:
    """``[key]=word``."""
    parts = node.children
    if node.type != "concatenation" or text_of(parts[0]) != b"[":
        return None
    end = next((at for at, part in enumerate(parts) if at > 1 and text_of(part) == b"]"), None)
    if any(gaps(node)):
        raise Unknowable("it is not understood")
    if end is None or end + 1 == len(parts) or not re.match(rb"\+?=", text_of(parts[end + 1])):
        return None
    if braced(node):
        raise Unknowable("it is a brace expansion")
    where = key(variables, parts[1:end]).text
    said, *rest = [word(variables, each) for each in parts[end + 1 :]]
    if said.text.startswith("+"):
        raise Unknowable("it is added to between the parentheses")
    pieces = [Text(said.text.removeprefix("="), said.place), *rest]
    defaults = frozenset[str]().union(*(piece.defaults for piece in pieces))
    return where, Text("".join(piece.text for piece in pieces), variables.script.place(node), defaults)


def _check_end(variables: Variables, node: Node) -> None:
    if variables.script.is_cut_off(node) or (node.type == "variable_assignment" and any(gaps(node))):
        raise Unknowable("it is not understood")


def _check_index(variables: Variables, node: Node, name: str, held: Listing, index: str) -> None:
    """A key that is no number makes an array associative, as it was meant; bash itself would take it for arithmetic."""
    if held.associative or index.isdigit():
        return
    if not re.fullmatch(r"[^\s$`]+", index):
        raise Unknowable("its index is arithmetic")
    held.associative = True
    variables.tell(node, "undeclared-array", f"{name} has keys but no declare -A; it is read as if it had one.")


def _set(held: Listing, index: str, text: Text, *, append: bool) -> None:
    before = held.items.get(index)
    if append and isinstance(before, Unknown):
        raise Unknowable(before.reason)
    held.put(index, _appended(before, text) if append and isinstance(before, Text) else text)


def _appended(before: Text | None, text: Text) -> Text:
    if before is None:
        return text
    joined = before.text + text.text
    if len(joined) > VALUE_LIMIT:
        raise Unknowable("it is too long")
    return Text(joined, text.place, before.defaults | text.defaults)
