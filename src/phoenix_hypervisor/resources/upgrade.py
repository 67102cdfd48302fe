"""All packages in the versions that the machine's sources give."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.resource import Resource, Verdict
from phoenix_hypervisor.resources import apt

_STAMP = "run/phoenix_hypervisor/upgraded"
_LOOK = """\
if [ -e "$1" ] && [ $(($(date +%s) - $(stat -c %Y "$1"))) -lt 3600 ]; then echo fresh; fi
apt-get -s -q dist-upgrade
"""
_SCRIPT = f"""\
set -eu
export DEBIAN_FRONTEND=noninteractive
stamp=$1
{apt.MEND}
{" ".join(apt.UPDATE)}
apt-get dist-upgrade {" ".join(apt.OPTIONS)}
mkdir -p "${{stamp%/*}}"
: >"$stamp"
"""


def _pending(result: Result) -> tuple[bool, tuple[str, ...]]:
    """Whether it was looked for within the last hour, and the packages that have a newer version.

    What apt cannot tell of, as of packages that are half installed, it was not looked for.
    """
    lines = [line.split() for line in result.stdout.splitlines()]
    names = tuple(words[1] for words in lines if len(words) > 1 and words[0] == "Inst")
    return result.ok and ["fresh"] in lines, names


_FACT = Fact("upgrade", Command("sh", "-s", "--", _STAMP, stdin=_LOOK, timeout=120.0), _pending)


class Upgrade(Resource):
    """Every package is of the newest version in the sources, as they were within the last hour."""

    kind: ClassVar[str] = "upgrade"
    locks: ClassVar[frozenset[str]] = frozenset({"apt"})
    name: Literal["packages"] = "packages"

    def facts(self) -> Iterator[Fact[Any]]:
        yield _FACT

    def change(self, facts: Facts) -> Iterator[Command]:
        fresh, names = facts[_FACT]
        if names or not fresh:
            yield Command("sh", "-s", "--", f"/{_STAMP}", stdin=_SCRIPT, timeout=2 * apt.TIMEOUT)

    def verdict(self, facts: Facts) -> Verdict:
        _, names = facts[_FACT]
        return Verdict(reason=f"newer: {', '.join(names)}" if names else "asked for; apt knows of no newer ones yet")
