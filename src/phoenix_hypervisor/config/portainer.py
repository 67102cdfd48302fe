"""Where Portainer's server is, and which of the site's containers depend on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from phoenix_hypervisor.config.site import Container, Site

_DATA = ("portainer-data", "portainer_data")
"""A volume of that name holds the server's data."""


def servers(containers: Iterable[Container], address: str | None) -> tuple[Container, ...]:
    """The containers of the server; where its address is declared, the one that has it."""
    found = [each for each in containers if each.portainer_role == "server" and not each.is_template]
    return tuple(each for each in found if address is None or address == _address(each))


def with_servers(containers: Mapping[int, Container], address: str | None) -> dict[int, Container]:
    """The containers, agents with the server as one more dependency: it is what they are joined to.

    A server that itself waits for an agent is none.
    """
    found = servers(containers.values(), address)
    return {ctid: _with(each, found, containers) for ctid, each in containers.items()}


def _with(container: Container, found: Iterable[Container], containers: Mapping[int, Container]) -> Container:
    if container.portainer_role != "agent" or container.is_template:
        return container
    more = [each.ctid for each in found if container.ctid not in _needs(each, containers)]
    return replace(container, dependencies=tuple(dict.fromkeys((*container.dependencies, *more))))


def _needs(container: Container, containers: Mapping[int, Container]) -> set[int]:
    """Everything that comes before it."""
    seen: set[int] = set()
    left = [container]
    while left:
        each = left.pop()
        for ctid in (*each.dependencies, *(() if each.source is None else (each.source,))):
            if ctid not in seen:
                seen.add(ctid)
                left += [containers[ctid]] if ctid in containers else []
    return seen


def place_of(site: Site, container: Container) -> Mapping[str, Any]:
    """What a container has to know of its place in Portainer.

    ``address``: its own, and ``server``: the server's, where they are known; ``data``: the mount point of the volume
    that holds the server's data; ``name``: under which the server is to know it, none for a template.
    """
    declared = site.host.network.portainer_server_ip
    found = servers(site.containers.values(), declared)
    return {
        "address": _address(container),
        "server": declared or next(filter(None, map(_address, found)), None),
        "data": next((each.mount_point for each in container.volumes if each.name in _DATA), None),
        "name": None if container.is_template else f"{container.name}-{container.ctid}",
    }


def _address(container: Container) -> str | None:
    return container.network.address if container.network else None
