"""What statements of a shell file do to its variables. Commands are looked at, never run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from phoenix_hypervisor.config.legacy.assignments import assign, declare, unset
from phoenix_hypervisor.config.legacy.nodes import FILLS, LIKE_ASSIGNMENT, NAME, is_broken, parts_of, runs_on, set_by
from phoenix_hypervisor.config.legacy.script import descendants, text_of
from phoenix_hypervisor.config.legacy.values import Unknowable, Value
from phoenix_hypervisor.config.legacy.variables import Variables
from phoenix_hypervisor.config.legacy.words import word

if TYPE_CHECKING:
    from tree_sitter import Node

ENTRY = "load_config"
"""The function that the scripts around a legacy file call after they have read it."""
CALL_DEPTH = 20
HARMLESS = frozenset(
    (
        *("echo", "printf", "false", "set", "shopt", "trap", "umask", "cd", "pwd", "test", "[", "type", "command"),
        *("hash", "alias", "ulimit", "wait", "date", "sleep", "mkdir", "touch", "chmod", "chown", "cat", "logger"),
        *("tee", "cp", "mv", "rm", "ln", "ls", "id", "whoami", "hostname", "uname", "sync", "install", "systemctl"),
    )
)
"""Commands that set no variable."""
CONDITIONAL = {
    "if_statement": "it is set under a condition",
    "case_statement": "it is set under a condition",
    "while_statement": "it is set in a loop",
    "for_statement": "it is set in a loop",
    "c_style_for_statement": "it is set in a loop",
}
APART = {"subshell": "a subshell", "pipeline": "a pipeline"}


class Leave(Exception):
    """``return`` and ``exit``: nothing after it is in force."""


@dataclass
class Run:
    """One reading of a file, statement by statement."""

    variables: Variables
    functions: dict[str, Node] = field(default_factory=dict)
    called: set[str] = field(default_factory=set)
    scopes: list[dict[str, Value | None]] = field(default_factory=list)

    def file(self) -> None:
        """The whole file, then its entry function where it does not call that itself; tells what is never called."""
        root = self.variables.script.root
        self._body(root, f"nothing after this line of {self.variables.script.file} is in force")
        if ENTRY in self.functions and ENTRY not in self.called:
            message = f"{ENTRY} is not called here; it is read as if it were, as the scripts around this file call it."
            self.variables.tell(self.functions[ENTRY], "function-taken-as-called", message)
            self._call(ENTRY, self.functions[ENTRY])
        for name, node in self.functions.items():
            if name not in self.called:
                self._not_in_force(node, f"the function {name}, which this file never calls")

    def _body(self, node: Node, message: str) -> None:
        children = node.children
        for index, child in enumerate(children):
            background = index + 1 < len(children) and children[index + 1].type == "&"
            try:
                if background:
                    self._not_in_force(child, "a command in the background")
                else:
                    self.statement(child)
            except Leave:
                if any(each.is_named and each.type != "comment" for each in children[index + 1 :]):
                    self.variables.tell(child, "not-in-force", f"{message}.")
                return

    def statement(self, node: Node) -> bool | None:
        """Carries one statement out on the variables; True when it succeeds for certain, None when nobody knows."""
        self.variables.spend()
        if node.has_error and node.type not in ("compound_statement", "function_definition") and is_broken(node):
            self._lose_text(node, "it is no valid shell, or not understood")
            return None
        match node.type:
            case "variable_assignment":
                return assign(self.variables, node)
            case "variable_assignments":
                outcomes = [assign(self.variables, child) for child in node.named_children]
                return None if None in outcomes else True
            case "declaration_command":
                return declare(self.variables, node, self.scopes)
            case "unset_command":
                return unset(self.variables, self.functions, node)
            case "function_definition":
                return self._define(node)
            case "command":
                return self._command(node)
            case "list":
                return self._list(node)
            case "compound_statement":
                self._compound(node)
            case "redirected_statement" | "negated_command":
                for child in node.named_children:
                    self.statement(child)
            case kind if kind in APART:
                self._not_in_force(node, APART[kind])
            case kind if kind in CONDITIONAL:
                self._lose(node, CONDITIONAL[kind])
        return None

    def _define(self, node: Node) -> bool | None:
        if any(child.is_missing for child in (*node.children, *node.named_children[-1].children)):
            self._lose_text(node, "it is no valid shell, or not understood")
            return None
        name = next((text_of(child).decode("utf-8", "replace") for child in node.children if child.type == "word"), "")
        self.functions[name] = node
        return True

    def _compound(self, node: Node) -> None:
        if node.children and node.children[0].type == "((":
            self._lose(node, "it is arithmetic")
            return
        for child in node.named_children:
            self.statement(child)

    def _list(self, node: Node) -> bool | None:
        left, *_, right = node.children
        succeeded = self.statement(left)
        operator = node.children[1].type
        if succeeded and operator == "&&":
            return self.statement(right)
        if not (succeeded and operator == "||"):
            self._lose(right, "it is set under a condition")
        return succeeded if operator == "||" else None

    def _command(self, node: Node) -> bool | None:
        assignments, name, arguments = parts_of(node)
        said = text_of(name).decode("utf-8", "replace") if name is not None else ""
        if said and name is not None and not runs_on(assignments, name):
            cut = any(self.variables.script.is_cut_off(child) for child in assignments)
            for child in assignments:
                target = text_of(child.children[0]).decode("utf-8", "replace")
                if cut:
                    self._lose(child, "a line goes on in the middle of it")
                    continue
                self.variables.tell(child, "not-in-force", f"{target} is set for the command {said} only.")
        else:
            for child in assignments:
                assign(self.variables, child)
        if not said or name is None:
            return True
        return self._named(said, name, arguments)

    def _named(self, said: str, name: Node, arguments: list[Node]) -> bool | None:
        words = [text_of(each).decode("utf-8", "replace") for each in arguments]
        if said in ("return", "exit"):
            raise Leave
        if said in self.functions:
            self._call(said, name)
            return None
        if said in (":", "true"):
            for each in arguments:
                self._defaults(each)
            return True
        if said in (".", "source"):
            self.variables.tell(name, "unknown-value", "the file that is read in here is not looked at.", _SOURCED)
        elif said in FILLS or (said == "printf" and "-v" in words):
            for each in arguments:
                if found := NAME.match(text_of(each).decode("utf-8", "replace")):
                    self.variables.lose(each, found[0], f"it comes from {said}")
        elif said not in HARMLESS:
            self.variables.tell(name, "unknown-value", f"{_command_name(said)} is not run; what it sets is not known.")
        return None

    def _defaults(self, argument: Node) -> None:
        """``: "${NAME:=default}"``."""
        try:
            word(self.variables, argument)
        except Unknowable:
            self._lose(argument, "its default cannot be known")

    def _call(self, name: str, at: Node) -> None:
        if len(self.scopes) >= CALL_DEPTH:
            self.variables.tell(at, "unknown-value", f"{_command_name(name)} calls itself; what it sets is not known.")
            return
        self.called.add(name)
        self.scopes.append({})
        body = self.functions[name].named_children[-1]
        if body.type == "compound_statement":
            self._body(body, f"nothing after this line of {_command_name(name)} is in force")
        else:
            self.statement(body)
        for variable, before in self.scopes.pop().items():
            if before is None:
                self.variables.values.pop(variable, None)
            else:
                self.variables.values[variable] = before

    def _not_in_force(self, top: Node, where: str) -> None:
        self._each_set(top, lambda node, name: self.variables.tell(node, "not-in-force", f"{name} is set in {where}."))

    def _lose(self, top: Node, reason: str) -> None:
        """Whatever is set below, in functions that are called there too, cannot be known."""
        self._each_set(top, lambda node, name: self.variables.lose(node, name, reason))

    def _lose_text(self, node: Node, reason: str) -> None:
        """The same where the tree cannot be trusted: whatever looks like an assignment."""
        names = {found[1].decode() for found in LIKE_ASSIGNMENT.finditer(text_of(node))}
        for name in sorted(names):
            self.variables.lose(node, name, reason)

    def _each_set(self, top: Node, act: Callable[[Node, str], None]) -> None:
        tops, seen = [top], set(self.called)
        while tops:
            for node in descendants(tops.pop()):
                self.variables.spend()
                for name in set_by(node):
                    act(node, name)
                called = text_of(node).decode("utf-8", "replace") if node.type == "command_name" else ""
                if called in self.functions:
                    self.called.add(called)
                    if called not in seen:
                        seen.add(called)
                        tops.append(self.functions[called])


_SOURCED = "Migrate it as well, and carry over by hand what it sets."


def _command_name(said: str) -> str:
    return said if len(said) <= 40 and said.isprintable() else "a command"
