"""What a command line's targets mean: ``host``, a feature's name, CTIDs, names (spec C1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from phoenix_hypervisor.config.site import Site
from phoenix_hypervisor.errors import UsageError
from phoenix_hypervisor.features.registry import of_host
from phoenix_hypervisor.plan.graph import closure
from phoenix_hypervisor.plan.lineage import source_of

HOST = "host"


@dataclass(frozen=True, slots=True)
class Selection:
    """The containers to plan, with all that they need, and whether the host part is meant too."""

    ctids: frozenset[int]
    host: bool
    """Whether the node itself is meant as a whole."""
    features: frozenset[str] = frozenset()
    """The features of the node that are meant."""
    everything: bool = False
    """Whether no target narrowed it."""


def select(site: Site, words: Iterable[str]) -> Selection:
    """The selection that the words make; everything when there are none. UsageError for what means nothing."""
    named = list(words)
    if not named:
        return Selection(frozenset(site.containers), True, frozenset(of_host()), everything=True)
    wanted: set[int] = set()
    for word in named:
        if word != HOST:
            wanted |= _containers(site, word)
    meant = frozenset(of_host() if HOST in named else (word for word in named if word in of_host()))
    return Selection(frozenset(_with_needs(site, wanted)), HOST in named, meant)


def _with_needs(site: Site, wanted: Iterable[int]) -> set[int]:
    needs = {}
    for ctid, container in site.containers.items():
        source = source_of(container, site)[0]
        needs[ctid] = [*container.dependencies, *([source] if source is not None else [])]
    return closure(wanted, needs)


def _containers(site: Site, word: str) -> set[int]:
    if word.isascii() and word.isdecimal():
        if int(word) in site.containers:
            return {int(word)}
        raise _unknown(site, word)
    named = {ctid for ctid, container in site.containers.items() if container.name == word}
    if len(named) > 1:
        ids = ", ".join(map(str, sorted(named)))
        raise UsageError(f'The name "{word}" is ambiguous: {ids} have it.', "Name the CTID.")
    is_feature = word in of_host() or word in site.container_features
    if named and is_feature:
        raise UsageError(f'"{word}" is a feature and the name of {min(named)}.', f"For the container: {min(named)}.")
    if named:
        return named
    if is_feature:
        return {ctid for ctid, container in site.containers.items() if word in container.features}
    raise _unknown(site, word)


def _unknown(site: Site, word: str) -> UsageError:
    known = [
        HOST,
        *of_host(),
        *site.container_features,
        *map(str, site.containers),
        *(c.name for c in site.containers.values()),
    ]
    near = get_close_matches(word, known, n=1)
    hint = f'Did you mean "{near[0]}"?' if near else "Targets are host, a feature's name, CTIDs and names."
    return UsageError(f'The target "{word}" is not in the configuration.', hint)
