"""Which distribution a machine runs, as os-release(5) tells it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.machine import Fact, answered

_FIELD = re.compile(r'^(ID|VERSION_CODENAME)="?([a-z0-9._-]+)"?$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Distribution:
    """``debian`` or ``ubuntu``, and the code name of the release."""

    id: str
    codename: str


def _parsed(result: Result) -> Distribution:
    found = dict(_FIELD.findall(answered(result, "which distribution it runs")))
    if found.get("ID") not in ("debian", "ubuntu") or "VERSION_CODENAME" not in found:
        there = " ".join(found.values()) or "none"
        raise NodeError(f"/etc/os-release names neither a release of Debian nor one of Ubuntu: {there}.")
    return Distribution(found["ID"], found["VERSION_CODENAME"])


DISTRIBUTION = Fact("the distribution", Command("cat", "etc/os-release"), _parsed)
