"""What Phoenix gave to users who are no longer declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.machine import Fact, Facts, answered
from phoenix_hypervisor.resource import Difference, Resource, Symbol, Verdict
from phoenix_hypervisor.resources.authorized_keys import TITLE
from phoenix_hypervisor.resources.file import HEADER
from phoenix_hypervisor.resources.pve_user import PERMISSIONS
from phoenix_hypervisor.resources.sudoers import drop_in

COMMENT = "Admin user of Phoenix Hypervisor"
"""The comment in /etc/passwd of a user that was made for it."""
_BEGIN, _END = (f"# {word} Phoenix Hypervisor: {TITLE}" for word in ("BEGIN", "END"))
_LOOK = """\
for file in etc/sudoers.d/phoenix-*; do
  [ ! -f "$file" ] || ! grep -qF "$1" "$file" || printf 'sudo %s\\n' "${file#etc/sudoers.d/phoenix-}"
done
while IFS=: read -r name _ _ _ comment home _; do
  [ "$comment" != "$2" ] || printf 'user %s\\n' "$name"
  keys=.$home/.ssh/authorized_keys
  [ -f "$keys" ] && [ ! -L "$keys" ] && [ ! -L ".$home/.ssh" ] || continue
  ! grep -qsxF "$3" "$keys" || printf 'keys %s\\n' "$name"
done <etc/passwd
exit 0
"""
_STRIP = """\
set -eu
user=$1
home=
while IFS=: read -r name _ _ _ _ place _; do
  [ "$name" != "$user" ] || home=$place
done </etc/passwd
umask 077
cd "$home"
place=$(pwd -P)/.ssh
cd -P .ssh
[ "$(pwd -P)" = "$place" ] && [ -f authorized_keys ] && [ ! -L authorized_keys ] || exit 1
[ "$(grep -cxF "$3" authorized_keys)" = 1 ] || { echo "the marks of Phoenix in $place are no pair" >&2; exit 1; }
rm -f .authorized_keys.phoenix~
set -C
sed "/^$2\\$/,/^$3\\$/d" authorized_keys >.authorized_keys.phoenix~
chown -h "$user:" .authorized_keys.phoenix~
sync .authorized_keys.phoenix~
mv -fT .authorized_keys.phoenix~ authorized_keys
"""
_Found = frozenset[tuple[str, str]]


def _found(result: Result) -> _Found:
    lines = (line.split(" ", 1) for line in answered(result, "what earlier admin users have").splitlines())
    return frozenset((words[0], words[1]) for words in lines if len(words) == 2)


_FACT: Fact[_Found] = Fact(
    "earlier admin users", Command("sh", "-s", "--", HEADER, COMMENT, _BEGIN, stdin=_LOOK), _found
)


class FormerAdmins(Resource):
    """Nobody but ``user`` (empty: nobody) has our drop-in for sudo, or our keys; users themselves are never deleted."""

    kind: ClassVar[str] = "former-admins"
    name: str = "former admin users"
    user: str = ""

    def facts(self) -> Iterator[Fact[Any]]:
        yield _FACT
        yield PERMISSIONS

    def _of_others(self, facts: Facts, what: str) -> list[str]:
        return sorted(name for kind, name in facts[_FACT] if kind == what and name != self.user)

    def change(self, facts: Facts) -> Iterator[Command]:
        for name in self._of_others(facts, "sudo"):
            yield Command("rm", "-f", drop_in(name))
        for name in self._of_others(facts, "keys"):
            yield Command("sh", "-c", _STRIP, "strip-keys", name, _BEGIN, _END)

    def verdict(self, facts: Facts) -> Verdict:
        gone = [f"{name}: sudo" for name in self._of_others(facts, "sudo")]
        gone += [f"{name}: authorized keys" for name in self._of_others(facts, "keys")]
        kept = tuple(Difference(f"user {name}", _why(name, facts)) for name in self._of_others(facts, "user"))
        return Verdict(Symbol.REMOVE, f"no longer declared ({', '.join(gone)})", kept=kept)

    def __str__(self) -> str:
        return self.name


def _why(name: str, facts: Facts) -> str:
    """Why a user is told of, and what else it still may: what a role was given for is not known, so it stays."""
    account = f"{name}@pam"
    given = [f"{role} on {path}" for path, who, role in sorted(facts[PERMISSIONS].acl) if who == account]
    still = f", and in Proxmox it still is {', '.join(given)}" if given else ""
    delete = f"pveum user delete {account}; " if account in facts[PERMISSIONS].users else ""
    return f"no longer declared{still}; delete it by hand: {delete}userdel {name}"
