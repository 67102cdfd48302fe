"""The units that the node starts at boot, in the order of systemd.unit(5)'s Before and After."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator.debian import unitfile, units

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

GUESTS = "pve-guests.service"


def of_administrator(node: Node) -> list[str]:
    """The enabled services whose files are under /etc: what a package brings is taken to run."""
    found = []
    for unit in units.installed_units(node):
        path = unitfile.path_of(node, unit)
        if unit.endswith(".service") and path.startswith(units.WANTS) and not units.is_masked(node, unit):
            found += [unit] if units.is_enabled(node, unit) else []
    return found


def in_order(node: Node, names: Iterable[str]) -> list[str]:
    """Units by their Before and After among one another, else by name."""
    rest = sorted(names)
    after: dict[str, set[str]] = {name: set() for name in rest}
    for name in rest:
        told = units.loaded(node, name)
        after[name] |= {other for other in told.words("Unit", "After") if other in after}
        for other in told.words("Unit", "Before"):
            if other in after:
                after[other].add(name)
    found: list[str] = []
    while rest:
        ready = next((name for name in rest if not after[name] - set(found)), rest[0])
        found.append(ready)
        rest.remove(ready)
    return found
