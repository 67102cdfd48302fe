"""Tells the branch coverage of each room from coverage.py's JSON report; started by ``scripts/coverage``.

    scripts/branches.py REPORT

Exit code 1 when a room of ROOMS is below LEAST per cent. What is not taken there is listed.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOMS = ("config", "engine", "plan", "proxmox")
LEAST = 95.0
PACKAGE = "src/phoenix_hypervisor/"


@dataclass
class Count:
    """Of branches or statements: how many there are, how many the tests took."""

    taken: int = 0
    there: int = 0

    def add(self, taken: int, there: int) -> None:
        self.taken += taken
        self.there += there

    @property
    def percent(self) -> float:
        return 100.0 * self.taken / self.there if self.there else 100.0

    def __str__(self) -> str:
        return f"{self.percent:6.1f} %  ({self.taken} of {self.there})"


def counts(files: dict[str, Any]) -> dict[str, tuple[Count, Count]]:
    """Room to its branches and statements; modules that stand in no room are ``.``."""
    found: dict[str, tuple[Count, Count]] = defaultdict(lambda: (Count(), Count()))
    for path, told in files.items():
        room, slash, _ = path.removeprefix(PACKAGE).partition("/")
        branches, statements = found[room if slash else "."]
        branches.add(told["summary"]["covered_branches"], told["summary"]["num_branches"])
        statements.add(told["summary"]["covered_lines"], told["summary"]["num_statements"])
    return found


def not_taken(told: dict[str, Any]) -> list[str]:
    """Line to line; a negative one is the end of what begins there."""
    return [f"{first}->{'end' if last < 0 else last}" for first, last in told["missing_branches"]]


def main(report: Path) -> int:
    files = json.loads(report.read_text("utf-8"))["files"]
    rooms = counts(files)
    print(f"\n{'room':<12} {'branches':<24} statements")
    for room, (branches, statements) in sorted(rooms.items()):
        print(f"{room:<12} {branches!s:<24} {statements}")
    low = [room for room in ROOMS if rooms[room][0].percent < LEAST]
    for path, told in sorted(files.items()):
        name = path.removeprefix(PACKAGE)
        if name.startswith(tuple(f"{room}/" for room in ROOMS)) and (missing := not_taken(told)):
            print(f"not taken: {name} {', '.join(missing)}")
    for room in low:
        print(f"scripts/coverage: {room} is below {LEAST:g} % of its branches")
    return int(bool(low))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
