"""Directories."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.machine import Fact, Facts, answered
from phoenix_hypervisor.resource import Obstacle, Resource, Symbol, Verdict
from phoenix_hypervisor.resources.paths import AbsolutePath, Mode, Owner

_LOOK = '[ -e "$1" ] || [ -L "$1" ] || exit 0\nexec stat -c "%F:%U:%G:%a" "$1"\n'
_Seen = tuple[str, str, str, str]


def _seen(result: Result) -> _Seen | None:
    """Kind, owner, group and mode."""
    text = answered(result, "what a directory is like").strip()
    if not text:
        return None
    kind, owner, group, mode = text.rsplit(":", 3)
    return kind, owner, group, f"{int(mode, 8):04o}"


class Directory(Resource):
    """A directory with owner and mode; None leaves what is there as it is. What is in it is never touched."""

    kind: ClassVar[str] = "directory"
    name: AbsolutePath
    owner: Owner | None = None
    group: Owner | None = None
    mode: Mode | None = None

    @property
    def _fact(self) -> Fact[_Seen | None]:
        return Fact(f"directory {self.name}", Command("sh", "-s", "--", self.name.lstrip("/"), stdin=_LOOK), _seen)

    def facts(self) -> Iterator[Fact[Any]]:
        yield self._fact

    def change(self, facts: Facts) -> Iterator[Command]:
        seen = facts[self._fact]
        if seen is None:
            yield Command("mkdir", "-p", self.name)
        _, owner, group, mode = seen or ("", "root", "root", "0755")
        if (self.owner or owner, self.group or group) != (owner, group):
            yield Command("chown", f"{self.owner or ''}:{self.group or ''}".rstrip(":"), self.name)
        if (self.mode or mode) != mode:
            yield Command("chmod", self.mode or mode, self.name)

    def verdict(self, facts: Facts) -> Verdict:
        seen = facts[self._fact]
        if seen is None:
            return Verdict(Symbol.ADD, "not there yet")
        if seen[0] != "directory":
            return Verdict(obstacles=(Obstacle(f"{self.name} is a {seen[0]}, not a directory", "Move it away."),))
        return Verdict(reason=f"it is {seen[1]}:{seen[2]} {seen[3]}")

    def __str__(self) -> str:
        return self.name
