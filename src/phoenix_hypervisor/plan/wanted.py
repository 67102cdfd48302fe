"""What the configuration wants of one container, in the words of the lifecycle commands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from phoenix_hypervisor.config import portainer
from phoenix_hypervisor.config.site import Container, Mount, Network, Site
from phoenix_hypervisor.documents.secrets import Secret
from phoenix_hypervisor.features.lifecycle import firewall
from phoenix_hypervisor.features.lifecycle.devices import devices_of, place_devices
from phoenix_hypervisor.features.lifecycle.options import FIREWALL, RAW, Wanted, mount_properties
from phoenix_hypervisor.features.lifecycle.raw import IdRange, Lines, host_id, id_map_lines, mount_entry
from phoenix_hypervisor.features.lifecycle.reading import Asked
from phoenix_hypervisor.features.lifecycle.volumes import WantedVolume
from phoenix_hypervisor.plan.slices import plain_json, slice_from, slice_values
from phoenix_hypervisor.proxmox.guest import Section
from phoenix_hypervisor.resource import Feature, Slice

CONFIGURED_STATE = "configured-state"
_MOUNT = re.compile(r"mp\d+")


def wanted_options(container: Container, volumes: Mapping[str, str], owner: firewall.Owner, section: Section) -> Wanted:
    """The keys that ``pct set`` owns, as declared.

    ``volumes``: where its volumes are or will be; ``owner``: whose the firewall file is; ``section``: the keys as they
    are.
    """
    plain: dict[str, str | None] = {
        "hostname": container.name,
        "cores": _number(container.cores),
        "memory": _number(container.memory_mb),
        "swap": _number(container.swap_mb),
        "onboot": None if container.start_at_boot is None else str(int(container.start_at_boot)),
        "startup": _startup(container),
        "nameserver": " ".join(container.network.nameservers) or None if container.network else None,
        **container.options,
        **place_devices(devices_of(container.gpus), section, container.options),
    }
    declared = container.firewall if owner is not firewall.Owner.OTHERS else None
    beside = {RAW: bool(wanted_raw(container)), FIREWALL: declared is not None}
    return Wanted(
        options={key: value for key, value in plain.items() if value is not None},
        features=dict(sorted(container.pct_features.items())),
        net=_net(container.network) if container.network else None,
        tags=container.tags,
        beside=frozenset(name for name, there in beside.items() if there),
        volumes=volumes,
        firewalled=bool(declared.enabled) if declared else False if owner is firewall.Owner.OURS else None,
    )


def wanted_volumes(container: Container) -> tuple[WantedVolume, ...]:
    return tuple(WantedVolume(each.name, each.storage, each.size_gb, each.mount_point) for each in container.volumes)


def wanted_raw(container: Container) -> Lines:
    """The raw lines: those that are declared, then what only they can say."""
    return (
        *((key, value) for key, value in container.lxc_options),
        *((("lxc.apparmor.profile", container.apparmor_profile),) if container.apparmor_profile else ()),
        *id_map_lines(id_ranges(container)),
        *(mount_entry(mount.host_path, mount.container_path) for mount in container.mounts),
    )


def id_ranges(container: Container) -> tuple[IdRange, ...]:
    """The declared id maps of an unprivileged container; a privileged one has the node's own ids."""
    maps = container.id_maps if container.unprivileged else ()
    return tuple((each.type, each.host_id, each.container_id, each.size) for each in maps)


def wanted_owner(container: Container, mount: Mount) -> tuple[int, int] | None:
    """Owner and group, on the node, that a mounted folder is to have; None: as it is."""
    if mount.owner_uid is None and mount.owner_gid is None:
        return None
    ranges, shifted = id_ranges(container), container.unprivileged
    uid = host_id(mount.owner_uid or 0, "u", ranges, shifted)
    return uid, host_id(mount.owner_gid or 0, "g", ranges, shifted)


def wanted_firewall(container: Container) -> str | None:
    """The text of its firewall file; None: none is declared."""
    declared = container.firewall
    if declared is None:
        return None
    parts = ("type", "action", "source", "dest", "proto", "port", "comment")
    rules = [firewall.Rule(**{part: getattr(rule, part) for part in parts}) for rule in declared.rules]
    return firewall.render(bool(declared.enabled), rules)


def asked_of(site: Site) -> Asked:
    """What of the node has to be asked by name."""
    containers = site.containers.values()
    return Asked(
        tarballs=tuple(each.tarball for each in containers if each.tarball and each.tarball.startswith("/")),
        snapshots=tuple({name for each in containers for name in snapshot_names(each)}),
        folders=tuple({mount.host_path for each in containers for mount in each.mounts}),
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
    plain = {name: plain_json(value, site.revealed.get) for name, value in _values(feature, site, container).items()}
    return slice_from(feature, {name: value for name, value in plain.items() if value is not None})


def secrets_of(site: Site, ctids: Iterable[int]) -> frozenset[Secret]:
    """The secrets that the features of these containers take."""
    containers = [site.containers[ctid] for ctid in ctids]
    pairs = ((site.container_features.get(name), each) for each in containers for name in each.features)
    values = (value for feature, each in pairs if feature for value in _values(feature, site, each).values())
    return frozenset(value for value in values if isinstance(value, Secret) and not value.is_unset)


def _values(feature: Feature, site: Site, container: Container) -> Mapping[str, Any]:
    more: dict[str, Any] = {"nvidia": site.nvidia, "gpus": container.gpus}
    if any(path.startswith("site.portainer.") for path in feature.sources.values()):
        more["portainer"] = portainer.place_of(site, container)
    return slice_values(feature, {"host": site.host, "container": container.declared, "site": more})
