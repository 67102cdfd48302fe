"""What a user may do by sudo(8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.resource import Verdict
from phoenix_hypervisor.resources.accounts import AccountName, password_of
from phoenix_hypervisor.resources.file import HEADER, File

_WHOLE = """\
said=$(visudo -c 2>&1) && exit 0
ours=$(printf '%s\\n' "$said" | grep -F "$1:" | grep -vF "$1: parsed OK") || exit 0
printf '%s\\n' "$ours" >&2
rm -f "$1"
exit 1
"""


def drop_in(user: str) -> str:
    """The path of our file for a user. sudo passes over names with a dot in them."""
    return f"/etc/sudoers.d/phoenix-{user}"


class Sudoers(File):
    """A drop-in by which a user may do anything as anybody, with its own password.

    A draft is checked by itself before it is in force, then the whole set of files; a fault of another file is not its.
    """

    kind: ClassVar[str] = "sudoers"
    user: AccountName
    password_comes: bool = False
    """Whether the user gets a password otherwise."""

    def facts(self) -> Iterator[Fact[Any]]:
        yield from super().facts()
        yield password_of(self.user)

    def change(self, facts: Facts) -> Iterator[Command]:
        if commands := tuple(super().change(facts)):
            yield from commands
            yield Command("sh", "-s", "--", self.name, stdin=_WHOLE)

    def verdict(self, facts: Facts) -> Verdict:
        verdict = super().verdict(facts)
        if self.password_comes or facts[password_of(self.user)].strip("!*"):
            return verdict
        return replace(verdict, notes=(f"{self.user} has no password, and sudo asks for it: declare password_hash.",))

    def __str__(self) -> str:
        return f"sudo for {self.user}"


def sudoers(user: str, *, password_comes: bool, after: tuple[str, ...]) -> Sudoers:
    """The drop-in of a user."""
    return Sudoers(
        password_comes=password_comes,
        name=drop_in(user),
        user=user,
        text=f"# {HEADER}\n{user} ALL=(ALL:ALL) ALL\n",
        mode="0440",
        check=("visudo", "-c", "-f", "{}"),
        after=after,
    )
