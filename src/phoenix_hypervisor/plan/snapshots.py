"""The snapshots of a container: which are whole, which were cut off, which are to be taken (spec L9)."""

from __future__ import annotations

from phoenix_hypervisor.features.lifecycle import cloning, commands
from phoenix_hypervisor.features.lifecycle.conditions import HasSnapshot, NoSnapshot, Unlocked
from phoenix_hypervisor.features.lifecycle.guest import Guest
from phoenix_hypervisor.features.lifecycle.node import Node
from phoenix_hypervisor.plan.chain import Chain
from phoenix_hypervisor.plan.obstacle import Obstacle, unfinished_snapshots
from phoenix_hypervisor.plan.step import Expect, Symbol, Work
from phoenix_hypervisor.plan.wanted import bind_mounts_of


def hanging(node: Node, guest: Guest, name: str) -> tuple[int, ...]:
    """The containers that are clones of this snapshot of the guest."""
    return node.clones.get(guest.dataset or "", {}).get(name, ())


def clear_unfinished(chain: Chain, node: Node, guest: Guest) -> None:
    """Clear what an interrupted snapshot of ours left."""
    ours = unfinished_snapshots(guest)
    if not ours:
        return
    work: list[Work] = [commands.pct("unlock", chain.ctid)] if guest.lock else []
    kept = [name for name in ours if hanging(node, guest, name)]
    work += [cloning.keep_snapshot(chain.ctid, name) for name in kept]
    gone = [name for name in ours if name not in kept]
    work += [command for name in gone for command in commands.clear_snapshot(chain.ctid, name, guest.dataset)]
    whole = (HasSnapshot(chain.ctid, name, guest.dataset) for name in kept)
    work.append(Expect((Unlocked(chain.ctid), *whole, *(NoSnapshot(chain.ctid, name) for name in gone))))
    title = f"remove the unfinished snapshot {', '.join(gone)}" if gone else f"keep the snapshot {', '.join(kept)}"
    chain.add("recover", Symbol.CHANGE, title, "it was cut off", *work)


def missing(chain: Chain, node: Node, guest: Guest, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """What is to be taken: the section and the ZFS snapshot behind it must both be there."""
    if bind_mounts_of(guest.config.effective):
        return ()
    found: list[str] = []
    for name in wanted:
        section = guest.config.snapshots.get(name)
        unfinished = section is not None and section.get("snapstate") is not None
        if unfinished and name not in unfinished_snapshots(guest):
            raise Obstacle(f"its snapshot {name} is unfinished, and not ours", f"pct delsnapshot {chain.ctid} {name}")
        whole = section is not None and (not unfinished or bool(hanging(node, guest, name)))
        behind = guest.dataset is None or f"{guest.dataset}@{name}" in node.snapshots
        if whole and behind:
            continue
        found.append(name)
        if whole and guest.dataset is not None:
            remove = commands.drop_empty_snapshot(chain.ctid, name, guest.dataset)
            gone = Expect((NoSnapshot(chain.ctid, name),))
            title = f"remove the empty snapshot {name}"
            chain.add("recover", Symbol.CHANGE, title, "its data is gone", remove, gone)
        elif section is None and guest.dataset is not None and behind:
            raise Obstacle(
                f"ZFS has a snapshot {guest.dataset}@{name} that Proxmox does not know",
                "Clones hang on it; look at the node."
                if hanging(node, guest, name)
                else f"If it is not needed: zfs destroy {guest.dataset}@{name}.",
            )
    return tuple(found)
