"""How a container comes to be: made from its tarball, cloned from a snapshot, or what an earlier run began finished."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from phoenix_hypervisor.config.site import Container
from phoenix_hypervisor.features.lifecycle import cloning, commands
from phoenix_hypervisor.features.lifecycle.marks import MARK, TAG, cloning_mark
from phoenix_hypervisor.features.lifecycle.node import Guest, Node
from phoenix_hypervisor.features.lifecycle.options import brief
from phoenix_hypervisor.plan.chain import Chain
from phoenix_hypervisor.plan.step import Guarded, Symbol
from phoenix_hypervisor.plan.wanted import wanted_options
from phoenix_hypervisor.proxmox.guest import Section


@dataclass(frozen=True, slots=True)
class Source:
    """What a clone is made of: the container, its declared snapshot, the dataset behind it."""

    ctid: int
    snapshot: str
    dataset: str
    reason: str
    """Why this one: declared, or chosen (spec L1)."""

    @property
    def zfs_snapshot(self) -> str:
        return f"{self.dataset}@{self.snapshot}"


def _where(container: Container) -> tuple[str, int]:
    """Storage and size of the root file system; both were checked before."""
    if container.storage is None or container.size_gb is None or container.tarball is None:
        raise ValueError(f"container {container.ctid} lacks what it is made of")
    return container.storage, container.size_gb


def create(chain: Chain, node: Node, guest: Guest | None) -> str | None:
    """Make the container from its tarball; returns the dataset that its root will be, where that is known."""
    container = chain.container
    storage, size = _where(container)
    tarball = container.tarball or ""
    left = clear(chain, node, guest)
    before = tuple(name for name in node.volumes(container.ctid) if name not in left)
    differences = wanted_options(container).differences(Section())
    chain.fresh = True
    made = commands.create(container.ctid, tarball, storage, size, container.unprivileged, differences)
    chain.add(
        "create",
        Symbol.ADD,
        f"create from {PurePosixPath(tarball).name} on {storage}, {size} GB",
        "not on the node",
        commands.begin_creation(container.ctid, before),
        Guarded(made, commands.end_failed_creation(container.ctid)),
        commands.end_creation(container.ctid),
    )
    found = node.storages[storage]
    return node.free_volume(container.ctid, found, frozenset(left)) if found.type == "zfspool" else None


def clear(chain: Chain, node: Node, guest: Guest | None) -> tuple[str, ...]:
    """Remove what a creation or destruction of ours that was cut off left; returns the volumes that go.

    ``pct destroy`` takes only what the configuration names; the rest goes after it.
    """
    ctid = chain.ctid
    if guest is None and ctid not in node.creating:
        return ()
    begun = node.begun_volumes(guest) if guest else ()
    left = tuple(dict.fromkeys((*node.remains(ctid), *begun)))
    work = [commands.unmount_remains(ctid)]
    if guest is not None:
        work += [commands.pct("unlock", ctid)] if guest.lock else []
        work.append(commands.destroy(ctid))
    work += [commands.destroy_volume(name) for name in left]
    work.append(commands.end_creation(ctid))
    title = f"remove what was left: {', '.join(left) or 'its configuration'}"
    chain.add("clear", Symbol.REMOVE, title, "an earlier run was cut off", *work)
    return left


def clone(
    chain: Chain, node: Node, source: Source, begun: bool, needs: tuple[str, ...], gone: tuple[str, ...] = ()
) -> str:
    """Clone the declared snapshot by ``zfs clone``; returns the new root dataset.

    The order is safe against being cut off anywhere: the id is taken first, under our mark and lock; the configuration
    is released last. Source: docs/decisions/0002-cloning-snapshots.md.
    """
    container = chain.container
    storage = node.storages[container.storage or ""]
    size, hostname = container.size_gb or 0, container.name
    finished = _begun_volume(node, container.ctid, source) if begun else None
    dataset = finished or node.free_volume(container.ctid, storage, frozenset(gone))
    volume = f"{storage.id}:{dataset.rpartition('/')[2]}"
    take = cloning.take_id(container.ctid, cloning_mark(source.ctid, source.snapshot), hostname)
    work = [
        *(() if begun else (take,)),
        *(() if finished else (cloning.clone_dataset(source.zfs_snapshot, dataset, size),)),
        cloning.reset_identity(_mountpoint(node, storage.pool or "", dataset), hostname),
        cloning.release_clone(container.ctid, source.ctid, source.snapshot, hostname, volume, size),
    ]
    title = f"clone {source.ctid}@{source.snapshot} by zfs clone on {storage.id}, {size} GB"
    there = "a clone that was begun is finished" if begun else "not on the node"
    way = "as declared" if container.cloning else "by default on a zfspool"
    reason = f"{there}; source {source.reason}; cloning snapshot {way}"
    chain.fresh = True
    chain.add("clone", Symbol.ADD, title, reason, *work, needs=needs)
    _configure_clone(chain)
    return dataset


def _configure_clone(chain: Chain) -> None:
    """One ``pct set`` before the first start, for all that the released configuration does not hold yet."""
    released = Section({"hostname": chain.container.name, "tags": TAG}, description=MARK)
    if differences := wanted_options(chain.container).differences(released):
        title = "set " + ", ".join(f"{each.key} {brief(each.key, each.wanted)}" for each in differences)
        work = commands.configure(chain.ctid, differences)
        chain.add("configure", Symbol.ADD, title, "as declared", work)


def _begun_volume(node: Node, ctid: int, source: Source) -> str | None:
    """The clone's dataset, when the run that was cut off came that far."""
    for name in node.volumes(ctid):
        if node.datasets[name].origin == source.zfs_snapshot:
            return name
    return None


def _mountpoint(node: Node, pool: str, dataset: str) -> str:
    """Where the dataset is or will be mounted: below its parent, as ZFS inherits it."""
    known = node.datasets.get(dataset)
    if known and known.mountpoint:
        return known.mountpoint
    parent = node.datasets.get(pool)
    return f"{parent.mountpoint if parent and parent.mountpoint else '/' + pool}/{dataset.rpartition('/')[2]}"
