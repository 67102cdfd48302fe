"""Which ids on the node stand behind the users and groups of a container. Source: PVE::LXC parse_id_maps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

BASE, COUNT = 100_000, 65_536
"""Where the ids of an unprivileged container begin on the node, and how many they are."""
NOBODY = 65_534
"""Whom a file of a user outside of the container's ranges belongs to, as seen inside."""
_LINE = re.compile(r"^([ug])\s+(\d+)\s+(\d+)\s+(\d+)\s*$")


class IdMapError(ValueError):
    """A line ``lxc.idmap`` that is none."""


@dataclass(frozen=True, slots=True)
class Range:
    """So many ids, from one on inside and from another on the node; ``kind`` is ``u`` or ``g``."""

    kind: str
    inside: int
    outside: int
    count: int


@dataclass(frozen=True, slots=True)
class IdMap:
    """The ranges of a container; none for a privileged one, whose ids are the node's."""

    ranges: tuple[Range, ...] = ()

    @classmethod
    def of(cls, options: Mapping[str, str], raw: Iterable[tuple[str, str]]) -> IdMap:
        """The map of a configuration: its ``lxc.idmap`` lines, else Proxmox's own. Raises IdMapError."""
        found = []
        for key, value in raw:
            if key != "lxc.idmap":
                continue
            match = _LINE.match(value)
            if match is None:
                raise IdMapError(f"failed to parse idmap: {value}")
            found.append(Range(match[1], int(match[2]), int(match[3]), int(match[4])))
        if not found and options.get("unprivileged") == "1":
            found = [Range(kind, 0, BASE, COUNT) for kind in "ug"]
        return cls(tuple(found))

    def outside(self, kind: str, number: int) -> int | None:
        """The id on the node; None where the container has no such id."""
        if not self.ranges:
            return number
        fitting = (one for one in self.ranges if one.kind == kind and 0 <= number - one.inside < one.count)
        return next((number - one.inside + one.outside for one in fitting), None)

    def inside(self, kind: str, number: int) -> int:
        """The id that the container sees."""
        if not self.ranges:
            return number
        fitting = (one for one in self.ranges if one.kind == kind and 0 <= number - one.outside < one.count)
        return next((number - one.outside + one.inside for one in fitting), NOBODY)

    @property
    def root(self) -> tuple[int, int]:
        """Who the container's root is on the node: user and group."""
        return self.outside("u", 0) or 0, self.outside("g", 0) or 0

    def conflict(self) -> str | None:
        """What PVE warns of: two ranges that overlap."""
        for kind in "ug":
            for side in ("container", "host"):
                ordered = sorted((one for one in self.ranges if one.kind == kind), key=lambda one: _start(one, side))
                for before, after in pairwise(ordered):
                    if _start(before, side) + before.count > _start(after, side):
                        return (
                            f"invalid map entry '{_text(after)}': {side} {kind}id {_start(after, side)} "
                            f"is also mapped by entry '{_text(before)}'"
                        )
        return None

    def not_allowed(self, kind: str, allowed: Iterable[tuple[int, int]]) -> Range | None:
        """The first range that lies in none of those (first id, how many) that root may map."""
        limits = list(allowed)
        for one in self.ranges:
            fits = any(first <= one.outside and one.outside + one.count <= first + count for first, count in limits)
            if one.kind == kind and not fits:
                return one
        return None


def _start(one: Range, side: str) -> int:
    return one.inside if side == "container" else one.outside


def _text(one: Range) -> str:
    return f"{one.kind} {one.inside} {one.outside} {one.count}"


def subordinate(text: str) -> list[tuple[int, int]]:
    """The ranges of root in subuid(5) or subgid(5), those that Proxmox brings included: first id, how many."""
    lines = (line.split(":") for line in text.splitlines())
    own = [(int(one[1]), int(one[2])) for one in lines if len(one) == 3 and one[0] in ("root", "0")]
    return [(BASE, COUNT), *own]
