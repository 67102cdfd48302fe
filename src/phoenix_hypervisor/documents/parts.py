"""The parts of a container: network, volumes, mounts, firewall, health check."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from phoenix_hypervisor.documents import types
from phoenix_hypervisor.documents.types import (
    Address,
    Addresses,
    Count,
    HostPath,
    Interface,
    Line,
    Mac,
    Many,
    Matching,
    Model,
    Name,
    ScriptName,
    judged,
)

Cloning = Literal["snapshot", "native", "full"]
_ADDRESS_WORDS = ("dhcp", "auto", "manual")
FirewallTarget = Annotated[
    str,
    Matching(
        r"\+?[A-Za-z0-9](?:[A-Za-z0-9.:/,_\-]*[A-Za-z0-9])?", "it must be an address, a network, a range or a set"
    ),
]
PortRange = Annotated[
    str,
    BeforeValidator(lambda value: str(value) if isinstance(value, int) and not isinstance(value, bool) else value),
    Matching(
        r"[A-Za-z0-9](?:[A-Za-z0-9:,\-]*[A-Za-z0-9])?", "it must be a port, a range such as 80:85, or a list of them"
    ),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1, "maximum": 65535}, {"type": "string"}]}),
]


def check_ip(text: str) -> str | None:
    return None if text in _ADDRESS_WORDS else types.check_prefixed(text)


def check_plain_ip(text: str) -> str | None:
    return check_ip(text) and types.check_plain(text) and check_ip(text)


def network_text(value: Any) -> Any:
    """``ip/cidr,gateway,dns`` as the object that it stands for."""
    if not isinstance(value, str):
        return value
    parts = [part.strip() for part in value.split(",")]
    names = ("ip", "gw")
    found: dict[str, Any] = {key: part for key, part in zip(names, parts, strict=False) if part}
    servers = [part for text in parts[2:] for part in text.split()]
    return {**found, "nameservers": servers} if servers else found


class Network(Model):
    """The container's network interface."""

    name: Interface = Field("eth0", description="Its name in the container.", examples=["eth0"])
    bridge: Interface = Field("vmbr0", description="The node's bridge.", examples=["vmbr0"])
    ip: Annotated[str, judged(check_ip)] | None = Field(
        None,
        description="Address with prefix, version 4 or 6, or dhcp, auto or manual.",
        examples=["10.0.0.20/24", "dhcp"],
    )
    gw: Address | None = Field(None, description="The gateway.", examples=["10.0.0.1"])
    nameservers: Addresses = Field((), description="Name servers.", examples=[["10.0.0.1"]])
    hwaddr: Mac | None = Field(None, description="MAC address.", examples=["52:54:00:AA:BB:CC"])
    vlan: int | None = Field(None, ge=1, le=4094, description="VLAN tag.")
    mtu: int | None = Field(None, ge=64, le=65535, description="Largest packet in bytes.")


class Volume(Model):
    """A volume of its own that a container gets."""

    name: Name = Field(description="What the volume is for.", examples=["data"])
    pool: str = Field(description="The Proxmox storage that holds it.", examples=["tank-volumes"])
    size_gb: int = Field(ge=1, le=1 << 20, description="Size in GiB; volumes only grow.")
    mount_point: HostPath = Field(description="Where it stands in the container.", examples=["/data"])


class MountPoint(Model):
    """A folder of the node that the container sees."""

    host_path: HostPath = Field(description="The folder on the node.")
    container_path: HostPath = Field(description="Where it stands in the container.")
    owner_uid: Count | None = Field(None, description="Its owner, as seen in the container.")
    owner_gid: Count | None = Field(None, description="Its group, as seen in the container.")


class IdMap(Model):
    """Ids of the node that appear as themselves in the container."""

    type: Literal["u", "g", "both"] = Field(description="Users, groups or both.")
    host_id: Count = Field(description="First id on the node.")
    container_id: Count = Field(description="First id in the container.")
    size: int = Field(ge=1, le=1 << 32, description="How many.")


class HealthCheck(Model):
    """How to see whether the container does its work."""

    command: Line = Field(
        description="A command that succeeds in a healthy container.", examples=["curl -sf http://localhost"]
    )
    retries: Count | None = Field(None, description="How often it is tried again.")
    interval: float | int | None = Field(None, gt=0, le=86400, description="Seconds between tries.")


class FirewallRule(Model):
    """One rule of Proxmox's firewall."""

    type: Literal["in", "out", "forward", "group"] = Field("in", description="Direction.")
    action: Name = Field(description="What to do, or the group.", examples=["ACCEPT"])
    source: FirewallTarget | None = Field(None, description="From where.")
    dest: FirewallTarget | None = Field(None, description="To where.")
    proto: Name | None = Field(None, description="Protocol.", examples=["tcp"])
    port: PortRange | None = Field(None, description="Destination port.", examples=["8000"])
    comment: Line | None = Field(None, description="For people.")


class ContainerFirewall(Model):
    """The container's firewall."""

    enabled: bool | None = Field(None, description="Whether it is on.")
    rules: Many[FirewallRule] = Field((), description="Its rules.")


class IntegrationTests(Model):
    """Of the seeds; nothing runs it."""

    script: ScriptName = Field(description="The script.")
