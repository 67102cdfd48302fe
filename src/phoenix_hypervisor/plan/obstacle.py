"""What of a container is on the node: whole, begun, half gone, or somebody else's; and what that rules out."""

from __future__ import annotations

import re
import shlex

from phoenix_hypervisor.features.lifecycle import restore
from phoenix_hypervisor.features.lifecycle.guest import Guest
from phoenix_hypervisor.features.lifecycle.marks import TAG, is_being_cloned, snapshot_layers
from phoenix_hypervisor.features.lifecycle.node import Node
from phoenix_hypervisor.plan.chain import Chain
from phoenix_hypervisor.proxmox.storage import split_volume


class Obstacle(Exception):
    """The container cannot be planned as things stand."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


def is_unfinished(node: Node, guest: Guest) -> bool:
    """Whether only a beginning, or an end, of the container is there: nothing that anybody worked in yet, or still.

    Proxmox writes a creation's configuration without a lock before it is through; so until our mark is gone, a
    container that never ran is taken for unfinished.
    """
    if is_begun_clone(guest):
        return True
    if guest.ctid not in node.creating or guest.running:
        return False
    if guest.lock == "destroyed" and (guest.ours or set(guest.current.options) <= {"lock"}):
        return not guest.has_more_than_declared
    if guest.ctid in node.copying:
        return guest.lock == "create" or (guest.ours and node.lost_root(guest))
    if guest.lock not in (None, "create", "destroyed") or guest.has_more_than_declared:
        return False
    if guest.ours and node.lost_root(guest):
        return True
    untouched = not guest.config.snapshots and not guest.layers
    return untouched and (guest.ours or not guest.rootfs)


def is_begun_clone(guest: Guest) -> bool:
    return guest.lock == "create" and not guest.rootfs and is_being_cloned(guest.current.description)


def is_copied(node: Node, guest: Guest) -> bool:
    """Whether ``pct clone`` is through with it, and what Phoenix does after that may not be."""
    return guest.ctid in node.copying and not is_unfinished(node, guest)


def is_our_copying(node: Node, guest: Guest) -> bool:
    """Whether the lock is one that a cut off ``pct clone`` of ours left on its source."""
    return guest.lock == "disk" and guest.ctid in node.copying.values()


def is_our_mounting(node: Node, guest: Guest) -> bool:
    """Whether the lock is one that a cut off ``pct mount`` of ours left, which gives a copy its identity."""
    return guest.lock == "mounted" and guest.ctid in node.copying


def is_our_going_back(guest: Guest) -> bool:
    """Whether the lock is one that a cut off rollback to our restore point left."""
    return guest.lock == "rollback" and restore.NAME in guest.config.snapshots


def refuse_lost_root(node: Node, guest: Guest) -> None:
    volume = guest.rootfs.get("volume", "none named")
    storage = split_volume(volume)
    known = storage is not None and storage[0] in node.storages
    if node.lost_root(guest) or not known:
        if not known:
            hint = "Add or enable that storage."
            raise Obstacle(f"the root file system of CT {guest.ctid} is on no storage of the node ({volume})", hint)
        raise Obstacle(
            f"the root file system of CT {guest.ctid} is gone ({volume})",
            f"Bring it back, or make the container anew: phoenix apply {guest.ctid} --rebuild {guest.ctid}.",
        )


def refuse_foreign(node: Node, guest: Guest | None, ctid: int) -> None:
    """What is not ours is never touched (spec R1)."""
    if ctid in node.elsewhere:
        host, kind = node.elsewhere[ctid]
        what = "a container" if kind == "lxc" else "a virtual machine"
        raise Obstacle(f"the id {ctid} belongs to {what} on {host}", "Give the container another CTID.")
    if guest is not None and guest.lock == "create" and not is_unfinished(node, guest):
        raise Obstacle(
            f"CT {ctid} is being created or restored (lock: create), and not by Phoenix",
            f"Run again when that is through. If nothing works on it: pct unlock {ctid}.",
        )
    if guest is not None and not guest.ours and not is_unfinished(node, guest):
        raise Obstacle(
            f"CT {ctid} is on the node and was not made by Phoenix",
            f"To hand it over: pct set {ctid} --tags {_with_ours(guest)}. Otherwise give the container another CTID.",
        )


def _with_ours(guest: Guest) -> str:
    """The guest's tags and ours, as a shell takes them."""
    found = [tag for tag in re.split(r"[;,\s]+", guest.current.get("tags") or "") if tag]
    return shlex.quote(";".join([*found, TAG]))


def unfinished_snapshots(guest: Guest) -> list[str]:
    """Snapshots of ours whose taking or removing was cut off, whether or not the lock is still there."""
    if guest.lock not in (None, "snapshot", "snapshot-delete"):
        return []
    return [
        name
        for name, section in guest.config.snapshots.items()
        if section.get("snapstate") and snapshot_layers(section.description.strip()) is not None
    ]


def refuse_locked(chain: Chain, node: Node, guest: Guest | None) -> None:
    """A lock of someone else's work; where nothing is to be done it is of no concern."""
    if (
        guest is None
        or guest.lock is None
        or is_unfinished(node, guest)
        or unfinished_snapshots(guest)
        or is_our_copying(node, guest)
        or is_our_mounting(node, guest)
        or is_our_going_back(guest)
        or not chain.steps
    ):
        return
    raise Obstacle(
        f"CT {chain.ctid} is locked ({guest.lock})",
        f"Something works on it: run again when it is through. If nothing does: pct unlock {chain.ctid}.",
    )
