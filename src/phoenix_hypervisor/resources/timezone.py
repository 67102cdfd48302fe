"""The time zone of a machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import Field

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.resource import Resource

_ZONES = "/usr/share/zoneinfo/"
_READ = Command("sh", "-s", stdin="readlink etc/localtime; cat etc/timezone")
_WRITE = 'printf "%s\\n" "$1" >/etc/timezone\n'

ZoneName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_+\-]*(/[A-Za-z0-9_+\-]+)*$", max_length=64)]


def _zones(result: Result) -> tuple[str, ...]:
    """Where /etc/localtime points, and what /etc/timezone says."""
    return tuple(line.rpartition(_ZONES)[2].strip() for line in result.stdout.splitlines())


_FACT: Fact[tuple[str, ...]] = Fact("timezone", _READ, _zones)


class Timezone(Resource):
    """The machine's zone, by ``/etc/localtime`` and ``/etc/timezone``; ``name`` is the zone."""

    kind: ClassVar[str] = "timezone"
    name: ZoneName

    def facts(self) -> Iterator[Fact[Any]]:
        yield _FACT

    def change(self, facts: Facts) -> Iterator[Command]:
        if facts[_FACT] != (self.name, self.name):
            yield Command("ln", "-sfn", f"{_ZONES}{self.name}", "/etc/localtime")
            yield Command("sh", "-s", "--", self.name, stdin=_WRITE)
