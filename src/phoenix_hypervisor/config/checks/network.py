"""Addresses, MAC addresses, firewalls."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterator

from phoenix_hypervisor.config.checks.view import Finding, View, finds
from phoenix_hypervisor.config.site import Container
from phoenix_hypervisor.config.texts import listing
from phoenix_hypervisor.proxmox.names import is_multicast


@finds("duplicate-address", fields="network_config static_ip", host="proxmox_defaults")
def duplicate_address(view: View) -> Iterator[Finding]:
    owners: dict[str, list[str]] = defaultdict(list)
    interface = view.site.host.network.interfaces
    if interface is not None:
        owners[str(ipaddress.ip_interface(interface.address).ip)].append("the node")
    with_address = [(each, address) for each in view.containers.values() if (address := _address(each))]
    for container, address in with_address:
        owners[address].append(str(container.ctid))
    for container, address in with_address:
        others = [owner for owner in owners[address] if owner != str(container.ctid)]
        if others:
            own = view.document(container).network_config
            hint = "" if own else "It comes from proxmox_defaults.lxc.network_config; give the container its own."
            message = f"{container.ctid} has the address {address}, which {listing(others)} {_has(others)} too."
            field = "network_config.ip" if own and own.ip else "static_ip" if own else ""
            yield container.places.problem("duplicate-address", message, _standing(container, field), hint=hint)


def _has(owners: list[str]) -> str:
    return "has" if len(owners) == 1 else "have"


def _standing(container: Container, field: str) -> str:
    """The field, or the one above it where the network stands as one string."""
    steps = container.places.find(field)
    return field if not field or steps in container.places.source.offsets else field.partition(".")[0]


def _address(container: Container) -> str | None:
    return container.network.address if container.network is not None else None


@finds("duplicate-mac", fields="network_config mac_address")
def duplicate_mac(view: View) -> Iterator[Finding]:
    owners: dict[str, list[int]] = defaultdict(list)
    for container in view.containers.values():
        if mac := _mac(container):
            owners[mac].append(container.ctid)
    for container in view.containers.values():
        others = [ctid for ctid in owners.get(_mac(container) or "", ()) if ctid != container.ctid]
        if others:
            message = f"{container.ctid} has the MAC address {_mac(container)}, which {listing(others)} has too."
            yield container.places.problem("duplicate-mac", message, "network_config.hwaddr")


@finds("multicast-mac", fields="network_config mac_address")
def multicast_mac(view: View) -> Iterator[Finding]:
    for container in view.containers.values():
        mac = _mac(container)
        if mac is not None and is_multicast(mac):
            unicast = f"{int(mac[:2], 16) & 0xFE:02X}{mac[2:]}"
            message = f"{mac} is a multicast address; an interface needs a unicast one."
            hint = f"Such as {unicast}."
            yield container.places.problem("multicast-mac", message, "network_config.hwaddr", hint=hint)


def _mac(container: Container) -> str | None:
    return container.network.hwaddr if container.network is not None else None


@finds("firewall-without-rules", fields="firewall")
def firewall_without_rules(view: View) -> Iterator[Finding]:
    for container in view.containers.values():
        if container.firewall is not None and container.firewall.enabled and not container.firewall.rules:
            message = f"the firewall of {container.ctid} is on without a rule: nothing from outside reaches it."
            yield container.places.problem("firewall-without-rules", message, "firewall", severity="warning")
    firewall = None if view.lost(frozenset({"firewall", "shared_volumes"})) else view.site.firewall
    if firewall is not None and firewall.enabled and not firewall.global_firewall_rules:
        if firewall.default_input_policy in (None, "ACCEPT"):
            return
        message = f"the firewall is on and answers everything with {firewall.default_input_policy}, without a rule."
        hint = "Add a rule that keeps management reachable."
        field = "firewall" if view.site.host.firewall else "shared_volumes.firewall"
        yield view.site.places.problem("firewall-without-rules", message, field, hint=hint, severity="warning")
