"""The node's own part of a plan: features of the host, their resources, and what stands in the way of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.config.site import Site
from phoenix_hypervisor.documents.secrets import Secret
from phoenix_hypervisor.features.lifecycle.options import Effect
from phoenix_hypervisor.features.registry import of_host
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.plan.graph import closure, order
from phoenix_hypervisor.plan.slices import Reveal, plain_json, slice_from, slice_values
from phoenix_hypervisor.plan.step import Blocked, Change, Established, Kept, Refusal, Step, Unobstructed
from phoenix_hypervisor.resource import Feature, Obstacle, Resource, Slice, Verdict

HOST = "host"
SEED_ORDER = ("initial_setup", "nvidia", "admin_user", "zfs", "nfs", "samba")
"""In which order features are taken up where no need decides (spec section 5)."""
FIRST = "initial_setup"
"""What every container waits for, when it is to be done in the same run (spec R4)."""

SOURCES = "repository"
"""The kind of resource that packages come from."""


@dataclass(frozen=True, slots=True)
class Part:
    """One feature of the host with its slice and its resources."""

    feature: Feature
    piece: Slice
    resources: tuple[Resource, ...]


@dataclass(frozen=True, slots=True)
class HostPlan:
    """What is to be done to the node itself. The mappings are by resource id."""

    steps: Mapping[str, Step] = field(default_factory=dict)
    blocked: Mapping[str, Blocked] = field(default_factory=dict)
    refused: tuple[tuple[str, Obstacle], ...] = ()
    """What would be lost and was not allowed: the resource, and what stands there."""
    kept: tuple[Kept, ...] = ()
    notes: tuple[str, ...] = ()
    reboot: Mapping[str, str] = field(default_factory=dict)
    """Why a reboot is needed before it takes effect."""
    first: tuple[str, ...] = ()
    """Ids of the steps that come before everything in containers."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """What each resource is called."""

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """What is refused, as a plan tells it."""
        return tuple(Refusal(HOST, f"{what}: {each.reason}", each.hint, each.loses) for what, each in self.refused)


def hidden(_secret: Secret) -> None:
    """Reveals nothing: for features whose secrets are of no concern."""


def host_features() -> tuple[Feature, ...]:
    """The features of the host in the order of the seeds, then by name."""
    rank = {name: number for number, name in enumerate(SEED_ORDER)}
    return tuple(sorted(of_host().values(), key=lambda feature: (rank.get(feature.name, len(rank)), feature.name)))


def parts(site: Site, reveal: Callable[[str], Reveal], upgrade: bool = False) -> tuple[Part, ...]:
    """Every feature of the host with what the site asks of it; none where there is no host file.

    ``reveal`` gives what reveals the secrets of the feature of that name.
    """
    if not site.has_host:
        return ()
    found = []
    for feature in host_features():
        values = slice_values(feature, {"host": site.host, "request": {"upgrade": upgrade or None}})
        plain = {name: plain_json(value, reveal(feature.name)) for name, value in values.items()}
        found.append(part(feature, slice_from(feature, plain)))
    return tuple(found)


def part(feature: Feature, piece: Slice) -> Part:
    """A feature with its slice."""
    return Part(feature, piece, tuple(feature.resources(piece)))


def selection(found: Iterable[Part], whole: frozenset[str], ids: Iterable[str] = ()) -> frozenset[str]:
    """Ids of the resources of these whole features, and of these resources, with all that they need."""
    found = tuple(found)
    needs: dict[str, list[str]] = {}
    for each in (each for part in found for each in part.resources):
        needs.setdefault(each.id, []).extend(each.needs())
    by_feature = {part.feature.name: [each.id for each in part.resources] for part in found}
    wanted = {each for name in _with_features(found, whole) for each in by_feature.get(name, ())}
    chosen = closure((wanted | set(ids)) & set(needs), _known(needs))
    locks = {each.id: each.locks for part in found for each in part.resources}
    if any("apt" in locks[each] for each in chosen):
        chosen |= closure(by_feature.get(FIRST, ()), _known(needs))
    return frozenset(chosen)


def _with_features(found: Iterable[Part], whole: Iterable[str]) -> set[str]:
    """The features with those that they need."""
    return closure(whole, {part.feature.name: list(part.feature.needs) for part in found})


def _known(needs: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """The same, of what is there."""
    return {name: [need for need in of_it if need in needs] for name, of_it in needs.items()}


def facts_of(found: Iterable[Part], chosen: frozenset[str]) -> tuple[Fact[Any], ...]:
    """All that these resources must know."""
    resources = (each for part in found for each in part.resources if each.id in chosen)
    return tuple(dict.fromkeys(fact for each in resources for fact in each.facts()))


def plan_host(found: Iterable[Part], chosen: frozenset[str], facts: Facts, allowed: frozenset[str]) -> HostPlan:
    """What makes the chosen resources so. ``allowed``: what may be lost, as ``disk:SERIAL`` (spec S3)."""
    return _Builder(tuple(found), chosen, facts, allowed).build()


class _Builder:
    def __init__(self, found: tuple[Part, ...], chosen: frozenset[str], facts: Facts, allowed: frozenset[str]) -> None:
        self._facts = facts
        self._allowed = allowed
        pairs = [(part.feature, each) for part in found for each in part.resources if each.id in chosen]
        self._features: dict[str, Feature] = {}
        self._resources: dict[str, Resource] = {}
        for feature, each in pairs:
            there = self._resources.get(each.id)
            if there is None or (any(each.change(facts)) and not any(there.change(facts))):
                self._features[each.id] = feature
            self._resources[each.id] = each if there is None else there.joined(each)
        pairs = [(self._features[name], each) for name, each in self._resources.items()]
        sources = [each.id for _, each in pairs if each.kind == SOURCES]
        of_apt = {each.id: sources for _, each in pairs if "apt" in each.locks and each.kind != SOURCES}
        self._needs = _known({each.id: [*each.needs(), *of_apt.get(each.id, ())] for _, each in pairs})
        self._before = {
            feature.name: [each.id for other, each in pairs if other.name in feature.needs] for feature, _ in pairs
        }
        self._steps: dict[str, Step] = {}
        self._blocked: dict[str, Blocked] = {}
        self._refused: list[tuple[str, Obstacle]] = []
        self._stuck: dict[str, str] = {}
        """What cannot go on, and what it is in the end that stands in its way."""
        self._kept: list[Kept] = []
        self._notes: list[str] = []
        self._reboot: dict[str, str] = {}

    def build(self) -> HostPlan:
        position = {name: number for number, name in enumerate(self._resources)}
        waits = {name: {*needs, *self._earlier(self._resources[name])} for name, needs in self._needs.items()}
        for name in order(waits, key=position.__getitem__):
            self._one(self._resources[name])
        first = tuple(step.id for name, step in self._steps.items() if self._features[name].name == FIRST)
        return HostPlan(
            steps=self._steps,
            blocked=self._blocked,
            refused=tuple(self._refused),
            kept=tuple(self._kept),
            notes=tuple(self._notes),
            reboot=self._reboot,
            first=first,
            texts={name: str(resource) for name, resource in self._resources.items()},
        )

    def _earlier(self, resource: Resource) -> Iterator[str]:
        """What comes before it, however that ends."""
        yield from self._before[self._features[resource.id].name]
        yield from (each for each in resource.follows if each in self._resources)

    def _one(self, resource: Resource) -> None:
        commands = tuple(resource.change(self._facts))
        verdict = resource.verdict(self._facts)
        named = f"{self._features[resource.id].name}: {resource}"
        self._kept += [Kept(HOST, Change(each.what, Effect.IMPOSSIBLE, each.reason)) for each in verdict.kept]
        self._notes += [f"host: {note}" for note in verdict.notes]
        if verdict.reboot:
            self._reboot[resource.id] = verdict.reboot
        standing = [each for each in verdict.obstacles if each.loses not in self._allowed or not each.loses]
        for each in standing:
            if each.loses:
                self._refused.append((named, each))
            elif resource.id not in self._blocked:
                self._blocked[resource.id] = Blocked(HOST, f"{named}: {each.reason}", each.hint)
        if standing:
            self._stuck[resource.id] = resource.id
        if standing or not commands:
            return
        if lost := [need for need in self._needs[resource.id] if need in self._stuck]:
            self._stuck[resource.id] = self._stuck[lost[0]]
            self._blocked[resource.id] = Blocked(
                HOST, f"{named}: it needs {self._resources[self._stuck[lost[0]]]}, which cannot go on", ""
            )
            return
        self._steps[resource.id] = self._step(resource, verdict, commands)

    def _step(self, resource: Resource, verdict: Verdict, commands: tuple[Command, ...]) -> Step:
        look = (Unobstructed(resource, commands, self._allowed),) if resource.guarded else ()
        return Step(
            id=f"{HOST}:{resource.id}",
            target=HOST,
            symbol=verdict.symbol,
            title=f"{self._features[resource.id].name}: {resource}",
            reason=verdict.reason,
            work=(*look, *commands, Established(resource)),
            needs=tuple(self._steps[need].id for need in self._needs[resource.id] if need in self._steps),
            after=tuple(self._steps[each].id for each in self._earlier(resource) if each in self._steps),
            locks=resource.locks,
            detail=verdict.detail,
        )
