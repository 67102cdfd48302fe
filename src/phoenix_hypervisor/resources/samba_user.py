"""Users of Samba and their passwords."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from pydantic import SecretStr

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.documents.secrets import STAND_IN
from phoenix_hypervisor.machine import Fact, Facts, answered
from phoenix_hypervisor.resource import Difference, Obstacle, Resource, Symbol, Verdict
from phoenix_hypervisor.resources.accounts import AccountName

FOLDER = "var/lib/phoenix_hypervisor/samba"
"""What we know of the passwords that we set: salt, hash, and when Samba says that it was set; for root only."""
_SET_AT = """\
set_at() { pdbedit -L -w -u "$1" 2>/dev/null | sed -n 's/.*:LCT-\\([0-9A-F]*\\):.*/\\1/p'; }
"""
"""When a password was last changed, as smbpasswd(5) has it; the hash that stands there, too, is not passed on."""
_LOOK = _SET_AT + """\
printf 'machine %s\\n' "$(cat etc/machine-id 2>/dev/null)"
[ ! -f "$2/$1" ] || sed 's/^/record /' "$2/$1" || exit 1
command -v pdbedit >/dev/null || exit 0
set_at "$1" | sed 's/^/set /'
"""  # fmt: skip
_RECORD = _SET_AT + """\
umask 077
read -r salt hash || exit 1
at=$(set_at "$1")
[ -n "$at" ] || { echo "Samba does not say when the password of $1 was set" >&2; exit 1; }
mkdir -p "/$2" || exit 1
printf '%s\\n' "$salt" "$hash" "$at" >"/$2/.$1~" && sync "/$2/.$1~" && mv -f "/$2/.$1~" "/$2/$1"
"""  # fmt: skip
_LIMIT = 120.0


@dataclass(frozen=True, slots=True)
class _Seen:
    """The machine's id; salt, hash and time that were recorded; when the password was set (empty: no such user)."""

    machine: str
    record: tuple[str, ...]
    set_at: str


def _seen(result: Result) -> _Seen:
    rows = [line.partition(" ") for line in answered(result, "a user of Samba").splitlines()]
    found = {kind: tuple(text for each, _, text in rows if each == kind) for kind in ("machine", "record", "set")}
    return _Seen("".join(found["machine"]), found["record"], "".join(found["set"]))


@lru_cache(maxsize=64)
def _hash(password: str, salt: str) -> str:
    """Made to be slow: who reads a record cannot try passwords by the million."""
    return hashlib.scrypt(password.encode(), salt=salt.encode(), n=1 << 14, r=8, p=1, dklen=32).hex()


class SambaUser(Resource):
    """A user of Samba, who is one of the machine already, with a password; None: it is told that it is not managed.

    Samba keeps no password that could be compared: what was set is recorded as a salted hash, with Samba's own time of
    it, so that another declared password, or another one in Samba, is seen.
    """

    kind: ClassVar[str] = "samba-user"
    name: AccountName
    password: SecretStr | None = None

    @property
    def _password(self) -> str:
        return self.password.get_secret_value() if self.password else ""

    @property
    def _fact(self) -> Fact[_Seen]:
        return Fact(f"Samba user {self.name}", Command("sh", "-s", "--", self.name, FOLDER, stdin=_LOOK), _seen)

    def facts(self) -> Iterator[Fact[Any]]:
        yield self._fact

    def _is_current(self, seen: _Seen) -> bool:
        """Whether the password is the declared one, as far as can be told; a stand-in replaces none that is set."""
        if self._password == STAND_IN:
            return bool(seen.set_at)
        if len(seen.record) != 3 or not seen.set_at or seen.record[2] != seen.set_at:
            return False
        return _hash(self._password, seen.record[0]) == seen.record[1]

    def change(self, facts: Facts) -> Iterator[Command]:
        seen = facts[self._fact]
        if not self._password or self._is_current(seen):
            return
        twice = f"{self._password}\n{self._password}\n"
        yield Command("smbpasswd", "-s", "-a", self.name, stdin=twice, timeout=_LIMIT, confidential=True)
        salt = hashlib.sha256(f"{seen.machine}:{self.name}".encode()).hexdigest()[:32]
        record = f"{salt} {_hash(self._password, salt)}\n"
        yield Command("sh", "-c", _RECORD, "record-password", self.name, FOLDER, stdin=record, confidential=True)

    def verdict(self, facts: Facts) -> Verdict:
        seen = facts[self._fact]
        if not self._password:
            why = f"no password is declared for it; set one by hand: smbpasswd -a {self.name}"
            return Verdict(kept=(Difference(f"Samba user {self.name} is not managed", why),))
        if not self._password.isprintable():
            return Verdict(obstacles=(Obstacle("its password is not one line of text", "Declare another one."),))
        if not seen.set_at:
            return Verdict(Symbol.ADD, "not there yet")
        known = seen.record[2:] == (seen.set_at,)
        return Verdict(reason="its declared password is another" if known else "its password was set by somebody else")

    def __str__(self) -> str:
        return f"Samba user {self.name}"
