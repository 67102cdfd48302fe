"""Containers that are asked for by name to be destroyed, for good or to be made anew (spec L13, L14)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from phoenix_hypervisor.config.site import Site
from phoenix_hypervisor.errors import Refused
from phoenix_hypervisor.features.lifecycle import commands
from phoenix_hypervisor.features.lifecycle.conditions import Gone
from phoenix_hypervisor.features.lifecycle.guest import Guest
from phoenix_hypervisor.features.lifecycle.node import Node
from phoenix_hypervisor.plan.graph import order
from phoenix_hypervisor.plan.obstacle import is_unfinished
from phoenix_hypervisor.plan.step import Expect, Guarded, Plan, Step, Symbol, Work
from phoenix_hypervisor.proxmox.storage import split_volume


def destroy(site: Site, node: Node, ctids: Iterable[int]) -> Plan:
    """The plan that destroys these containers and nothing else; Refused where one of them may not be."""
    wanted = frozenset(ctids)
    there = {ctid: node.guests[ctid] for ctid in sorted(wanted) if ctid in node.guests}
    for ctid in sorted(wanted & set(node.elsewhere)):
        raise Refused(f"The id {ctid} belongs to a guest of another node, or to a virtual machine.")
    for guest in there.values():
        _permit(site, node, guest, wanted, "Destroy them too, by name.")
        _refuse_needed(site, node, guest.ctid, wanted)
    steps = {ctid: _destroy(node, guest, "asked for by name") for ctid, guest in there.items()}
    remains = {ctid: _clear(node, ctid) for ctid in sorted(wanted - set(there)) if node.remains(ctid)}
    declared = [ctid for ctid in there if ctid in site.containers]
    absent = sorted(wanted - set(there) - set(remains))
    return Plan(
        node=node.name,
        steps=(*clones_first(steps), *remains.values()),
        notes=(
            *(f"{ctid}: it is still declared, and the next apply makes it anew." for ctid in declared),
            *(f"{ctid}: it is not on the node." for ctid in absent),
        ),
        names={str(ctid): _name(site, node, ctid) for ctid in sorted(wanted)},
        nothing="Nothing to destroy.",
    )


def _name(site: Site, node: Node, ctid: int) -> str:
    if ctid in site.containers:
        return site.containers[ctid].name
    return (node.guests[ctid].current.get("hostname") or "") if ctid in node.guests else ""


def _refuse_needed(site: Site, node: Node, ctid: int, wanted: frozenset[int]) -> None:
    """What others that are there depend on is not destroyed alone."""
    needing = [
        container.ctid
        for container in site.containers.values()
        if ctid in container.dependencies and container.ctid in node.guests and container.ctid not in wanted
    ]
    if needing:
        listed = ", ".join(map(str, needing))
        raise Refused(f"CT {ctid} is needed by {listed}.", "Destroy them too, by name, or take the dependency out.")


def destructions(site: Site, node: Node, rebuild: Iterable[int]) -> Mapping[int, Step]:
    """CTID to the step that destroys it, so that it is made anew; Refused where that may not be."""
    wanted = frozenset(rebuild)
    there = {ctid: node.guests[ctid] for ctid in sorted(wanted) if ctid in node.guests}
    for ctid, guest in there.items():
        _permit(site, node, guest, wanted, "Name them with --rebuild too.")
        if ctid not in site.containers:
            raise Refused(f"CT {ctid} is not in the configuration; it could not be made anew.")
        _refuse_lost_storage(site, node, guest)
    return {ctid: _destroy(node, guest, "--rebuild") for ctid, guest in there.items()}


def clones_first(steps: Mapping[int, Step]) -> Iterable[Step]:
    """Clones before what they are clones of."""
    by_id = {step.id: step for step in steps.values()}
    return (by_id[step_id] for step_id in order({step.id: step.needs for step in by_id.values()}, key=str))


def _permit(site: Site, node: Node, guest: Guest, wanted: frozenset[int], too: str) -> None:
    ctid = guest.ctid
    if not guest.ours:
        raise Refused(f"CT {ctid} was not made by Phoenix.", "It is left alone.")
    if guest.current.get("protection") == "1":
        raise Refused(f"CT {ctid} is protected.", f"To lift that: pct set {ctid} --protection 0.")
    if guest.lock is not None and not is_unfinished(node, guest):
        raise Refused(f"CT {ctid} is locked ({guest.lock}).", "Run again when nothing works on it.")
    needed = [split[0] for volume in guest.volume_ids if (split := split_volume(volume))]
    for storage in needed:
        if storage not in node.storages:
            raise Refused(f"The storage {storage} of CT {ctid} is not on the node.", "Add or enable it first.")
    own = node.own_volumes(guest)
    strange = [
        each.name
        for each in node.datasets.values()
        if each.origin
        and each.origin.partition("@")[0] in own
        and each.name not in own
        and not _is_guests(node, each.name)
    ]
    if strange:
        raise Refused(f"CT {ctid} has clones that are no containers: {', '.join(strange)}.", "Remove them first.")
    if clones := [clone for clone in node.clones_of(guest) if clone not in wanted]:
        listed = ", ".join(map(str, clones))
        hint = too if set(clones) <= set(site.containers) else "Remove them first."
        raise Refused(f"CT {ctid} has clones: {listed}.", hint)


def _refuse_lost_storage(site: Site, node: Node, guest: Guest) -> None:
    declared = site.containers[guest.ctid].storage
    if declared is not None and declared not in node.storages:
        raise Refused(f"The storage {declared} of CT {guest.ctid} is not on the node.", "Add or enable it first.")


def _is_guests(node: Node, dataset: str) -> bool:
    return any(node.dataset_of(volume) == dataset for guest in node.guests.values() for volume in guest.volume_ids)


def _destroy(node: Node, guest: Guest, reason: str) -> Step:
    ctid = guest.ctid
    own = node.own_volumes(guest)
    others = tuple(name for name in node.volumes(ctid) if name not in own)
    work: list[Work] = [commands.stop(ctid)] if guest.running else []
    work += [commands.pct("unlock", ctid)] if guest.lock else []
    work.append(commands.begin_creation(ctid, others))
    work.append(Guarded(commands.destroy(ctid), commands.end_failed_destruction(ctid)))
    work += [commands.destroy_volume(name) for name in own]
    elsewhere = [volume for volume in guest.volume_ids if node.dataset_of(volume) not in own]
    volumes = ", ".join((*own, *elsewhere)) or "none"
    return Step(
        id=f"{ctid}:destroy",
        target=str(ctid),
        symbol=Symbol.REMOVE,
        title=f"destroy with its volumes and snapshots: {volumes}",
        reason=reason,
        work=(*work, Expect((Gone(ctid),)), commands.end_creation(ctid)),
        needs=tuple(f"{clone}:destroy" for clone in node.clones_of(guest)),
        locks=frozenset({f"ct:{ctid}"}),
    )


def _clear(node: Node, ctid: int) -> Step:
    """What a creation or destruction of ours left, and no configuration names any more."""
    left = node.remains(ctid)
    work = (commands.unmount_remains(ctid), *(commands.destroy_volume(name) for name in left))
    title = f"destroy what was left: {', '.join(left)}"
    done = commands.end_creation(ctid)
    locks = frozenset({f"ct:{ctid}"})
    reason = "an earlier run was cut off"
    return Step(f"{ctid}:destroy", str(ctid), Symbol.REMOVE, title, reason, (*work, done), locks=locks)
