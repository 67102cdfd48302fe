"""The time zone of a machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import Field

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.machine import Fact, Facts, answered
from phoenix_hypervisor.resource import Obstacle, Resource, Verdict

_ZONES = "/usr/share/zoneinfo/"
_READ = Command("sh", "-s", stdin="readlink etc/localtime; cat etc/timezone")
_LOOK = '[ ! -d usr/share/zoneinfo ] || [ -f "usr/share/zoneinfo/$1" ] || echo absent\n'
_SET = """\
set -eu
[ -f "$1" ] || { echo "there is no time zone $1" >&2; exit 1; }
ln -sfn "$1" /etc/localtime
printf '%s\\n' "$2" >/etc/timezone
"""

ZoneName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_+\-]*(/[A-Za-z0-9_+\-]+)*$", max_length=64)]


def _zones(result: Result) -> tuple[str, ...]:
    """Where /etc/localtime points, and what /etc/timezone says."""
    return tuple(line.rpartition(_ZONES)[2].strip() for line in result.stdout.splitlines())


def _is_absent(result: Result) -> bool:
    return bool(answered(result, "its time zones").strip())


_FACT: Fact[tuple[str, ...]] = Fact("timezone", _READ, _zones)


class Timezone(Resource):
    """The machine's zone, by ``/etc/localtime`` and ``/etc/timezone``; ``name`` is the zone.

    One that tzdata does not have is an obstacle; where tzdata is yet to come, it is looked for right before.
    """

    kind: ClassVar[str] = "timezone"
    name: ZoneName

    @property
    def _absent(self) -> Fact[bool]:
        return Fact(f"time zone {self.name}", Command("sh", "-s", "--", self.name, stdin=_LOOK), _is_absent)

    def facts(self) -> Iterator[Fact[Any]]:
        yield _FACT
        yield self._absent

    def change(self, facts: Facts) -> Iterator[Command]:
        if facts[_FACT] != (self.name, self.name):
            yield Command("sh", "-s", "--", f"{_ZONES}{self.name}", self.name, stdin=_SET)

    def verdict(self, facts: Facts) -> Verdict:
        if not facts[self._absent]:
            return Verdict()
        hint = "Declare one that timedatectl list-timezones shows; old names, as US/Eastern, are in tzdata-legacy."
        return Verdict(obstacles=(Obstacle(f"the machine has no time zone {self.name}", hint),))
