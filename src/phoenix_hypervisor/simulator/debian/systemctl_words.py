"""What systemctl says of units that are not there, and of links that come and go, in the words of each systemd.

systemd 252 (Debian 12, PVE 8) has no exit code of its own for a unit that does not exist; 257 (Debian 13, PVE 9) has.
Source: systemd's src/systemctl/systemctl-is-active.c, systemctl-is-enabled.c and src/shared/install.c of both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from phoenix_hypervisor.simulator.process import Machine

UNKNOWN = 4
"""The exit code for a unit that does not exist."""
_OLDER = re.compile(r"^VERSION_CODENAME=(?:bullseye|bookworm|focal|jammy)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Words:
    """``knows_missing``: whether a unit that does not exist is told apart, by 4, from one that is not running."""

    knows_missing: bool
    missing: str
    masked: str
    in_the_way: str
    linked: str
    removed: str


_252 = Words(
    knows_missing=False,
    missing="Unit file {unit} does not exist.",
    masked="Unit file {path} is masked.",
    in_the_way="File {path} already exists.",
    linked="Created symlink {path} → {target}.\n",
    removed='Removed "{path}".\n',
)
_257 = Words(
    knows_missing=True,
    missing="Unit {unit} does not exist",
    masked="Unit {path} is masked",
    in_the_way="File '{path}' already exists.",
    linked="Created symlink '{path}' → '{target}'.\n",
    removed="Removed '{path}'.\n",
)


def of(machine: Machine) -> Words:
    """The words of the systemd that the machine's distribution ships."""
    release = machine.files.stat("/etc/os-release")
    return _252 if release is not None and _OLDER.search(release.data) else _257
