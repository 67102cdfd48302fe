"""The plan of one container: from what is there of it to what is declared."""

from __future__ import annotations

from collections.abc import Mapping

from phoenix_hypervisor.config.site import Container
from phoenix_hypervisor.features.lifecycle import commands, copying, restore
from phoenix_hypervisor.features.lifecycle.conditions import OnlyRoot, RolledBack, Unlocked, Whole
from phoenix_hypervisor.features.lifecycle.effects import Datasets
from phoenix_hypervisor.features.lifecycle.guest import Guest, parse_volume
from phoenix_hypervisor.features.lifecycle.marks import snapshot_layers
from phoenix_hypervisor.features.lifecycle.node import Node
from phoenix_hypervisor.features.lifecycle.options import Effect
from phoenix_hypervisor.plan import snapshots
from phoenix_hypervisor.plan.chain import Chain
from phoenix_hypervisor.plan.cloning import Origin, clone, identity
from phoenix_hypervisor.plan.existence import create, created
from phoenix_hypervisor.plan.explain import kept_snapshots, orphans, provenance, without_snapshots
from phoenix_hypervisor.plan.inherited import left_over, outdated
from phoenix_hypervisor.plan.layers import Layer
from phoenix_hypervisor.plan.obstacle import (
    Obstacle,
    is_copied,
    is_our_copying,
    is_our_going_back,
    is_unfinished,
    refuse_foreign,
    refuse_locked,
    refuse_lost_root,
)
from phoenix_hypervisor.plan.outcome import Outcome
from phoenix_hypervisor.plan.reconcile import reconcile
from phoenix_hypervisor.plan.step import Change, Expect, Step, Symbol, Work
from phoenix_hypervisor.plan.survey import Survey
from phoenix_hypervisor.plan.wanted import bind_mounts_of, snapshot_names, wants_running
from phoenix_hypervisor.proxmox.guest import Section
from phoenix_hypervisor.proxmox.storage import split_volume


def plan_container(
    survey: Survey, container: Container, outcomes: Mapping[int, Outcome], removed: Step | None, may_restart: bool
) -> Outcome:
    """Its steps, and what they mean for those that hang on it. Obstacle where it cannot go on."""
    node = survey.node
    guest = node.guests.get(container.ctid)
    chain = _begin(survey, container, outcomes, removed, may_restart)
    refuse_foreign(node, guest, container.ctid)
    layers = survey.layers(container.ctid)
    chain.notes += [*without_snapshots(survey, container, guest), *orphans(node, container.ctid, guest)]
    if guest is None or is_unfinished(node, guest):
        _appear(chain, survey, guest, outcomes)
        wanted = _snapshots_wanted(survey, container)
    else:
        guest = _take_over(chain, node, guest)
        if chain.keeps_restore_point and not survey.can_snapshot(guest):
            chain.keeps_restore_point = False
            chain.note("no restore point can be taken: its storage takes no snapshots.")
        chain.kept += provenance(survey, container, guest, outcomes)
        chain.kept += outdated(survey, guest)
        for each in left_over(survey, guest):
            chain.note(each)
        wanted = () if guest.is_base else snapshots.missing(chain, node, guest, _snapshots_wanted(survey, container))
    reconcile(chain, node, guest if guest is not None and not chain.fresh else None)
    chain.establish(layers)
    _finish(chain, survey, guest, wanted, layers)
    refuse_locked(chain, node, guest)
    if guest is not None and guest.rootfs:
        chain.notes += kept_snapshots(chain, guest, node, layers)
    return _outcome(chain, survey, guest)


def _begin(
    survey: Survey, container: Container, outcomes: Mapping[int, Outcome], removed: Step | None, may_restart: bool
) -> Chain:
    storage = survey.node.storages.get(container.storage or "")
    waits = (outcomes[need].done for need in container.dependencies if need in outcomes)
    return Chain(
        container,
        (removed.id,) if removed else (),
        tuple(step for step in waits if step),
        may_restart,
        keeps_restore_point=bool(survey.site.host.behavior.rollback_on_failure),
        records_layers=storage is not None and not storage.takes_snapshots,
        firewall=survey.node.firewalls.get(str(container.ctid)),
    )


def _appear(chain: Chain, survey: Survey, guest: Guest | None, outcomes: Mapping[int, Outcome]) -> None:
    """The container is not there, or only its beginning is."""
    node, ctid = survey.node, chain.ctid
    if guest is None and ctid in node.running:
        raise Obstacle(f"CT {ctid} runs, and has no configuration", f"Look at it: lxc-info {ctid}.")
    source, found = survey.sources[ctid]
    if source is None:
        create(chain, node, guest)
        return
    way, why = survey.way(chain.container)
    clone(chain, node, guest, Origin(source, outcomes[source], way, f"source {found}; cloning {way} {why}"))


def _take_over(chain: Chain, node: Node, guest: Guest) -> Guest:
    """What is there is gone on from; what was cut off is cleared first. Returns the guest as it is then."""
    if half := _half_made_base(node, guest):
        title = "take back a template that was begun"
        there = Expect((Datasets(half),))
        chain.add("recover", Symbol.CHANGE, title, "it was cut off", commands.take_back_base(half), there)
    else:
        refuse_lost_root(node, guest)
    if is_our_going_back(guest):
        guest = _finish_going_back(chain, guest)
    snapshots.clear_unfinished(chain, node, guest)
    if is_our_copying(node, guest):
        unlock, free = copying.unlock_source(chain.ctid), Expect((Unlocked(chain.ctid),))
        chain.add("unlock", Symbol.CHANGE, "unlock", "a clone of it was cut off", unlock, free)
    chain.running, chain.is_base = guest.running, guest.is_base
    chain.layers, chain.dataset = dict(guest.layers), guest.dataset
    chain.drift = node.drift.get(chain.ctid, {})
    chain.observed, chain.raw = guest.config.effective, guest.current.raw
    chain.description, chain.volumes = guest.current.description, guest.volume_ids
    if point := _restore_point(guest):
        chain.has_restore_point = True
        chain.description = restore.description_before(point)
        chain.observed = restore.with_records(chain.observed, point)
    if bind_mounts_of(guest.config.effective) or guest.is_base or node.clones_of(guest):
        chain.keeps_restore_point = False
    if is_copied(node, guest):
        _finish_copy(chain, node, guest)
    elif chain.ctid in node.creating:
        chain.add("tidy", Symbol.CHANGE, "remove the mark of its creation", "left behind", *created(chain.ctid))
    return guest


def _finish_going_back(chain: Chain, guest: Guest) -> Guest:
    """A rollback to the restore point that was cut off is made again."""
    unlock = commands.pct("unlock", chain.ctid)
    back = restore.roll_back(chain.ctid, restore.NAME, start=False)
    title = "put it back to its restore point"
    holds = Expect((Unlocked(chain.ctid), RolledBack(chain.ctid, restore.NAME)))
    chain.add("recover", Symbol.CHANGE, title, "it was cut off", unlock, back, holds)
    return restore.put_back(guest)


def _restore_point(guest: Guest) -> Section | None:
    """What an earlier run left; one whose taking was cut off is cleared as any snapshot of ours."""
    section = guest.config.snapshots.get(restore.NAME)
    return None if section is None or section.get("snapstate") is not None else section


def _half_made_base(node: Node, guest: Guest) -> tuple[str, ...]:
    """The volumes that a cut off ``pct template`` had renamed; the configuration still has their old names."""
    if guest.is_base or not guest.ours:
        return ()
    named = (node.dataset_of(volume) for volume in guest.volume_ids)
    return tuple(
        name
        for name in named
        if name is not None and name not in node.datasets and commands.base_of(name) in node.datasets
    )


def _finish_copy(chain: Chain, node: Node, guest: Guest) -> None:
    """``pct clone`` is through; whether the copy has an identity of its own is not known, so it gets one."""
    ctid = chain.ctid
    free = (copying.unmount(ctid),) if guest.lock == "mounted" else ()
    chain.stop("it may still share its identity with its source")
    dropped = _drop_copied(chain, guest)
    holds = Expect((Whole(ctid), *((OnlyRoot(ctid),) if dropped else ())))
    work = (*free, *dropped, *identity(node, chain), holds, *created(ctid))
    chain.add("identity", Symbol.CHANGE, "finish its copying", "it was cut off", *work)


def _drop_copied(chain: Chain, guest: Guest) -> tuple[Work, ...]:
    """The volumes that came with the copy go, unless somebody may have worked in it since."""
    there = {key for key, value in guest.current.options.items() if split_volume(parse_volume(value))}
    mounted = sorted(key for key in there if key.startswith("mp"))
    unused = sorted(key for key in there if key.startswith("unused"))
    if (guest.running or guest.config.snapshots) and (mounted or unused):
        chain.note(f"it was used before its copying was through; {', '.join((*mounted, *unused))} of its source stays.")
        return ()
    protected = guest.current.get("protection") == "1" and bool(mounted or unused)
    lifted = {"protection": None} if protected else {}
    chain.observed = chain.observed.updated(dict.fromkeys((*mounted, *unused)) | lifted)
    return copying.drop_volumes(chain.ctid, mounted, protected, unused)


def _snapshots_wanted(survey: Survey, container: Container) -> tuple[str, ...]:
    if survey.wants_base(container) or not survey.takes_snapshots(container):
        return ()
    return snapshot_names(container)


def _finish(
    chain: Chain, survey: Survey, guest: Guest | None, missing: tuple[str, ...], layers: tuple[Layer, ...]
) -> None:
    """Snapshots or base volume, then the state in which it is to end."""
    container = chain.container
    if survey.wants_base(container) and not chain.is_base:
        if kept := sorted({*guest.config.snapshots} - {restore.NAME}) if guest and not chain.fresh else []:
            reason = f"Proxmox makes no template of a container with snapshots ({', '.join(kept)})"
            chain.keep(Change("no template of Proxmox's, and its clones are to be native", Effect.REBUILD, reason))
        else:
            chain.become_base()
    elif chain.is_base and not survey.wants_base(container):
        reason = "a template of Proxmox's stays one"
        chain.keep(Change("a template of Proxmox's, and its clones are not to be native", Effect.REBUILD, reason))
    chain.snapshot(missing)
    copies = survey.copied_stopped(chain.ctid)
    if copies and chain.stop("its storage takes no snapshots, so it is copied while it is stopped"):
        chain.cloneable_step = chain.last
    if wants_running(container) and not chain.is_base:
        chain.start("it is to run", after=tuple(f"{ctid}:clone" for ctid in copies))
    elif not chain.is_base:
        chain.stop("a template that does not start at boot ends stopped")
    chain.check_health(layers)
    chain.forget_restore_point("all went well")


def _outcome(chain: Chain, survey: Survey, guest: Guest | None) -> Outcome:
    name = chain.container.snapshot
    section = guest.config.snapshots.get(name) if guest and name and not chain.fresh else None
    known = snapshot_layers(section.description.strip()) if section else None
    return Outcome(
        steps=tuple(chain.steps),
        notes=tuple(chain.notes),
        kept=tuple(chain.kept),
        done=chain.last,
        snapshot=name if section is not None or name in _snapshots_wanted(survey, chain.container) else None,
        cloneable_step=chain.cloneable_step,
        snapshot_layers=known if known is not None and not chain.is_base else dict(chain.layers),
        dataset=chain.dataset,
        is_base=chain.is_base,
        section=section if section is not None else chain.observed,
        raw=section.raw if section is not None else chain.raw,
        firewall=chain.firewall,
        undo=chain.undo,
    )
