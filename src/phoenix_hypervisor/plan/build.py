"""Site and node in, plan out. Pure: the same two give the same plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from phoenix_hypervisor.config.site import Site
from phoenix_hypervisor.errors import Refused
from phoenix_hypervisor.features.lifecycle import commands
from phoenix_hypervisor.features.lifecycle.conditions import FileIsThere
from phoenix_hypervisor.features.lifecycle.node import Node
from phoenix_hypervisor.features.lifecycle.options import Effect
from phoenix_hypervisor.plan.chain import Outcome
from phoenix_hypervisor.plan.container import plan_container
from phoenix_hypervisor.plan.destroy import clones_first, destructions
from phoenix_hypervisor.plan.explain import undeclared
from phoenix_hypervisor.plan.graph import order
from phoenix_hypervisor.plan.obstacle import Obstacle
from phoenix_hypervisor.plan.step import Blocked, Expect, Kept, Plan, Step, Symbol, Undo
from phoenix_hypervisor.plan.survey import Survey, needs_of
from phoenix_hypervisor.plan.unmanaged import unmanaged


def build(
    site: Site,
    node: Node,
    selected: Iterable[int] | None = None,
    host: bool = True,
    rebuild: Iterable[int] = (),
    may_restart: bool = True,
) -> Plan:
    """The plan for the selected containers (all when None); what they need must be among them.

    ``rebuild``: containers to be destroyed and made anew; Refused when that may not be. ``may_restart``: whether what
    runs may be stopped.
    """
    removed = destructions(site, node, rebuild)
    node = node.without(removed) if removed else node
    survey = Survey(site, node)
    chosen = sorted(site.containers if selected is None else selected)
    needs = needs_of(survey, chosen)
    outcomes: dict[int, Outcome] = {}
    blocked: dict[int, Blocked] = {}
    for ctid in order(needs, key=lambda ctid: ctid):
        waits_for = [need for need in needs[ctid] if need in blocked]
        try:
            if waits_for:
                raise Obstacle(f"it needs {waits_for[0]}, which cannot go on", "")
            container = site.containers[ctid]
            outcomes[ctid] = plan_container(survey, container, outcomes, removed.get(ctid), may_restart)
        except Obstacle as obstacle:
            blocked[ctid] = Blocked(str(ctid), obstacle.reason, obstacle.hint)
    if lost := sorted(set(removed) & set(blocked)):
        raise Refused(f"CT {lost[0]} could not be made anew: {blocked[lost[0]].reason}.", blocked[lost[0]].hint)
    made = [step for outcome in outcomes.values() for step in outcome.steps]
    return Plan(
        node=node.name,
        steps=(*clones_first(removed), *_with_downloads(site, node, made)),
        blocked=tuple(blocked.values()),
        notes=(
            *(note for outcome in outcomes.values() for note in outcome.notes),
            *(undeclared(site, node) if selected is None else ()),
        ),
        kept=tuple(_kept(node, outcomes)),
        unmanaged=unmanaged(site, chosen, host),
        names={str(ctid): site.containers[ctid].name for ctid in chosen},
        undo=_undo(survey, outcomes),
    )


def _kept(node: Node, outcomes: Mapping[int, Outcome]) -> Iterator[Kept]:
    """What is not as declared and stays so, with what would have to be made anew for it."""
    for ctid, outcome in outcomes.items():
        for change in outcome.kept:
            anew = (ctid, *node.descendants(ctid)) if change.effect is Effect.REBUILD else ()
            yield Kept(str(ctid), change, anew)


def _undo(survey: Survey, outcomes: Mapping[int, Outcome]) -> Mapping[str, Undo]:
    """What takes the changes of each container back; never while clones hang on it (spec R5)."""
    found: dict[str, Undo] = {}
    for ctid, outcome in outcomes.items():
        guest = survey.node.guests.get(ctid)
        if outcome.undo is not None and not (guest is not None and survey.node.clones_of(guest)):
            clones = tuple(f"{clone}:clone" for clone in survey.clones.get(ctid, ()))
            found[str(ctid)] = replace(outcome.undo, unless=clones)
    return found


def _with_downloads(site: Site, node: Node, steps: list[Step]) -> Iterable[Step]:
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
        yield Step(f"download:{volume}", "host", Symbol.ADD, title, "the tarball is not on the node", work, (), lock)
    for step in steps:
        extra = (f"download:{wanted[step.id]}",) if step.id in wanted else ()
        yield replace(step, needs=(*step.needs, *extra))
