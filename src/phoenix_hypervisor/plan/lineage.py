"""Which template a container is cloned from when its configuration names none (spec L1)."""

from __future__ import annotations

from collections.abc import Mapping

from phoenix_hypervisor.config.site import Container, Site

_WEIGHTS = {"vllm": 8, "docker": 4, "nvidia": 2, "base_setup": 1}


def given(ctid: int, containers: Mapping[int, Container]) -> frozenset[str]:
    """The features that a template gives: its own and those of its ancestors."""
    found: set[str] = set()
    seen: set[int] = set()
    current: int | None = ctid
    while current is not None and current in containers and current not in seen:
        seen.add(current)
        found.update(containers[current].features)
        current = containers[current].source
    return frozenset(found)


def choose(container: Container, site: Site) -> int | None:
    """The template that gives most of what the container needs and nothing else; None when none fits.

    Deterministic: by weight of what is given (vLLM, Docker with GPU, Docker, GPU, base), then the smallest CTID.
    """
    wanted = frozenset(container.features)
    fitting = [
        template
        for template in site.containers.values()
        if template.is_template
        and template.ctid != container.ctid
        and template.unprivileged == container.unprivileged
        and template.storage == container.storage
        and (template.size_gb or 0) <= (container.size_gb or 0)
        and given(template.ctid, site.containers) <= wanted | {"base_setup"}
    ]
    if not fitting:
        return None
    return min(fitting, key=lambda template: (-_score(template.ctid, wanted, site), template.ctid)).ctid


def _score(ctid: int, wanted: frozenset[str], site: Site) -> int:
    return sum(_WEIGHTS.get(name, 1) for name in given(ctid, site.containers) & (wanted | {"base_setup"}))


def source_of(container: Container, site: Site) -> tuple[int | None, str]:
    """The CTID to clone from (None: create from the tarball), and how it was found."""
    if container.source is not None:
        return container.source, "declared"
    if container.is_template:
        return None, "a template without a source"
    chosen = choose(container, site)
    return chosen, "chosen as the best fitting template" if chosen is not None else "no template fits"
