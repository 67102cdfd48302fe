"""What a change of a file leaves to be done: a mark under /run, until the service was told.

So a run that is cut off between the two goes on with the second, and a reboot, after which every service reads its
files anew, makes the mark go.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.machine import Fact, answered

FOLDER = "run/phoenix_hypervisor/due"
DueName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@\-]*$", max_length=128)]


def _names(result: Result) -> frozenset[str]:
    return frozenset(answered(result, "what is still to be reloaded").split())


MARKS: Fact[frozenset[str]] = Fact(
    "what is to be reloaded", Command("sh", "-s", "--", FOLDER, stdin='[ ! -d "$1" ] || exec ls "$1"\n'), _names
)

MARK = f'mkdir -p "/{FOLDER}" && for due in $notify; do : >"/{FOLDER}/$due" || exit 1; done\n'
"""Shell: marks what ``$notify`` names."""


def settled(name: str, *argv: str, timeout: float = 120.0) -> Command:
    """Run what was due, and take the mark away when it succeeded."""
    script = f'due=$1\nshift\n"$@" || exit\nrm -f "/{FOLDER}/$due"\n'
    return Command("sh", "-s", "--", name, *argv, stdin=script, timeout=timeout)
