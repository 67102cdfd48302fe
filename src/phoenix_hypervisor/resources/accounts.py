"""The users and groups of a machine, as /etc/passwd, /etc/group and /etc/shadow have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.machine import Fact, answered

AccountName = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_\-]{0,31}$")]
_TABLES = "exec grep -Hs '' etc/passwd etc/group\n"
_SHADOW = 'grep -s "^$1:" etc/shadow || [ $? -eq 1 ]\n'
_FIELDS = {"etc/passwd": 7, "etc/group": 4}


@dataclass(frozen=True, slots=True)
class User:
    """A row of /etc/passwd."""

    uid: int
    comment: str
    home: str
    shell: str


@dataclass(frozen=True, slots=True)
class Accounts:
    """Users by name, and groups with those who are in them beside their first one."""

    users: Mapping[str, User] = field(default_factory=dict)
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)


def _accounts(result: Result) -> Accounts:
    users: dict[str, User] = {}
    groups: dict[str, frozenset[str]] = {}
    for line in answered(result, "its users and groups").splitlines():
        table, _, row = line.partition(":")
        cells = row.split(":")
        if row.startswith(("+", "-")) or not row:
            continue  # it asks another service
        if len(cells) != _FIELDS.get(table) or not cells[2].isdecimal():
            raise NodeError(f"The node's users and groups cannot be read: {line[:60]!r}.")
        if table == "etc/passwd":
            users.setdefault(cells[0], User(int(cells[2]), cells[4], cells[5], cells[6]))
        else:
            groups.setdefault(cells[0], frozenset(filter(None, cells[3].split(","))))
    if not users:
        raise NodeError("The node's users and groups cannot be read: it names none.")
    return Accounts(users, groups)


def _password(result: Result) -> str:
    rows = (line.split(":") for line in answered(result, "a password hash").splitlines())
    return next((row[1] for row in rows if len(row) > 1), "")


ACCOUNTS: Fact[Accounts] = Fact("users and groups", Command("sh", "-s", stdin=_TABLES), _accounts)


def password_of(name: str) -> Fact[str]:
    """The password hash of a user as /etc/shadow has it; empty where there is none."""
    return Fact(f"password hash of {name}", Command("sh", "-s", "--", name, stdin=_SHADOW), _password)
