"""One container of the site, from its document and the defaults."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from phoenix_hypervisor.config import aliases
from phoenix_hypervisor.config.site import Container, Mount, Network, Places, Volume
from phoenix_hypervisor.config.source import Source
from phoenix_hypervisor.config.storages import storage_of_dataset
from phoenix_hypervisor.documents import ContainerDocument, HostDocument
from phoenix_hypervisor.documents.host import LxcDefaults

READY_TIMEOUT = 120
READY_INTERVAL = 5
_VLLM = frozenset(name for name in ContainerDocument.model_fields if name.startswith("vllm_"))
_RAW = re.compile(r"\s*[=:]\s*")


class Builder:
    """Builds the containers of one site."""

    def __init__(self, host: HostDocument, source: Source, setups: Mapping[int, Path]) -> None:
        self.defaults = host.proxmox_defaults.lxc
        pool = host.proxmox_defaults.zfs_lxc_pool
        self.storage = storage_of_dataset(host, pool) if pool else None
        self.source = source
        self.setups = setups
        self.shared: dict[int, list[Mount]] = {}
        for name, volume in host.shared_volumes.volumes.items():
            for ctid, path in volume.mounts.items():
                self.shared.setdefault(ctid, []).append(Mount(volume.host_path, normal_path(path), shared=name))

    def build(self, ctid: int, key: str, document: ContainerDocument) -> Container:
        defaults = self.defaults
        template = bool(document.is_template or document.template_snapshot_name)
        container = Container(
            ctid=ctid,
            name=document.name,
            places=Places(self.source, ("lxc_configs", key)),
            source=source_of(document),
            is_template=template,
            snapshot=(document.template_snapshot_name or aliases.CONFIGURED_STATE) if template else None,
            cloning=document.cloning or defaults.cloning,
            tarball=document.template,
            storage=document.storage_pool or self.storage,
            size_gb=document.storage_size_gb,
            cores=document.cores or defaults.cores,
            memory_mb=document.memory_mb or defaults.memory_mb,
            swap_mb=document.swap_mb,
            unprivileged=document.unprivileged is not False,
            network=network(document, defaults),
            pct_features=aliases.declared_pct_features(document, defaults),
            options=aliases.split_options(document.pct_options)[1],
            lxc_options=tuple(_raw_line(line) for line in document.lxc_options),
            features=aliases.features_in_order(document),
            gpus=aliases.gpu_indices(document.gpu_assignment),
            start_at_boot=document.start_at_boot,
            boot_order=document.boot_order,
            boot_delay=document.boot_delay,
            tags=tuple(sorted({tag.lower() for tag in document.tags})),
            dependencies=tuple(dict.fromkeys(document.dependencies)),
            application_script=document.application_script,
            setup_script=self.setups.get(ctid),
            volumes=_volumes(document),
            mounts=(*_mounts(document), *self.shared.get(ctid, ())),
            id_maps=document.id_maps,
            apparmor_profile=document.apparmor_profile or _profile(defaults.security),
            health_check=document.health_check,
            firewall=document.firewall,
            ports=document.ports,
            portainer_role=document.portainer_role,
            vllm=_vllm(document),
            ready_timeout=document.ready_timeout or READY_TIMEOUT,
            ready_interval=document.ready_interval or READY_INTERVAL,
        )
        return replace(container, declared=_slice(container, document))


def source_of(document: ContainerDocument) -> int | None:
    """The declared clone source, under either spelling."""
    return document.clone_from_template_ctid if document.clone_from_ctid is None else document.clone_from_ctid


def with_inherited_needs(containers: Iterable[Container]) -> dict[int, Container]:
    """The containers by CTID, each with what it takes from where it comes from.

    That is what Docker needs, where it or an ancestor has the feature; storage, size and id maps, where nothing else
    says them: the files of a clone have the owners that its source gave them.
    """
    by_ctid = {container.ctid: container for container in containers}
    return {ctid: _inherited(each, ancestry(each, by_ctid)) for ctid, each in by_ctid.items()}


def _inherited(container: Container, line: list[Container]) -> Container:
    storage = next((each.storage for each in line if each.storage is not None), None)
    size = next((each.size_gb for each in line if each.size_gb is not None), None)
    maps = next((each.id_maps for each in line if each.id_maps), ())
    if (storage, size, maps) != (container.storage, container.size_gb, container.id_maps):
        container = replace(container, storage=storage, size_gb=size, id_maps=maps)
    if any("docker" in each.features for each in line):
        features = aliases.with_docker_needs(container.pct_features, container.unprivileged)
        container = replace(container, pct_features=features)
    return container


def ancestry(container: Container, containers: Mapping[int, Container]) -> list[Container]:
    """The container, the template that it is cloned from, and so on up; a cycle ends where it closes."""
    line = [container]
    seen = {container.ctid}
    while (source := line[-1].source) in containers and source not in seen:
        assert source is not None  # noqa: S101
        seen.add(source)
        line.append(containers[source])
    return line


def network(document: ContainerDocument, defaults: LxcDefaults) -> Network | None:
    """The container's network, or the default one; its MAC address is always its own."""
    own = document.network_config
    declared = own or defaults.network_config
    hwaddr = document.mac_address or (own.hwaddr if own else None)
    if declared is None:
        return None
    return Network(
        name=declared.name,
        bridge=declared.bridge,
        ip=declared.ip or document.static_ip,
        gw=declared.gw,
        nameservers=declared.nameservers,
        hwaddr=hwaddr.upper() if hwaddr else None,
        vlan=declared.vlan,
        mtu=declared.mtu,
    )


def _volumes(document: ContainerDocument) -> tuple[Volume, ...]:
    declared = (*document.volumes, *document.zfs_volumes)
    return tuple(Volume(each.name, each.pool, each.size_gb, normal_path(each.mount_point)) for each in declared)


def _mounts(document: ContainerDocument) -> tuple[Mount, ...]:
    return tuple(
        Mount(each.host_path, normal_path(each.container_path), each.owner_uid, each.owner_gid)
        for each in document.mount_points
    )


def _vllm(document: ContainerDocument) -> dict[str, Any]:
    """All ``vllm_*`` that the container declares."""
    declared = document.model_fields_set.intersection(_VLLM)
    return {name: value for name in sorted(declared) if (value := getattr(document, name)) is not None}


def _slice(container: Container, document: ContainerDocument) -> dict[str, Any]:
    """What scripts get: the container as JSON, in one spelling, defaults filled in."""
    piece = document.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
    for spelling in ("clone_from_template_ctid", "zfs_volumes", "static_ip"):
        piece.pop(spelling, None)
    resolved: dict[str, Any] = {
        "ctid": container.ctid,
        "clone_from_ctid": container.source,
        "cores": container.cores,
        "memory_mb": container.memory_mb,
        "storage_pool": container.storage,
        "unprivileged": container.unprivileged,
        "features": list(container.features),
        "volumes": [
            {"name": each.name, "pool": each.storage, "size_gb": each.size_gb, "mount_point": each.mount_point}
            for each in container.volumes
        ],
    }
    if container.network is not None:
        parts = ("name", "bridge", "ip", "gw", "nameservers", "hwaddr", "vlan", "mtu")
        values = {name: getattr(container.network, name) for name in parts}
        values["nameservers"] = list(container.network.nameservers)
        resolved["network_config"] = {name: value for name, value in values.items() if value not in (None, [])}
    return {**piece, **{name: value for name, value in resolved.items() if value is not None}}


def normal_path(path: str) -> str:
    """A path without doubled or trailing slashes."""
    return "/" + "/".join(part for part in path.split("/") if part)


def _raw_line(line: str) -> tuple[str, str]:
    key, value = _RAW.split(line, maxsplit=1)
    return key.strip(), value.strip()


def _profile(security: str | None) -> str | None:
    return None if security in (None, "default") else security
