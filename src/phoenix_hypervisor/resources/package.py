"""Debian packages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import Field

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.resource import Resource, Symbol, Verdict
from phoenix_hypervisor.resources import apt

PackageName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9+.\-]+$")]


def _installed(result: Result) -> frozenset[str]:
    """The packages that dpkg calls installed; it answers 1 when it does not know one of them."""
    lines = [line.split() for line in result.stdout.splitlines()]
    if result.rc not in (0, 1) or any(len(words) != 2 for words in lines) or (result.ok and not lines):
        raise NodeError(f"The node could not tell which packages are installed: {result.said}")
    return frozenset(words[0] for words in lines if words[1] == "installed")


def installed_of(packages: tuple[str, ...]) -> Fact[frozenset[str]]:
    """Which of these packages are installed."""
    argv = ("dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *packages)
    return Fact(f"packages {' '.join(packages)}", Command(*argv), _installed)


class Packages(Resource):
    """Packages that are installed, in whatever version the machine's sources give.

    An installation that was cut off before is finished first: apt refuses everything until then.
    """

    kind: ClassVar[str] = "package"
    locks: ClassVar[frozenset[str]] = frozenset({"apt"})
    packages: tuple[PackageName, ...]

    @property
    def _fact(self) -> Fact[frozenset[str]]:
        return installed_of(self.packages)

    def facts(self) -> Iterator[Fact[Any]]:
        yield self._fact

    def change(self, facts: Facts) -> Iterator[Command]:
        if missing := [name for name in self.packages if name not in facts[self._fact]]:
            yield apt.mend()
            yield apt.update()
            yield apt.install(*missing)

    def verdict(self, facts: Facts) -> Verdict:
        missing = [name for name in self.packages if name not in facts[self._fact]]
        return Verdict(Symbol.ADD, f"not installed: {', '.join(missing)}")

    def __str__(self) -> str:
        return ", ".join(self.packages)
