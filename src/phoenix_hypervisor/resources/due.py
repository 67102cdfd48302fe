"""What a change of a file leaves to be done: a mark, until it was done.

So a run that is cut off between the two goes on with the second. The marks of services are under /run: a reboot, after
which every service reads its files anew, makes them go. What no reboot does by itself has its mark under /var/lib.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.machine import Fact, answered

FOLDER = "run/phoenix_hypervisor/due"
LASTING = "var/lib/phoenix_hypervisor/due"
INITRAMFS = "initramfs"
"""The one name whose mark outlives a reboot: what the machine boots with is not made anew by booting."""
DueName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@\-]*$", max_length=128)]


def _names(result: Result) -> frozenset[str]:
    return frozenset(answered(result, "what is still to be reloaded").split())


_LOOK = 'for folder; do [ ! -d "$folder" ] || ls "$folder" || exit; done\n'
MARKS: Fact[frozenset[str]] = Fact(
    "what is to be reloaded", Command("sh", "-s", "--", FOLDER, LASTING, stdin=_LOOK), _names
)

MARK = f"""\
for due in $notify; do
  case $due in {INITRAMFS}) marks=/{LASTING} ;; *) marks=/{FOLDER} ;; esac
  mkdir -p "$marks" && : >"$marks/$due" || exit 1
done
"""
"""Shell: marks what ``$notify`` names."""

IN_FORCE = 'sync "$draft"\n' + MARK + 'mv -f "$draft" "$path"\n'
"""Shell: puts a draft in its place, marked before; it is on the disk by then, so a power cut leaves no empty file."""


def settled(name: str, *argv: str, timeout: float = 120.0) -> Command:
    """Run what was due, and take the mark away when it succeeded."""
    script = f'due=$1\nshift\n"$@" || exit\nrm -f "/{FOLDER}/$due" "/{LASTING}/$due"\n'
    return Command("sh", "-s", "--", name, *argv, stdin=script, timeout=timeout)
