"""What the configuration wants of one container, in the words of the lifecycle commands."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from phoenix_hypervisor.config.site import Container, Network, Site
from phoenix_hypervisor.features.lifecycle.options import Wanted, mount_properties
from phoenix_hypervisor.proxmox.guest import Section
from phoenix_hypervisor.resource import Feature, Slice

CONFIGURED_STATE = "configured-state"
_MOUNT = re.compile(r"mp\d+")


def wanted_options(container: Container) -> Wanted:
    """The keys that ``pct set`` owns, as declared."""
    plain: dict[str, str | None] = {
        "hostname": container.name,
        "cores": _number(container.cores),
        "memory": _number(container.memory_mb),
        "swap": _number(container.swap_mb),
        "onboot": None if container.start_at_boot is None else str(int(container.start_at_boot)),
        "startup": _startup(container),
        "nameserver": " ".join(container.network.nameservers) or None if container.network else None,
        **container.options,
    }
    return Wanted(
        options={key: value for key, value in plain.items() if value is not None},
        features=dict(sorted(container.pct_features.items())),
        net=_net(container.network) if container.network else None,
        tags=container.tags,
    )


def _number(value: int | None) -> str | None:
    return None if value is None else str(value)


def _startup(container: Container) -> str | None:
    parts = {"order": container.boot_order, "up": container.boot_delay}
    return ",".join(f"{key}={value}" for key, value in parts.items() if value is not None) or None


def _net(network: Network) -> dict[str, str]:
    """The properties of ``net0``; the type is Proxmox's own affair."""
    return {key: value for key, value in network.properties().items() if key != "type"}


def static_interface(container: Container) -> str | None:
    """The interface that gets an address by itself; None when nothing is to be waited for."""
    network = container.network
    return network.name if network and network.ip and network.ip != "manual" else None


def wants_running(container: Container) -> bool:
    """Everything ends running, but templates that do not start at boot (spec L9)."""
    return not (container.is_template and container.start_at_boot is False)


def snapshot_names(container: Container) -> tuple[str, ...]:
    """The template's snapshot, then the configured state (spec L9); none where a bind mount rules them out."""
    if bind_mounts(container):
        return ()
    return tuple(dict.fromkeys(name for name in (container.snapshot, CONFIGURED_STATE) if name))


def bind_mounts(container: Container) -> tuple[str, ...]:
    """The ``mpN`` options that mount a folder of the node: Proxmox takes no snapshot of a container with one."""
    return bind_mounts_of(Section(container.options))


def bind_mounts_of(section: Section) -> tuple[str, ...]:
    """The same, as a node has them."""
    mounts = {key: mount_properties(value) for key, value in section.options.items() if _MOUNT.match(key)}
    return tuple(key for key, found in mounts.items() if found.get("volume", "").startswith("/"))


def slice_of(feature: Feature, site: Site, container: Container) -> Slice:
    """The feature's piece of the whole configuration."""
    documents = {"host": site.host, "container": container.declared}
    found = {field: _dig(documents, path) for field, path in feature.sources.items()}
    present = {field: value for field, value in found.items() if value is not None}
    return feature.slice.model_validate_json(json.dumps(present))


def _dig(documents: Mapping[str, Any], path: str) -> Any:
    value: Any = documents
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else getattr(value, part, None)
    return value
