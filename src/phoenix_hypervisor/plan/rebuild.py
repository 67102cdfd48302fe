"""Containers that are asked for by name to be destroyed and made anew (``--rebuild``, spec L14)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from phoenix_hypervisor.config.site import Site
from phoenix_hypervisor.errors import Refused
from phoenix_hypervisor.features.lifecycle import commands
from phoenix_hypervisor.features.lifecycle.node import Guest, Node
from phoenix_hypervisor.plan.obstacle import is_unfinished
from phoenix_hypervisor.plan.step import Guarded, Step, Symbol, Work
from phoenix_hypervisor.proxmox.storage import split_volume


def destructions(site: Site, node: Node, rebuild: Iterable[int]) -> Mapping[int, Step]:
    """CTID to the step that destroys it, clones before what they are clones of; Refused where that may not be."""
    wanted = frozenset(rebuild)
    there = {ctid: node.guests[ctid] for ctid in sorted(wanted) if ctid in node.guests}
    for ctid, guest in there.items():
        _permit(site, node, guest, wanted)
        if ctid not in site.containers:
            raise Refused(f"CT {ctid} is not in the configuration; it could not be made anew.")
    return {ctid: _destroy(node, guest) for ctid, guest in there.items()}


def _permit(site: Site, node: Node, guest: Guest, wanted: frozenset[int]) -> None:
    ctid = guest.ctid
    if not guest.ours:
        raise Refused(f"CT {ctid} was not made by Phoenix.", "It is not rebuilt.")
    if guest.current.get("protection") == "1":
        raise Refused(f"CT {ctid} is protected.", f"To lift that: pct set {ctid} --protection 0.")
    if guest.lock is not None and not is_unfinished(node, guest):
        raise Refused(f"CT {ctid} is locked ({guest.lock}).", "Run again when nothing works on it.")
    needed = [split[0] for volume in guest.volume_ids if (split := split_volume(volume))]
    declared = site.containers[ctid].storage if ctid in site.containers else None
    for storage in (*needed, *((declared,) if declared else ())):
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
        hint = "Name them with --rebuild too." if set(clones) <= set(site.containers) else "Remove them first."
        raise Refused(f"CT {ctid} has clones: {listed}.", hint)


def _is_guests(node: Node, dataset: str) -> bool:
    return any(guest.dataset == dataset for guest in node.guests.values())


def _destroy(node: Node, guest: Guest) -> Step:
    ctid = guest.ctid
    own = node.own_volumes(guest)
    others = tuple(name for name in node.volumes(ctid) if name not in own)
    work: list[Work] = [commands.stop(ctid)] if guest.running else []
    work += [commands.pct("unlock", ctid)] if guest.lock else []
    work.append(commands.begin_creation(ctid, others))
    work.append(Guarded(commands.destroy(ctid), commands.end_failed_destruction(ctid)))
    work += [commands.destroy_volume(name) for name in node.begun_volumes(guest)]
    elsewhere = [volume for volume in guest.volume_ids if node.dataset_of(volume) not in own]
    volumes = ", ".join((*own, *elsewhere)) or "none"
    return Step(
        id=f"{ctid}:destroy",
        target=str(ctid),
        symbol=Symbol.REMOVE,
        title=f"destroy with its volumes and snapshots: {volumes}",
        reason="--rebuild",
        work=(*work, commands.end_creation(ctid)),
        needs=tuple(f"{clone}:destroy" for clone in node.clones_of(guest)),
        locks=frozenset({f"ct:{ctid}"}),
    )
