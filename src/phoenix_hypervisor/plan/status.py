"""What is there of each declared container, and what of it is not as declared."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from phoenix_hypervisor.config.site import Site
from phoenix_hypervisor.features.lifecycle.guest import Guest
from phoenix_hypervisor.features.lifecycle.node import Node
from phoenix_hypervisor.plan.host import HOST
from phoenix_hypervisor.plan.obstacle import is_unfinished
from phoenix_hypervisor.plan.step import Plan
from phoenix_hypervisor.plan.wanted import snapshot_names


@dataclass(frozen=True, slots=True)
class Line:
    """One container: what is declared, what is there, what differs."""

    ctid: int
    name: str
    kind: str
    state: str
    """``running``, ``stopped``, ``base`` (a template of Proxmox's), ``absent``, ``unfinished`` or ``foreign``."""
    source: str
    as_declared: bool
    differences: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"differences": list(self.differences)}


def of_node(plan: Plan) -> tuple[str, ...]:
    """What of the node itself is not as declared."""
    return (
        *(step.title for step in plan.steps if step.target == HOST),
        *(each.reason for each in plan.blocked if each.target == HOST),
        *(each.reason for each in plan.refused if each.target == HOST),
        *(f"reboot required: {why}" for why in dict.fromkeys(plan.reboot)),
    )


def rows(site: Site, node: Node, plan: Plan) -> tuple[Line, ...]:
    """A line for each container of the plan, by CTID."""
    differences: dict[str, list[str]] = {}
    for step in plan.steps:
        differences.setdefault(step.target, []).append(step.title)
    for kept in plan.kept:
        differences.setdefault(kept.target, []).append(f"{kept.change.what} ({kept.change.effect})")
    for blocked in plan.blocked:
        differences.setdefault(blocked.target, []).append(blocked.reason)
    return tuple(
        Line(
            ctid=int(target),
            name=plan.names[target],
            kind="template" if site.containers[int(target)].is_template else "container",
            state=_state(site, node, int(target), target in differences),
            source=_source(node, int(target)),
            as_declared=target not in differences,
            differences=_told(
                _state(site, node, int(target), target in differences), tuple(differences.get(target, ()))
            ),
        )
        for target in sorted(plan.names, key=int)
    )


def _told(state: str, differences: tuple[str, ...]) -> tuple[str, ...]:
    """Of what is not there, every step of making it would say nothing more."""
    return ("to be created",) if state == "absent" and differences else differences


def _state(site: Site, node: Node, ctid: int, differs: bool) -> str:
    guest = node.guests.get(ctid)
    if guest is None:
        return "foreign" if ctid in node.elsewhere else "absent"
    if guest.lock == "create":
        return "unfinished"
    if not guest.ours:
        return "foreign"
    if guest.is_base:
        return "base"
    if is_unfinished(node, guest) or (differs and _never_finished(site, guest)):
        return "unfinished"
    return "running" if guest.running else "stopped"


def _never_finished(site: Site, guest: Guest) -> bool:
    """Whether no run came to the end with it: none of the snapshots that mark the end was taken."""
    names = snapshot_names(site.containers[guest.ctid])
    return bool(names) and not any(name in guest.config.snapshots for name in names)


def _source(node: Node, ctid: int) -> str:
    """``900@base-snapshot`` for a clone, empty otherwise."""
    guest = node.guests.get(ctid)
    origin = node.origin_of(guest) if guest else None
    if not origin:
        return ""
    dataset, _, snapshot = origin.partition("@")
    owner = next((other.ctid for other in node.guests.values() if other.dataset == dataset), None)
    return f"{owner or dataset}@{snapshot}"
