"""What a configuration asks for and nothing establishes yet. It is said in every plan, and never taken as done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from phoenix_hypervisor.config.site import Container, Site


def unmanaged(site: Site, ctids: Iterable[int], host: bool) -> Mapping[str, tuple[str, ...]]:
    """Name of the feature or field to the targets that ask for it."""
    found: dict[str, list[str]] = {}
    if host and site.firewall is not None:
        found["firewall"] = ["host"]
    for ctid in ctids:
        for name in _of_container(site.containers[ctid], site):
            found.setdefault(name, []).append(str(ctid))
    return {name: tuple(targets) for name, targets in found.items()}


def is_established(container: Container, site: Site) -> bool:
    """Whether something establishes all that it asks for; else it cannot be healthy yet, and is not asked."""
    return all(name in site.container_features for name in container.features)


def _of_container(container: Container, site: Site) -> Iterable[str]:
    known = site.container_features
    yield from (name for name in container.features if name not in known)
    if container.health_check is not None and not is_established(container, site):
        yield "health_check"
