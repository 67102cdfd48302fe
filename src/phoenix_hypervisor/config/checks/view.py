"""What the checks look at: the site, without what could not be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from phoenix_hypervisor.config.containers import ancestry
from phoenix_hypervisor.config.resolve import Documents, as_ctid
from phoenix_hypervisor.config.site import Container, Site
from phoenix_hypervisor.config.source import Steps
from phoenix_hypervisor.documents import ContainerDocument
from phoenix_hypervisor.errors import Problem

QuestionKind = Literal["storage", "guest", "script", "gpu"]


@dataclass(frozen=True, slots=True)
class Question:
    """What only a node can tell: the problem while it was not asked, and what holds once it said yes or no.

    ``ctid`` is the container that it is of no concern without.
    """

    kind: QuestionKind
    name: str
    unasked: Problem | None = None
    yes: Problem | None = None
    no: Problem | None = None
    ctid: int | None = None


Finding = Problem | Question


@dataclass(frozen=True, slots=True)
class View:
    """A site and what was lost when its documents were read.

    A check declares the fields that it reads. In the view that it gets, containers that lost one of these are unknown:
    not in ``containers``, so not judged, but in ``known``, so not taken as absent either.
    """

    site: Site
    documents: Documents
    host_damage: frozenset[Steps] = frozenset()
    lxc_damage: frozenset[Steps] = frozenset()
    containers: Mapping[int, Container] = field(default_factory=dict)
    known: frozenset[int] = frozenset()

    @classmethod
    def of(cls, site: Site, documents: Documents, host_damage: frozenset[Steps], lxc_damage: frozenset[Steps]) -> View:
        configs = (documents.lxc_source.data or {}).get("lxc_configs")
        keys = configs if isinstance(configs, dict) else {}
        known = frozenset(ctid for key in keys if (ctid := as_ctid(key)) is not None)
        return cls(site, documents, host_damage, lxc_damage, site.containers, known)

    def narrowed(self, fields: frozenset[str]) -> View:
        """The view with only the containers that lost none of ``fields``."""
        lost = {steps[1] for steps in self.lxc_damage if _touches(steps, fields)}
        if not lost:
            return self
        sound = {ctid: each for ctid, each in self.site.containers.items() if each.places.steps[1] not in lost}
        return replace(self, containers=sound)

    def lost(self, host: frozenset[str]) -> bool:
        """Whether one of these sections of the host document, or all of it, could not be read."""
        return bool(host) and any(not steps or steps[0] in host for steps in self.host_damage)

    @property
    def lxc_lost(self) -> bool:
        """Whether it is unknown which containers there are."""
        return any(steps in ((), ("lxc_configs",)) for steps in self.lxc_damage)

    def document(self, container: Container) -> ContainerDocument:
        """The container as it is written."""
        return self.documents.lxc.lxc_configs[str(container.places.steps[1])]

    def source(self, container: Container) -> Container | None:
        """The declared source, where it is declared itself and was read."""
        return self.containers.get(container.source) if container.source is not None else None

    def ancestry(self, container: Container) -> list[Container]:
        return ancestry(container, self.containers)


def _touches(steps: Steps, fields: frozenset[str]) -> bool:
    return len(steps) >= 2 and steps[0] == "lxc_configs" and (len(steps) == 2 or steps[2] in fields)


Finder = Callable[[View], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """What finds the problems of one code, and the fields that it reads in containers and in the host document."""

    code: str
    find: Finder
    fields: frozenset[str]
    host: frozenset[str]


CHECKS: dict[str, Check] = {}
"""Every check by its code; one whose name is no code (``pool-layout``) tells of ``value`` or ``missing-field``."""


def finds(code: str, *, fields: str = "", host: str = "") -> Callable[[Finder], Finder]:
    """Registers a function as the one that finds the problems of a code."""

    def register(find: Finder) -> Finder:
        CHECKS[code] = Check(code, find, frozenset(fields.split()), frozenset(host.split()))
        return find

    return register
