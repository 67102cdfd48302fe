"""Site and node in, plan out. Pure: the same two give the same plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.config.site import Site
from phoenix_hypervisor.errors import Refused
from phoenix_hypervisor.features.lifecycle import commands
from phoenix_hypervisor.features.lifecycle.conditions import FileIsThere
from phoenix_hypervisor.features.lifecycle.node import Node
from phoenix_hypervisor.features.lifecycle.options import Effect
from phoenix_hypervisor.plan.container import plan_container
from phoenix_hypervisor.plan.destroy import clones_first, destructions
from phoenix_hypervisor.plan.explain import undeclared, without_portainer
from phoenix_hypervisor.plan.foreseen import needed_by
from phoenix_hypervisor.plan.graph import order
from phoenix_hypervisor.plan.host import HOST, HostPlan
from phoenix_hypervisor.plan.obstacle import Obstacle
from phoenix_hypervisor.plan.outcome import Outcome
from phoenix_hypervisor.plan.step import REBOOT, Blocked, Change, Expect, Kept, Plan, Step, Symbol, Undo
from phoenix_hypervisor.plan.survey import Survey, needs_of
from phoenix_hypervisor.plan.unmanaged import unmanaged

_NOTHING = HostPlan()


def build(
    site: Site,
    node: Node,
    selected: Iterable[int] | None = None,
    host: bool = True,
    rebuild: Iterable[int] = (),
    may_restart: bool = True,
    own: HostPlan = _NOTHING,
    reboot: bool = False,
) -> Plan:
    """The plan for the selected containers (all when None); what they need must be among them.

    ``own`` is the plan of the node itself, which comes first; ``reboot``: whether it is rebooted at the end, where that
    is needed. ``rebuild``: containers to be destroyed and made anew; Refused when that may not be. ``may_restart``:
    whether what runs may be stopped.
    """
    removed = destructions(site, node, rebuild)
    node = node.without(removed) if removed else node
    survey = Survey(site, node)
    chosen = sorted(site.containers if selected is None else selected)
    needs = needs_of(survey, chosen)
    outcomes: dict[int, Outcome] = {}
    blocked: dict[int, Blocked] = {}
    waiting: dict[int, Blocked] = {}
    wanted = needed_by(site, chosen)
    for ctid in order(needs, key=lambda ctid: ctid):
        try:
            if lost := [need for need in needs[ctid] if need in blocked]:
                raise Obstacle(f"it needs {lost[0]}, which cannot go on", "")
            if later := [need for need in needs[ctid] if need in waiting]:
                waiting[ctid] = Blocked(str(ctid), f"it needs {later[0]}, which waits for the reboot", "")
                continue
            container = site.containers[ctid]
            outcome = plan_container(survey, container, outcomes, removed.get(ctid), may_restart)
            if outcome.steps and (why := _waits(own, wanted[ctid])):
                waiting[ctid] = Blocked(str(ctid), why, "")
                continue
            outcomes[ctid] = outcome
        except Obstacle as obstacle:
            blocked[ctid] = Blocked(str(ctid), obstacle.reason, obstacle.hint)
    if lost := sorted(set(removed) & set(blocked)):
        raise Refused(f"CT {lost[0]} could not be made anew: {blocked[lost[0]].reason}.", blocked[lost[0]].hint)
    made = [step for ctid, outcome in outcomes.items() for step in _after_host(outcome.steps, own, wanted[ctid])]
    made = [*clones_first(removed), *_with_downloads(site, node, made, own)]
    return Plan(
        node=node.name,
        steps=_with_reboot((*own.steps.values(), *made), own, node) if reboot else (*own.steps.values(), *made),
        blocked=(*own.blocked.values(), *blocked.values()),
        refused=own.refusals,
        reboot=tuple(own.reboot.values()),
        waiting=tuple(waiting.values()),
        notes=(
            *own.notes,
            *without_portainer(site, chosen),
            *(note for outcome in outcomes.values() for note in outcome.notes),
            *(undeclared(site, node) if selected is None else ()),
        ),
        kept=(*own.kept, *_kept(node, outcomes)),
        unmanaged=unmanaged(site, host),
        names={str(ctid): site.containers[ctid].name for ctid in chosen},
        undo=_undo(survey, outcomes),
    )


def _kept(node: Node, outcomes: Mapping[int, Outcome]) -> Iterator[Kept]:
    """What is not as declared and stays so, with what would have to be made anew for it."""
    for ctid, outcome in outcomes.items():
        for change in outcome.kept:
            anew = change.anew or (ctid, *node.descendants(ctid))
            yield Kept(str(ctid), change, anew if change.effect is Effect.REBUILD else ())


def _undo(survey: Survey, outcomes: Mapping[int, Outcome]) -> Mapping[str, Undo]:
    """What takes the changes of each container back; never while clones hang on it (spec R5)."""
    found: dict[str, Undo] = {}
    for ctid, outcome in outcomes.items():
        guest = survey.node.guests.get(ctid)
        if outcome.undo is not None and not (guest is not None and survey.node.clones_of(guest)):
            clones = tuple(f"{clone}:clone" for clone in survey.clones.get(ctid, ()))
            found[str(ctid)] = replace(outcome.undo, unless=clones)
    return found


def _waits(own: HostPlan, wanted: Iterable[str]) -> str:
    """Why a container has to wait for a reboot of the node; Obstacle where what it needs cannot go on at all."""
    for need in sorted(wanted):
        if need in own.blocked:
            raise Obstacle(f"it needs {own.texts[need]}, which cannot go on", "")
    return next((own.reboot[need] for need in sorted(wanted) if need in own.reboot), "")


def _after_host(steps: tuple[Step, ...], own: HostPlan, wanted: Iterable[str]) -> tuple[Step, ...]:
    """A container's steps, the first of which comes after what the node needs for it (spec R4)."""
    before = tuple(own.steps[need].id for need in sorted(wanted) if need in own.steps)
    if not steps or not (before or own.first):
        return steps
    return replace(steps[0], needs=(*steps[0].needs, *before, *own.first)), *steps[1:]


def _with_reboot(steps: tuple[Step, ...], own: HostPlan, node: Node) -> tuple[Step, ...]:
    """Last of all, when all went well (spec R11)."""
    if not own.reboot:
        return steps
    reason = "; ".join(dict.fromkeys(own.reboot.values()))
    stopped = tuple(
        Change(f"CT {ctid} is stopped", Effect.RESTART, "the node reboots") for ctid in sorted(node.running)
    )
    needs = tuple(each.id for each in steps)
    work = (Command("systemctl", "reboot"),)
    return *steps, Step(REBOOT, HOST, Symbol.CHANGE, "reboot", reason, work, needs, changes=stopped)


def _with_downloads(site: Site, node: Node, steps: list[Step], own: HostPlan) -> Iterable[Step]:
    """Tarballs that a storage lacks are fetched first, each once."""
    wanted: dict[str, str] = {}
    for step in steps:
        if step.id.endswith(":create") and (tarball := site.containers[int(step.target)].tarball):
            volume = node.tarball_volume(tarball)
            if volume and not node.has_tarball(tarball):
                wanted[step.id] = volume
    for volume in dict.fromkeys(wanted.values()):
        storage, _, path = volume.partition(":")
        folder = node.storages[storage].tarball_directory
        there = (Expect((FileIsThere(f"{folder}/{path.rpartition('/')[2]}"),)),) if folder else ()
        title = f"download {volume}"
        lock = frozenset({f"storage:{storage}"})
        work = (*commands.download(volume), *there)
        made = own.steps.get(f"pve.storage:{storage}")
        needs = (made.id,) if made else ()
        yield Step(f"download:{volume}", "host", Symbol.ADD, title, "the tarball is not on the node", work, needs, lock)
    for step in steps:
        extra = (f"download:{wanted[step.id]}",) if step.id in wanted else ()
        yield replace(step, needs=(*step.needs, *extra))
