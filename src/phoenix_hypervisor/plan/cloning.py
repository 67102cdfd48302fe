"""How a container comes to be from another one: by a ZFS clone, by Proxmox's linked clone, by a full copy (spec L2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from phoenix_hypervisor.features.lifecycle import cloning, commands, copying
from phoenix_hypervisor.features.lifecycle.conditions import Begun, OnlyRoot, Whole
from phoenix_hypervisor.features.lifecycle.effects import OwnIdentity
from phoenix_hypervisor.features.lifecycle.guest import Guest
from phoenix_hypervisor.features.lifecycle.identity import reset_copied_identity, reset_identity
from phoenix_hypervisor.features.lifecycle.marks import MARK, TAG, Record, cloned_from, cloning_mark
from phoenix_hypervisor.features.lifecycle.node import Node
from phoenix_hypervisor.features.lifecycle.options import FIREWALL, RAW, fixed
from phoenix_hypervisor.plan.chain import Chain
from phoenix_hypervisor.plan.existence import clear, created, listed_by_proxmox, remember_undo
from phoenix_hypervisor.plan.obstacle import Obstacle, is_begun_clone
from phoenix_hypervisor.plan.outcome import Outcome
from phoenix_hypervisor.plan.step import Expect, Guarded, Symbol, Work, rebuilding
from phoenix_hypervisor.plan.survey import Way
from phoenix_hypervisor.proxmox.guest import Section


@dataclass(frozen=True, slots=True)
class Origin:
    """What a clone is made of: the source, what planning it has told, how the clone is made, and why so."""

    ctid: int
    outcome: Outcome
    way: Way
    reason: str

    @property
    def needs(self) -> tuple[str, ...]:
        return (self.outcome.cloneable_step,) if self.outcome.cloneable_step else ()

    @property
    def zfs_snapshot(self) -> str:
        return f"{self.outcome.dataset}@{self.outcome.snapshot}"


def clone(chain: Chain, node: Node, guest: Guest | None, origin: Origin) -> None:
    """Make the container from its source; leaves the chain with what it will look like then."""
    _refuse(node, origin)
    chain.layers.update(origin.outcome.snapshot_layers)
    if origin.way is Way.SNAPSHOT:
        _by_zfs(chain, node, guest, origin)
    else:
        _by_proxmox(chain, node, guest, origin)


def _refuse(node: Node, origin: Origin) -> None:
    """What the source is rules some ways out; only making it anew changes that."""
    source, outcome = origin.ctid, origin.outcome
    anew = f'{rebuilding((source, *node.descendants(source)))}. Or choose another "cloning".'
    if origin.way is Way.SNAPSHOT and outcome.is_base:
        raise Obstacle(f"its source {source} is a template of Proxmox's, which has no snapshots to clone", anew)
    if origin.way is Way.NATIVE and not outcome.is_base:
        raise Obstacle(f"its source {source} is no template of Proxmox's, which alone are cloned natively", anew)
    if origin.way is Way.SNAPSHOT and outcome.dataset is None:
        raise Obstacle(f"its source {source} is not on ZFS", 'Cloning by snapshot needs a zfspool; "full" does not.')
    if origin.way is Way.SNAPSHOT and outcome.snapshot is None:
        raise Obstacle("its source declares no snapshot to clone", 'Give the source a "template_snapshot_name".')


# -- by zfs clone


def _by_zfs(chain: Chain, node: Node, guest: Guest | None, origin: Origin) -> None:
    """``zfs clone``, and a configuration of our own.

    The order is safe against being cut off anywhere: the id is taken first, under our mark and lock; the configuration
    is released last. Source: docs/decisions/0002-cloning-snapshots.md.
    """
    container = chain.container
    ctid, hostname, size = container.ctid, container.name, container.size_gb or 0
    snapshot = origin.outcome.snapshot or ""
    begun = guest is not None and is_begun_clone(guest) and _mark_of(guest) == (origin.ctid, snapshot)
    gone = () if begun else clear(chain, node, guest)
    storage = node.storages[container.storage or ""]
    finished = _begun_volume(node, ctid, origin) if begun else None
    dataset = finished or node.free_volume(ctid, storage, frozenset(gone))
    volume = f"{storage.id}:{dataset.rpartition('/')[2]}"
    root = _mountpoint(node, storage.pool or "", dataset)
    taken = Expect((Begun(ctid),))
    work: list[Work] = [
        *(() if begun else (cloning.take_id(ctid, cloning_mark(origin.ctid, snapshot), hostname), taken)),
        *(() if finished else (cloning.clone_dataset(origin.zfs_snapshot, dataset, size),)),
        reset_identity(root, hostname),
        Expect((OwnIdentity(root, hostname),)),
        cloning.release_clone(ctid, origin.ctid, snapshot, hostname, volume, size),
        Expect((Whole(ctid),)),
    ]
    there = "a clone that was begun is finished" if begun else "not on the node"
    title = f"clone {origin.ctid}@{snapshot} by zfs clone on {storage.id}, {size} GB"
    chain.fresh, chain.dataset = True, dataset
    step = chain.add("clone", Symbol.ADD, title, f"{there}; {origin.reason}", *work, needs=origin.needs)
    before = tuple(name for name in node.volumes(ctid) if name not in (*gone, dataset))
    remember_undo(chain, step, commands.begin_creation(ctid, before))
    options = {"hostname": hostname, "tags": TAG, "rootfs": f"{volume},size={size}G"}
    chain.observed = Section(options, description=MARK)


def _mark_of(guest: Guest) -> tuple[int, str] | None:
    return cloned_from(guest.current.description)


def _begun_volume(node: Node, ctid: int, origin: Origin) -> str | None:
    """The clone's dataset, when the run that was cut off came that far."""
    return next((name for name in node.volumes(ctid) if node.datasets[name].origin == origin.zfs_snapshot), None)


def _mountpoint(node: Node, pool: str, dataset: str) -> str:
    """Where the dataset is or will be mounted: below its parent, as ZFS inherits it."""
    known = node.datasets.get(dataset)
    if known and known.mountpoint:
        return known.mountpoint
    return f"{_parent(node, pool)}/{dataset.rpartition('/')[2]}"


def _parent(node: Node, pool: str) -> str:
    parent = node.datasets.get(pool)
    return parent.mountpoint if parent and parent.mountpoint else f"/{pool}"


# -- by pct clone


def _by_proxmox(chain: Chain, node: Node, guest: Guest | None, origin: Origin) -> None:
    """``pct clone``, which locks its source meanwhile; so each source is copied by one clone at a time."""
    container, source, outcome = chain.container, origin.ctid, origin.outcome
    ctid = container.ctid
    gone = clear(chain, node, guest)
    storage = node.storages[container.storage or ""]
    chain.dataset = node.free_volume(ctid, storage, frozenset(gone)) if storage.type == "zfspool" else None
    taken = _section_of_copy(outcome, container.name, chain.recorded_layers)
    if origin.way is Way.NATIVE:
        made = copying.link(source, ctid, container.name, taken.description)
        title = f"clone {source} natively on {storage.id}"
    else:
        snapshot = None if outcome.is_base else outcome.snapshot
        made = copying.copy(source, ctid, container.name, taken.description, storage.id, snapshot)
        title = f"copy {source}{f'@{snapshot}' if snapshot else ''} in full to {storage.id}"
    chain.fresh = True
    before = tuple(name for name in node.volumes(ctid) if name not in gone)
    volumes = sorted(key for key in outcome.section.options if key.startswith("mp"))
    places = (outcome.section.options[key].partition(":")[0] for key in volumes)
    storages = listed_by_proxmox(node, (storage.id, *places))
    mark = commands.begin_creation(ctid, before, source, storages)
    work = [
        commands.require_free_id(ctid),
        mark,
        Guarded(made, copying.end_failed(ctid, source)),
        Expect((Whole(ctid),)),
        *copying.drop_volumes(ctid, volumes, taken.get("protection") == "1"),
        *identity(node, chain),
        Expect((Whole(ctid), OnlyRoot(ctid))),
        *created(ctid),
    ]
    locks = frozenset({f"ct:{source}"})
    reason = f"not on the node; {origin.reason}"
    step = chain.add("clone", Symbol.ADD, title, reason, *work, needs=origin.needs, locks=locks)
    remember_undo(chain, step, mark, source, storages)
    lifted = taken.updated({"protection": None}) if volumes else taken
    chain.observed, chain.raw, chain.firewall = lifted, outcome.raw, outcome.firewall


def identity(node: Node, chain: Chain) -> tuple[Work, ...]:
    """Machine-id and SSH host keys of its own for a container that ``pct clone`` has made."""
    container = chain.container
    storage = node.storages[container.storage or ""]
    if storage.type == "zfspool":
        parent = _parent(node, storage.pool or "")
        own = Expect((OwnIdentity(parent, container.name, container.ctid),))
        return reset_copied_identity(parent, container.ctid, container.name), own
    ctid, root = container.ctid, copying.mounted(container.ctid)
    own = Expect((OwnIdentity(root, container.name),))
    return copying.mount(ctid), reset_identity(root, container.name), own, copying.unmount(ctid)


def _section_of_copy(outcome: Outcome, hostname: str, layers: Mapping[str, str]) -> Section:
    """What ``pct clone`` makes of the source's configuration: all of it counts as set by us."""
    kept = {key: value for key, value in outcome.section.options.items() if not fixed(key)}
    beside = {RAW: bool(outcome.raw), FIREWALL: outcome.firewall is not None}
    keys = {*kept, *(name for name, there in beside.items() if there)} - {"features", "hostname"}
    root = {"rootfs": outcome.section.options["rootfs"]} if "rootfs" in outcome.section.options else {}
    options = {**kept, **root, "hostname": hostname}
    return Section(options, description=str(Record(frozenset(keys), layers=layers)))
