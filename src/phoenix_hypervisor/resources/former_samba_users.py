"""Users of Samba whose passwords Phoenix set, and who are no longer declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.machine import Fact, Facts, answered
from phoenix_hypervisor.resource import Difference, Resource, Verdict
from phoenix_hypervisor.resources.samba_user import FOLDER

_LOOK = """\
command -v pdbedit >/dev/null || exit 0
for record in "$1"/*; do
  [ ! -f "$record" ] || ! pdbedit -L -u "${record##*/}" >/dev/null 2>&1 || printf '%s\\n' "${record##*/}"
done
"""


def _names(result: Result) -> frozenset[str]:
    return frozenset(answered(result, "the users of Samba that Phoenix made").split())


_FACT: Fact[frozenset[str]] = Fact("Samba users of ours", Command("sh", "-s", "--", FOLDER, stdin=_LOOK), _names)


class FormerSambaUsers(Resource):
    """Nothing is done to them, as their passwords would be lost; that they are still there is told."""

    kind: ClassVar[str] = "former-samba-users"
    name: str = "former Samba users"
    user: str = ""
    """The one who is declared."""

    def facts(self) -> Iterator[Fact[Any]]:
        yield _FACT

    def change(self, facts: Facts) -> Iterator[Command]:  # noqa: ARG002
        yield from ()

    def verdict(self, facts: Facts) -> Verdict:
        former = sorted(facts[_FACT] - {self.user})
        why = "no longer declared; it is deleted by hand only: smbpasswd -x"
        return Verdict(kept=tuple(Difference(f"Samba user {name}", f"{why} {name}") for name in former))

    def __str__(self) -> str:
        return self.name
