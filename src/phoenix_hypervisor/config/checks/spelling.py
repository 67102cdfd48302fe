"""Two spellings of one thing that say different things; fields that one another require."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from phoenix_hypervisor.config.checks.lineage import SOURCE
from phoenix_hypervisor.config.checks.view import Finding, View, finds
from phoenix_hypervisor.config.site import Container
from phoenix_hypervisor.config.texts import shown


@finds("alias-conflict", fields=f"{SOURCE} static_ip network_config mac_address")
def alias_conflict(view: View) -> Iterator[Finding]:
    for container in view.containers.values():
        document = view.document(container)
        one, other = document.clone_from_ctid, document.clone_from_template_ctid
        if one is not None and other is not None and one != other:
            message = f"clone_from_ctid says {one}, clone_from_template_ctid says {other}."
            yield container.places.problem("alias-conflict", message, "clone_from_template_ctid", hint="Keep one.")
        network = document.network_config
        if network and document.static_ip and network.ip and not same_address(network.ip, document.static_ip):
            message = f"static_ip says {shown(document.static_ip)}, network_config says {shown(network.ip)}."
            yield container.places.problem("alias-conflict", message, "static_ip", hint="Remove static_ip.")
        mac = network.hwaddr if network else None
        if mac and document.mac_address and document.mac_address.upper() != mac.upper():
            message = f"mac_address says {document.mac_address}, network_config says {mac}."
            yield container.places.problem("alias-conflict", message, "mac_address", hint="Keep one.")
    host = view.site.host
    if host.firewall and host.shared_volumes.firewall and host.firewall != host.shared_volumes.firewall:
        message = "this firewall is not the one at the top of the document."
        yield view.site.places.problem(
            "alias-conflict", message, "shared_volumes.firewall", hint="Keep that at the top."
        )


def same_address(one: str, other: str) -> bool:
    """Whether two spellings mean one address; a prefix counts where both have one."""
    try:
        a, b = ipaddress.ip_interface(one), ipaddress.ip_interface(other)
    except ValueError:
        return one == other
    return a == b if "/" in one and "/" in other else a.ip == b.ip


@finds("gateway-family", fields="network_config", host="proxmox_defaults")
def gateway_family(view: View) -> Iterator[Finding]:
    """A gateway of another IP version than the address."""
    for container in view.containers.values():
        network, own = container.network, view.document(container).network_config
        if network is None or own is None or network.gw is None or network.address is None:
            continue
        if (":" in network.gw) is not (":" in network.address):
            message = f"the gateway {network.gw} is of another IP version than the address {network.address}."
            stands = container.places.find("network_config.gw") in container.places.source.offsets
            yield container.places.problem("value", message, "network_config.gw" if stands else "network_config")


@finds(
    "creation", fields=f"{SOURCE} template storage_pool is_template template_snapshot_name", host="proxmox_defaults zfs"
)
def creation(view: View) -> Iterator[Finding]:
    """What a container that is created, not cloned, cannot do without."""
    templates = any(container.is_template for container in view.site.containers.values())
    for container in view.containers.values():
        if container.source is not None or (templates and not container.is_template):
            continue
        if container.tarball is None:
            message = f"{container.ctid} is cloned from nothing, and names no OS tarball to be created from."
            hint = 'Give it a "template", or a "clone_from_ctid".'
            yield _missing(container, message, hint)
        if container.storage is None:
            message = f"{container.ctid} is to be created, and names no storage."
            yield _missing(container, message, 'Give it a "storage_pool".')


def _missing(container: Container, message: str, hint: str) -> Finding:
    return container.places.problem("missing-field", message, hint=hint)
