"""Site and node in, plan out. Pure: the same two give the same plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from phoenix_hypervisor.config.site import Container, Site
from phoenix_hypervisor.errors import Refused
from phoenix_hypervisor.features.lifecycle import cloning, commands
from phoenix_hypervisor.features.lifecycle.marks import cloned_from, snapshot_layers
from phoenix_hypervisor.features.lifecycle.node import Guest, Node
from phoenix_hypervisor.features.lifecycle.options import Difference
from phoenix_hypervisor.plan import existence
from phoenix_hypervisor.plan.chain import Chain, Outcome
from phoenix_hypervisor.plan.explain import kept_snapshots, orphans, provenance, undeclared, without_snapshots
from phoenix_hypervisor.plan.graph import order
from phoenix_hypervisor.plan.layers import layers_of
from phoenix_hypervisor.plan.lineage import source_of
from phoenix_hypervisor.plan.obstacle import (
    Obstacle,
    is_begun_clone,
    is_unfinished,
    refuse_foreign,
    refuse_locked,
    refuse_lost_root,
    unfinished_snapshots,
)
from phoenix_hypervisor.plan.rebuild import destructions
from phoenix_hypervisor.plan.step import Blocked, Plan, Step, Symbol
from phoenix_hypervisor.plan.unmanaged import unmanaged
from phoenix_hypervisor.plan.wanted import bind_mounts_of, snapshot_names, wanted_options, wants_running
from phoenix_hypervisor.proxmox.properties import PropertyError, parse_size


def build(
    site: Site, node: Node, selected: Iterable[int] | None = None, host: bool = True, rebuild: Iterable[int] = ()
) -> Plan:
    """The plan for the selected containers (all when None); what they need must be among them.

    ``rebuild``: containers to be destroyed and made anew; Refused when that may not be.
    """
    removed = destructions(site, node, rebuild)
    node = node.without(removed) if removed else node
    chosen = sorted(site.containers if selected is None else selected)
    sources = {ctid: source_of(site.containers[ctid], site) for ctid in chosen}
    needs = {ctid: _needs(site.containers[ctid], sources[ctid][0]) for ctid in chosen}
    outcomes: dict[int, Outcome] = {}
    blocked: dict[int, Blocked] = {}
    for ctid in order(needs, key=lambda ctid: ctid):
        waits_for = [need for need in needs[ctid] if need in blocked]
        try:
            if waits_for:
                raise Obstacle(f"it needs {waits_for[0]}, which cannot go on", "")
            outcomes[ctid] = _container(site, node, site.containers[ctid], sources[ctid], outcomes, removed.get(ctid))
        except Obstacle as obstacle:
            blocked[ctid] = Blocked(str(ctid), obstacle.reason, obstacle.hint)
    if lost := sorted(set(removed) & set(blocked)):
        raise Refused(f"CT {lost[0]} could not be made anew: {blocked[lost[0]].reason}.", blocked[lost[0]].hint)
    made = [step for outcome in outcomes.values() for step in outcome.steps]
    return Plan(
        node=node.name,
        steps=(*_in_order(removed), *_with_downloads(site, node, made)),
        blocked=tuple(blocked.values()),
        notes=(
            *(note for outcome in outcomes.values() for note in outcome.notes),
            *(undeclared(site, node) if selected is None else ()),
        ),
        unmanaged=unmanaged(site, chosen, host),
        names={str(ctid): site.containers[ctid].name for ctid in chosen},
    )


def _in_order(removed: Mapping[int, Step]) -> Iterable[Step]:
    """Clones before what they are clones of."""
    steps = {step.id: step for step in removed.values()}
    return (steps[step_id] for step_id in order({step.id: step.needs for step in steps.values()}, key=str))


def _needs(container: Container, source: int | None) -> tuple[int, ...]:
    return tuple(dict.fromkeys((*((source,) if source is not None else ()), *container.dependencies)))


def _container(
    site: Site,
    node: Node,
    container: Container,
    source: tuple[int | None, str],
    outcomes: Mapping[int, Outcome],
    removed: Step | None,
) -> Outcome:
    guest = node.guests.get(container.ctid)
    waits = (outcomes[need].done for need in container.dependencies if need in outcomes)
    chain = Chain(container, (removed.id,) if removed else (), tuple(step for step in waits if step))
    refuse_foreign(node, guest, container.ctid)
    layers = layers_of(container, site, node)
    notes = [*without_snapshots(container, guest), *orphans(node, container.ctid, guest)]
    if guest is None or is_unfinished(node, guest):
        dataset = _appear(chain, node, guest, source, outcomes)
        names = snapshot_names(container)
    else:
        refuse_lost_root(node, guest)
        _recover(chain, node, guest)
        notes += provenance(container, guest, node, source[0], outcomes)
        dataset = guest.dataset
        names = _reconcile(chain, guest, node)
    chain.establish(layers)
    _finish(chain, names)
    refuse_locked(chain, node, guest)
    if guest is not None and guest.rootfs:
        notes += kept_snapshots(chain, guest, node, layers)
    return _outcome(chain, guest, tuple(notes), dataset)


def _appear(
    chain: Chain,
    node: Node,
    guest: Guest | None,
    source: tuple[int | None, str],
    outcomes: Mapping[int, Outcome],
) -> str | None:
    """The container is not there, or only its beginning is."""
    begun = (
        guest is not None
        and is_begun_clone(guest)
        and cloned_from(guest.current.description) == _wanted(source[0], outcomes)
    )
    if guest is None and chain.ctid in node.running:
        raise Obstacle(f"CT {chain.ctid} runs, and has no configuration", f"Look at it: lxc-info {chain.ctid}.")
    if source[0] is None:
        return existence.create(chain, node, guest)
    origin = outcomes[source[0]]
    if origin.dataset is None or chain.container.storage is None:
        raise Obstacle(f"its source {source[0]} is not on ZFS", "Cloning by snapshot needs a zfspool.")
    gone = () if begun else existence.clear(chain, node, guest)
    snapshot = _snapshot_of(origin)
    found = existence.Source(source[0], snapshot, origin.dataset, source[1])
    chain.layers.update(origin.snapshot_layers)
    return existence.clone(chain, node, found, begun, (origin.snapshot_step,) if origin.snapshot_step else (), gone)


def _wanted(source: int | None, outcomes: Mapping[int, Outcome]) -> tuple[int, str | None] | None:
    """Source and snapshot that a clone is to be made of."""
    return None if source is None else (source, outcomes[source].snapshot)


def _snapshot_of(outcome: Outcome) -> str:
    if outcome.snapshot is None:
        raise Obstacle("its source declares no snapshot to clone", 'Give the source a "template_snapshot_name".')
    return outcome.snapshot


def _hanging(node: Node, guest: Guest, name: str) -> tuple[int, ...]:
    """The containers that are clones of this snapshot of the guest."""
    return node.clones.get(guest.dataset or "", {}).get(name, ())


def _recover(chain: Chain, node: Node, guest: Guest) -> None:
    """Clear what an interrupted snapshot of ours left."""
    if ours := unfinished_snapshots(guest):
        work = [commands.pct("unlock", chain.ctid)] if guest.lock else []
        kept = [name for name in ours if _hanging(node, guest, name)]
        work += [cloning.keep_snapshot(chain.ctid, name) for name in kept]
        gone = [name for name in ours if name not in kept]
        work += [command for name in gone for command in commands.clear_snapshot(chain.ctid, name, guest.dataset)]
        title = f"remove the unfinished snapshot {', '.join(gone)}" if gone else f"keep the snapshot {', '.join(kept)}"
        chain.add("recover", Symbol.CHANGE, title, "it was cut off", *work)


def _reconcile(chain: Chain, guest: Guest, node: Node) -> tuple[str, ...]:
    """Keys and size as declared; returns the snapshots that are missing."""
    chain.running = guest.running
    chain.layers = dict(guest.layers)
    wanted = wanted_options(chain.container)
    differences = wanted.differences(guest.config.effective)
    waiting = wanted.differences(guest.config.current) if guest.running else ()
    _grow(chain, guest)
    if chain.ctid in node.creating:
        work = commands.end_creation(chain.ctid)
        chain.add("tidy", Symbol.CHANGE, "remove the mark of its creation", "left behind", work)
    chain.configure(guest, differences, restart_waits=_restart_waits(differences, waiting))
    return _missing_snapshots(chain, guest, node)


def _missing_snapshots(chain: Chain, guest: Guest, node: Node) -> tuple[str, ...]:
    """What is to be taken: the section and the ZFS snapshot behind it must both be there."""
    if bind_mounts_of(guest.config.effective):
        return ()
    missing: list[str] = []
    for name in snapshot_names(chain.container):
        section = guest.config.snapshots.get(name)
        unfinished = section is not None and section.get("snapstate") is not None
        if unfinished and name not in unfinished_snapshots(guest):
            raise Obstacle(f"its snapshot {name} is unfinished, and not ours", f"pct delsnapshot {chain.ctid} {name}")
        whole = section is not None and (not unfinished or bool(_hanging(node, guest, name)))
        behind = guest.dataset is None or f"{guest.dataset}@{name}" in node.snapshots
        if whole and behind:
            continue
        missing.append(name)
        if whole:
            chain.add(
                "recover",
                Symbol.CHANGE,
                f"remove the empty snapshot {name}",
                "its data is gone",
                *[*commands.clear_snapshot(chain.ctid, name, None)],
            )
        elif section is None and guest.dataset is not None and behind:
            raise Obstacle(
                f"ZFS has a snapshot {guest.dataset}@{name} that Proxmox does not know",
                "Clones hang on it; look at the node."
                if _hanging(node, guest, name)
                else f"If it is not needed: zfs destroy {guest.dataset}@{name}.",
            )
    return tuple(missing)


def _restart_waits(differences: tuple[Difference, ...], current: tuple[Difference, ...]) -> bool:
    """Whether an earlier change of a managed key is still pending."""
    return bool({difference.key for difference in current} - {difference.key for difference in differences})


def _grow(chain: Chain, guest: Guest) -> None:
    """Volumes only grow (spec L3)."""
    wanted = chain.container.size_gb
    try:
        observed = parse_size(guest.rootfs.get("size", "0"))
    except PropertyError:
        return
    if wanted is None or observed >= wanted << 30:
        return
    title = f"grow the root file system {observed >> 30} -> {wanted} GB"
    chain.add("grow", Symbol.CHANGE, title, "smaller than declared", commands.grow(chain.ctid, wanted))


def _finish(chain: Chain, missing: tuple[str, ...]) -> None:
    """Snapshots, then the state in which it is to end."""
    chain.snapshot(missing)
    if wants_running(chain.container):
        chain.start("it is to run")
    else:
        chain.stop("a template that does not start at boot ends stopped")


def _outcome(chain: Chain, guest: Guest | None, notes: tuple[str, ...], dataset: str | None) -> Outcome:
    name = chain.container.snapshot
    section = guest.config.snapshots.get(name) if guest and name else None
    known = snapshot_layers(section.description.strip()) if section else None
    return Outcome(
        steps=tuple(chain.steps),
        notes=notes,
        done=chain.last,
        snapshot=name,
        snapshot_step=chain.snapshots_step,
        snapshot_layers=known if known is not None else dict(chain.layers),
        dataset=dataset,
    )


def _with_downloads(site: Site, node: Node, steps: list[Step]) -> Iterable[Step]:
    """Tarballs that a storage lacks are fetched first, each once."""
    wanted: dict[str, str] = {}
    for step in steps:
        if step.id.endswith(":create") and (tarball := site.containers[int(step.target)].tarball):
            volume = node.tarball_volume(tarball)
            if volume and not node.has_tarball(tarball):
                wanted[step.id] = volume
    for volume in dict.fromkeys(wanted.values()):
        title = f"download {volume}"
        lock = frozenset({f"storage:{volume.partition(':')[0]}"})
        work = commands.download(volume)
        yield Step(f"download:{volume}", "host", Symbol.ADD, title, "the tarball is not on the node", work, (), lock)
    for step in steps:
        extra = (f"download:{wanted[step.id]}",) if step.id in wanted else ()
        yield replace(step, needs=(*step.needs, *extra))
