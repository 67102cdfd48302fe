"""The limit of the ARC, ZFS's cache in memory: as it is now, and what decides it at the next boot."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.features.host.zfs.properties import readable
from phoenix_hypervisor.machine import Fact, Facts, answered
from phoenix_hypervisor.resource import Difference, Obstacle, Resource, Verdict

PARAMETER = "/sys/module/zfs/parameters/zfs_arc_max"
BOOT = "/etc/modprobe.d/zfs.conf"
"""Proxmox's installer writes a limit of its own here; a block at its end comes after that, and the last one counts."""
TITLE = "ARC limit"
LEAST = 64 << 20
"""What ZFS takes at least, in bytes. Source: MIN_ARC_MAX in arc.c."""
_READ = """\
[ ! -e "$1" ] || printf 'max %s\\n' "$(cat "$1")"
while read -r key value rest; do
  [ "$key" != MemTotal: ] || printf 'memory %s\\n' "$value"
done <proc/meminfo
[ ! -e proc/spl/kstat/zfs/arcstats ] || while read -r key kind value; do
  case $key in c_min | c_max) printf '%s %s\\n' "$key" "$value" ;; esac
done <proc/spl/kstat/zfs/arcstats
grep -aHns -e '^[[:space:]]*options[[:space:]][[:space:]]*zfs[[:space:]].*zfs_arc_max=' \\
  -e "END Phoenix Hypervisor: $2" \\
  etc/modprobe.d/*.conf run/modprobe.d/*.conf lib/modprobe.d/*.conf
exit 0
"""
_WRITE = 'printf "%s\\n" "$1" >"$2"\n'
_LINE = re.compile(r"(?P<file>[^:]*)/(?P<name>[^/:]*):(?P<row>\d+):(?P<text>.*)")
_VALUE = re.compile(r"zfs_arc_max=(\d+)")


@dataclass(frozen=True, slots=True)
class Option:
    """A line that sets the limit at boot, with its file and its value; ``row`` counts from 1."""

    file: str
    row: int
    value: int


@dataclass(frozen=True, slots=True)
class Arc:
    """Bytes each; None for what the node does not tell, as where the module is not loaded."""

    limit: int | None
    memory: int | None
    floor: int | None
    """What the ARC keeps at least, by default 1/32 of the memory: ZFS ignores a limit that is not above it."""
    in_force: int | None
    others: tuple[Option, ...]
    """Lines that come after ours, and so win."""


def _arc(result: Result) -> Arc:
    numbers: dict[str, int] = {}
    options: list[Option] = []
    ours = 0
    for line in answered(result, "its memory and the limit of the ARC").splitlines():
        key, _, value = line.partition(" ")
        if value.strip().isdigit():
            numbers[key] = int(value)
        elif match := _LINE.fullmatch(line):
            file, row = f"/{match['file']}/{match['name']}", int(match["row"])
            if found := _VALUE.search(match["text"]):
                options.append(Option(file, row, int(found[1])))
            elif file == BOOT:
                ours = row
    memory = numbers.get("memory")
    return Arc(
        limit=numbers.get("max"),
        memory=memory << 10 if memory is not None else None,
        floor=numbers.get("c_min"),
        in_force=numbers.get("c_max"),
        others=tuple(option for option in options if _wins(option, ours)),
    )


def _wins(option: Option, ours: int) -> bool:
    """By the order of modprobe.d(5): the file names of all folders together, then the lines."""
    name, own = option.file.rpartition("/")[2], BOOT.rpartition("/")[2]
    return 0 < ours < option.row if option.file == BOOT else name > own


ARC: Fact[Arc] = Fact("limit of the ARC", Command("sh", "-s", "--", PARAMETER.lstrip("/"), TITLE, stdin=_READ), _arc)


class ArcLimit(Resource):
    """The limit of the ARC now, in bytes."""

    kind: ClassVar[str] = "zfs.arc"
    name: Literal["limit"] = "limit"
    limit: int

    def facts(self) -> Iterator[Fact[Any]]:
        yield ARC

    def change(self, facts: Facts) -> Iterator[Command]:
        if facts[ARC].limit not in (None, self.limit):
            yield Command("sh", "-s", "--", str(self.limit), PARAMETER, stdin=_WRITE)

    def verdict(self, facts: Facts) -> Verdict:
        arc = facts[ARC]
        before = readable(arc.limit) if arc.limit else "what ZFS takes by itself"
        kept = [
            Difference(
                f"{other.file} limits the ARC to {readable(other.value)} at boot, declared {readable(self.limit)}",
                f"Its line {other.row} comes after that of Phoenix and wins; remove it.",
            )
            for other in arc.others
            if other.value != self.limit
        ]
        return Verdict(
            reason=f"it is {before}",
            obstacles=tuple(self._obstacles(arc)),
            kept=tuple(kept),
        )

    def _obstacles(self, arc: Arc) -> Iterator[Obstacle]:
        if self.limit < LEAST:
            reason = f"the limit of the ARC is {readable(self.limit)}; ZFS takes {readable(LEAST)} or more"
            yield Obstacle(reason, "Declare more as zfs.arc_max_gb.")
        if arc.memory is not None and self.limit > (most := arc.memory - min(1 << 30, arc.memory // 2)):
            reason = (
                f"the limit of the ARC is {readable(self.limit)}, and the node has {readable(arc.memory)} of memory"
            )
            yield Obstacle(reason, f"Declare {readable(most)} or less as zfs.arc_max_gb.")
        if arc.floor is not None and self.limit <= arc.floor and self.limit != arc.in_force:
            reason = f"ZFS ignores a limit of {readable(self.limit)}, as the ARC keeps {readable(arc.floor)} at least"
            yield Obstacle(reason, "Declare more as zfs.arc_max_gb, or set zfs_arc_min lower yourself.")

    def __str__(self) -> str:
        return f"limit of the ARC ({readable(self.limit)})"
