"""The variables and functions that a shell file has defined so far, and what was found on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from phoenix_hypervisor.config.legacy.script import Script, defaults_in
from phoenix_hypervisor.config.legacy.values import (
    Absent,
    Listing,
    Text,
    TooMuch,
    Unknowable,
    Unknown,
    Value,
    is_secret_name,
)
from phoenix_hypervisor.errors import Problem

if TYPE_CHECKING:
    from tree_sitter import Node

STEP_LIMIT = 500_000


@dataclass
class Variables:
    """The state of reading one file: it changes with each statement, as the shell's own would."""

    script: Script
    values: dict[str, Value] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    steps: int = 0

    def spend(self, steps: int = 1) -> None:
        """Counts steps; TooMuch when there were more than a configuration needs."""
        self.steps += steps
        if self.steps > STEP_LIMIT:
            raise TooMuch

    def tell(self, node: Node, code: str, message: str, hint: str = "") -> None:
        self.problems.append(self.script.problem(node, code, message, hint))

    def lose(self, node: Node, name: str, reason: str) -> None:
        """The variable cannot be known from here on; it is told where it is lost."""
        self.values[name] = Unknown(reason, self.script.place(node))
        self.lose_defaults(node)
        self.tell(node, "unknown-value", f"{name} cannot be known without running the file: {reason}.")

    def lose_defaults(self, node: Node) -> None:
        """What is not understood may have set defaults in passing."""
        for name in defaults_in(node):
            self.values[name] = Unknown("it may get a default where that is not understood", self.script.place(node))

    def look_up(self, name: str) -> Value | None:
        """What the file has said of the variable; None when it comes from elsewhere. Unknowable for secrets."""
        self.used.add(name)
        if is_secret_name(name):
            raise Unknowable(f"it is made of the secret {name}")
        return self.values.get(name)

    def text(self, name: str, key: str | None = None) -> Text | None:
        """The text of ``$NAME`` or ``${NAME[key]}``; None when it is unset. Unknowable when only a run could tell."""
        value = self.look_up(name)
        if value is None:
            raise Unknowable(f"{name} is not set in this file")
        if isinstance(value, Listing):
            if value.unsure:
                raise Unknowable(f"it is made of {name}, which is not known")
            value = value.items.get("0" if key is None else key)
        elif key not in (None, "0"):
            return None
        if isinstance(value, Unknown):
            raise Unknowable(f"it is made of {name}, which is not known")
        return None if value is None or isinstance(value, Absent) else value

    def elements(self, name: str) -> list[Text]:
        """The elements of ``${NAME[@]}``."""
        value = self.look_up(name)
        if value is None:
            raise Unknowable(f"{name} is not set in this file")
        if isinstance(value, Absent):
            return []
        items = value.in_order() if isinstance(value, Listing) else [value]
        self.spend(len(items))
        known = [item for item in items if isinstance(item, Text)]
        if len(known) < len(items):
            raise Unknowable(f"it is made of {name}, which is not known")
        return known
