"""A container put back to one of its snapshots, on request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches

from phoenix_hypervisor.errors import Refused, UsageError
from phoenix_hypervisor.features.lifecycle import commands, restore
from phoenix_hypervisor.features.lifecycle.conditions import NothingPending, Runs, Whole
from phoenix_hypervisor.features.lifecycle.guest import Guest, parse_volume
from phoenix_hypervisor.features.lifecycle.marks import record_of, without_record
from phoenix_hypervisor.features.lifecycle.node import Node
from phoenix_hypervisor.plan.step import Expect, Plan, Step, Symbol, Work


def roll_back(node: Node, ctid: int, snapshot: str) -> Plan:
    """The plan that puts the container back; UsageError for what is not there, Refused where it may not be."""
    guest = node.guests.get(ctid)
    if guest is None:
        raise UsageError(f"CT {ctid} is not on the node.")
    _permit(guest, snapshot)
    _refuse_newer(node, guest, snapshot)
    title = f"roll back to {snapshot}; what was changed since is lost"
    detached = _detached(guest, snapshot)
    work: list[Work] = [restore.roll_back(ctid, snapshot, start=False), Expect((Whole(ctid),))]
    if detached:
        work.append(restore.describe(ctid, _with_detached(guest.current.description, detached)))
    steps = [_step(ctid, "rollback", title, *work)]
    if guest.running:
        begin = (commands.start(ctid), Expect((Runs(ctid), NothingPending(ctid))))
        steps.append(_step(ctid, "start", "start", *begin, needs=(f"{ctid}:rollback",)))
    name = guest.current.get("hostname") or ""
    notes = [f"{ctid}: the next apply brings it from there to what is declared."]
    if detached:
        notes.append(
            f"{ctid}: the snapshot is older than its volumes {', '.join(detached)}; they are detached, with their data."
        )
    return Plan(node=node.name, steps=tuple(steps), notes=tuple(notes), names={str(ctid): name})


def _detached(guest: Guest, snapshot: str) -> dict[str, str]:
    """The volumes of ours that the snapshot does not have in their places: name to volume."""
    then, now = guest.config.snapshots[snapshot], guest.current
    volumes = {name: parse_volume(now.get(key) or "") for name, key in record_of(now.description).volumes.items()}
    there = {parse_volume(value) for value in then.options.values()}
    return {name: volume for name, volume in volumes.items() if volume and volume not in there}


def _with_detached(description: str, detached: Mapping[str, str]) -> str:
    """The description, which a rollback leaves as it is, with what it makes of the volumes."""
    record = record_of(description)
    left = {name: key for name, key in record.volumes.items() if name not in detached}
    changed = replace(record, volumes=left, unused={**record.unused, **detached})
    return f"{changed}\n{without_record(description)}".strip()


def _step(ctid: int, name: str, title: str, *work: Work, needs: tuple[str, ...] = ()) -> Step:
    locks = frozenset({f"ct:{ctid}"})
    return Step(f"{ctid}:{name}", str(ctid), Symbol.CHANGE, title, "asked for by name", work, needs, locks)


def _permit(guest: Guest, snapshot: str) -> None:
    ctid, there = guest.ctid, guest.config.snapshots
    if not guest.ours:
        raise Refused(f"CT {ctid} was not made by Phoenix.", "It is left alone.")
    if guest.is_base:
        raise UsageError(f"CT {ctid} is a template of Proxmox's, which has no snapshots.")
    if snapshot not in there:
        near = get_close_matches(snapshot, there, n=1)
        known = f"It has: {', '.join(there)}." if there else "It has none."
        raise UsageError(f"CT {ctid} has no snapshot {snapshot}.", f'Did you mean "{near[0]}"?' if near else known)
    if there[snapshot].get("snapstate") is not None:
        raise Refused(f"The snapshot {snapshot} of CT {ctid} is unfinished.", "Apply clears it, where it is ours.")
    if guest.lock is not None:
        raise Refused(f"CT {ctid} is locked ({guest.lock}).", "Run again when nothing works on it.")
    if guest.current.get("protection") == "1":
        raise Refused(f"CT {ctid} is protected.", f"To lift that: pct set {ctid} --protection 0.")


def _refuse_newer(node: Node, guest: Guest, snapshot: str) -> None:
    """ZFS goes back to the newest snapshot only; the ones in the way are named, with what hangs on them."""
    newer = node.newer_snapshots(guest, snapshot)
    if not newer:
        return
    known = [
        name for name in dict.fromkeys(each.rpartition("@")[2] for each in newer) if name in guest.config.snapshots
    ]
    foreign = [each for each in newer if each.rpartition("@")[2] not in known]
    remove = [f"pct delsnapshot {guest.ctid} {name}" for name in known] + [f"zfs destroy {name}" for name in foreign]
    origins = {found.origin: found.name for found in node.datasets.values() if found.origin}
    clones = [origins[each] for each in newer if each in origins]
    hanging = f" Clones hang on them: {', '.join(clones)}." if clones else ""
    raise Refused(
        f"CT {guest.ctid} cannot go back to {snapshot}: newer snapshots are in the way: {', '.join(newer)}.{hanging}",
        f"If they are not needed: {'; '.join(remove)}.",
    )
