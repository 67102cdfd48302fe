"""Users of a machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import Field, SecretStr

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.documents.secrets import STAND_IN
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.resource import Obstacle, Resource, Symbol, Verdict
from phoenix_hypervisor.resources.accounts import ACCOUNTS, AccountName, password_of
from phoenix_hypervisor.resources.paths import AbsolutePath

FIRST_UID = 1000
"""Users below are the system's."""
_HASH = re.compile(r"\$[A-Za-z0-9]{1,10}\$[A-Za-z0-9./$=,\-]{8,}")
Comment = Annotated[str, Field(pattern=r"^[A-Za-z0-9 ._\-]*$")]


class User(Resource):
    """A user who logs in: with home, shell, groups, and the password of a declared hash.

    One that is there keeps its number, its home, the groups that are not declared, its password where no hash is, and
    its shell where that is None; one that is made has no password then, and bash.
    """

    kind: ClassVar[str] = "user"
    name: AccountName
    shell: AbsolutePath | None = "/bin/bash"
    groups: tuple[AccountName, ...] = ()
    comment: Comment = ""
    password_hash: SecretStr | None = None

    @property
    def _hash(self) -> str:
        return self.password_hash.get_secret_value() if self.password_hash else ""

    def _is_another(self, found: str) -> bool:
        """Whether the hash that is there is to be replaced; a stand-in replaces none."""
        if self._hash == STAND_IN:
            return not found.strip("!*")
        return bool(self._hash) and self._hash != found

    def needs(self) -> Iterator[str]:
        yield from self.after
        yield from (f"group:{group}" for group in self.groups)

    def facts(self) -> Iterator[Fact[Any]]:
        yield ACCOUNTS
        yield password_of(self.name)

    def change(self, facts: Facts) -> Iterator[Command]:
        user = facts[ACCOUNTS].users.get(self.name)
        missing = self._missing(facts)
        if user is None:
            own = ("--gid", self.name) if self.name in facts[ACCOUNTS].groups else ()
            groups = ("--groups", ",".join(self.groups)) if self.groups else ()
            shape = ("--create-home", "--shell", self.shell or "/bin/bash", "--comment", self.comment)
            yield Command("useradd", *shape, *own, *groups, self.name)
        elif self.shell and user.shell != self.shell:
            yield Command("usermod", "--shell", self.shell, self.name)
        if user is not None and missing:
            yield Command("usermod", "--append", "--groups", ",".join(missing), self.name)
        if self._is_another(facts[password_of(self.name)]):
            yield Command("chpasswd", "-e", stdin=f"{self.name}:{self._hash}\n", confidential=True)

    def _missing(self, facts: Facts) -> list[str]:
        groups = facts[ACCOUNTS].groups
        return [name for name in self.groups if self.name not in groups.get(name, ()) and name != self.name]

    def verdict(self, facts: Facts) -> Verdict:
        user = facts[ACCOUNTS].users.get(self.name)
        obstacles = tuple(self._obstacles(facts))
        if user is None:
            return Verdict(Symbol.ADD, "not there yet", obstacles=obstacles)
        reasons = [f"its shell is {user.shell or 'not set'}"] if self.shell not in (None, user.shell) else []
        if missing := self._missing(facts):
            reasons.append(f"it is not in {', '.join(missing)}")
        if self._is_another(facts[password_of(self.name)]):
            reasons.append("its password hash differs")
        return Verdict(reason=", ".join(reasons) or "as declared", obstacles=obstacles)

    def _obstacles(self, facts: Facts) -> Iterator[Obstacle]:
        user = facts[ACCOUNTS].users.get(self.name)
        if user is not None and user.uid < FIRST_UID:
            yield Obstacle(f"{self.name} is a user of the system (uid {user.uid})", "Declare another user.")
        if self._hash and not _HASH.fullmatch(self._hash):
            hint = "Make one with: mkpasswd -m yescrypt"
            yield Obstacle("what is declared as its password hash is no hash of crypt(5)", hint)


class ServiceUser(Resource):
    """A user that has files and never logs in; one of that name that is there already stays as it is."""

    kind: ClassVar[str] = "user"
    name: AccountName
    comment: Comment = ""

    def facts(self) -> Iterator[Fact[Any]]:
        yield ACCOUNTS

    def change(self, facts: Facts) -> Iterator[Command]:
        if self.name not in facts[ACCOUNTS].users:
            own = ("--gid", self.name) if self.name in facts[ACCOUNTS].groups else ()
            shape = ("--system", "--no-create-home", "--shell", "/usr/sbin/nologin", "--comment", self.comment)
            yield Command("useradd", *shape, *(own or ("--user-group",)), self.name)

    def verdict(self, facts: Facts) -> Verdict:  # noqa: ARG002
        return Verdict(Symbol.ADD, "not there yet")
