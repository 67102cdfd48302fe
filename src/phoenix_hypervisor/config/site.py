"""The desired state as it is declared: one host, its containers, every spelling resolved, every default filled in."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from phoenix_hypervisor.config.aliases import SYNONYMS
from phoenix_hypervisor.config.source import Source, Steps
from phoenix_hypervisor.config.storages import DeclaredStorage
from phoenix_hypervisor.documents.host import HostDocument, HostFirewall, SharedVolume
from phoenix_hypervisor.documents.parts import Cloning, ContainerFirewall, HealthCheck, IdMap
from phoenix_hypervisor.documents.secrets import Secret
from phoenix_hypervisor.documents.zfs import mountpoint_of
from phoenix_hypervisor.errors import Place, Problem, Severity
from phoenix_hypervisor.features.registry import of_containers
from phoenix_hypervisor.resource import Feature

DEFAULT_ROOT = Path("/usr/local/phoenix_hypervisor")
DEFAULT_ETC = DEFAULT_ROOT / "etc"
DEFAULT_BIN = DEFAULT_ROOT / "bin"
PortainerRole = Literal["server", "agent", "infrastructure", "none"]


@dataclass(frozen=True, slots=True)
class Network:
    """The interface ``net0``. ``ip`` is an address with prefix, or dhcp, auto or manual."""

    name: str = "eth0"
    bridge: str = "vmbr0"
    ip: str | None = None
    gw: str | None = None
    nameservers: tuple[str, ...] = ()
    hwaddr: str | None = None
    vlan: int | None = None
    mtu: int | None = None

    @property
    def version(self) -> Literal[4, 6]:
        """Of the address; SLAAC (``auto``) is version 6, dhcp and manual follow the gateway."""
        text = self.gw if self.ip in (None, "dhcp", "manual") else self.ip
        if text is None:
            return 4
        return 6 if text == "auto" or ":" in text else 4

    @property
    def address(self) -> str | None:
        """The address alone, in its shortest form, where it is declared."""
        if self.ip is None or self.ip in ("dhcp", "auto", "manual"):
            return None
        text = self.ip.partition("/")[0]
        return str(ipaddress.ip_address(text)) if ":" in text else text

    def properties(self) -> dict[str, str]:
        """The pairs of ``net0``."""
        six = "6" if self.version == 6 else ""
        pairs = {
            "name": self.name,
            "bridge": self.bridge,
            f"gw{six}": self.gw,
            "hwaddr": self.hwaddr,
            f"ip{six}": self.ip,
            "mtu": self.mtu,
            "tag": self.vlan,
            "type": "veth",
        }
        return {key: str(value) for key, value in pairs.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume of the container's own, known by its mount point and name."""

    name: str
    storage: str
    size_gb: int
    mount_point: str


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder of the node that the container sees; ``shared`` names the shared volume that it comes from."""

    host_path: str
    container_path: str
    owner_uid: int | None = None
    owner_gid: int | None = None
    shared: str | None = None


@dataclass(frozen=True, slots=True)
class Nvidia:
    """The driver: host and containers agree on it."""

    version: str | None = None
    runfile_url: str | None = None
    repo_url: str | None = None
    runfile_sha256: str | None = None
    cuda_version: str | None = None
    install: bool = True


@dataclass(frozen=True, slots=True)
class Places:
    """Where the fields of one object stand: its document, and the way to it."""

    source: Source
    steps: Steps = ()

    def find(self, dotted: str) -> Steps:
        """The steps of a field, under the spelling that the document uses."""
        for spelling in (dotted, SYNONYMS.get(dotted)):
            if spelling is not None and (steps := self.steps + _split(spelling)) in self.source.offsets:
                return steps
        return self.steps + _split(dotted)

    def place(self, dotted: str = "", *, key: bool = False) -> Place:
        """The place of a field's value (or key); of the object's own key where the field does not stand."""
        steps = self.find(dotted) if dotted else self.steps
        return self.source.place(steps, key=key or not dotted)

    def problem(
        self,
        code: str,
        message: str,
        dotted: str = "",
        *,
        hint: str = "",
        severity: Severity = "error",
        key: bool = False,
    ) -> Problem:
        """A problem with a field, or with the object."""
        steps = self.find(dotted) if dotted else self.steps
        return self.source.problem(code, message, steps, hint=hint, severity=severity, key=key or not dotted)


def _split(dotted: str) -> Steps:
    return tuple(int(part) if part.isascii() and part.isdigit() else part for part in dotted.split(".") if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One container or template, as it is to be."""

    ctid: int
    name: str
    places: Places = field(repr=False, compare=False)
    source: int | None = None
    is_template: bool = False
    snapshot: str | None = None
    cloning: Cloning | None = None
    tarball: str | None = None
    storage: str | None = None
    size_gb: int | None = None
    cores: int | None = None
    memory_mb: int | None = None
    swap_mb: int | None = None
    unprivileged: bool = True
    network: Network | None = None
    pct_features: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    lxc_options: tuple[tuple[str, str], ...] = ()
    features: tuple[str, ...] = ()
    gpus: tuple[int, ...] = ()
    start_at_boot: bool | None = None
    boot_order: int | None = None
    boot_delay: int | None = None
    tags: tuple[str, ...] = ()
    dependencies: tuple[int, ...] = ()
    application_script: str | None = None
    setup_script: Path | None = None
    volumes: tuple[Volume, ...] = ()
    mounts: tuple[Mount, ...] = ()
    id_maps: tuple[IdMap, ...] = ()
    apparmor_profile: str | None = None
    health_check: HealthCheck | None = None
    firewall: ContainerFirewall | None = None
    ports: tuple[str, ...] = ()
    portainer_role: PortainerRole | None = None
    vllm: Mapping[str, Any] = field(default_factory=dict)
    ready_timeout: float = 120
    ready_interval: float = 5
    declared: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def place(self, dotted: str = "") -> Place:
        """Where a field stands, as ``storage_pool`` or ``volumes.0.pool``; without one, the container."""
        return self.places.place(dotted)


@dataclass(frozen=True, slots=True)
class OwnFeatures:
    """Features from ``features.d`` by name, and what is wrong with manifests there."""

    found: Mapping[str, Feature] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Everything that is declared."""

    etc: Path
    host: HostDocument
    places: Places = field(repr=False, compare=False)
    """Of the host document, in the newer shape."""
    lxc_places: Places = field(repr=False, compare=False)
    containers: Mapping[int, Container] = field(default_factory=dict)
    nvidia: Nvidia = Nvidia()
    storages: Mapping[str, DeclaredStorage] = field(default_factory=dict)
    shared_volumes: Mapping[str, SharedVolume] = field(default_factory=dict)
    firewall: HostFirewall | None = None
    files: tuple[str, ...] = ()
    feature_names: frozenset[str] = frozenset()
    """Every feature that there is, own ones from ``features.d`` included."""
    own_features: OwnFeatures = OwnFeatures()
    script_folders: tuple[Path, ...] = ()
    has_host: bool = False
    """Whether there is a host document at all."""
    revealed: Mapping[Secret, str] = field(default_factory=dict, repr=False, compare=False)
    """The values of the secrets that features in containers need, where they were looked up."""

    @property
    def container_features(self) -> Mapping[str, Feature]:
        """The features that something establishes in containers, by name, own ones included."""
        return {**self.own_features.found, **of_containers()}

    @property
    def mountpoints(self) -> Mapping[str, str]:
        """Every declared dataset that is mounted, with its place."""
        datasets = self.host.zfs.datasets if self.host.zfs else ()
        places = {each.full_name: mountpoint_of(each, self.host.mount_point_base, datasets) for each in datasets}
        return {name: place for name, place in places.items() if place is not None}

    def place(self, dotted: str = "") -> Place:
        """Where a field of the host document stands, as ``zfs.pools.0.disks.1``."""
        return self.places.place(dotted)

    def local(self, path: str) -> Path:
        """A path of the configuration on this machine: below the default place it is read relative to ``etc``."""
        asked = Path(path)
        return self.etc / asked.relative_to(DEFAULT_ETC) if asked.is_relative_to(DEFAULT_ETC) else asked

    def find_script(self, name: str) -> Path | None:
        """A script on this machine: in ETC, ETC/../bin or the default place (spec S5)."""
        candidates = (folder / name for folder in self.script_folders)
        return next((path for path in candidates if os.path.isfile(path)), None)  # noqa: PTH113 - never raises
