"""What a configuration asks for and nothing establishes yet. It is said in every plan, and never taken as done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from phoenix_hypervisor.config.site import Container, Site
from phoenix_hypervisor.features.registry import features


def unmanaged(site: Site, ctids: Iterable[int], host: bool) -> Mapping[str, tuple[str, ...]]:
    """Name of the feature or field to the targets that ask for it."""
    found: dict[str, list[str]] = {}
    for name in host_parts(site) if host else ():
        found.setdefault(name, []).append("host")
    for ctid in ctids:
        for name in _of_container(site.containers[ctid]):
            found.setdefault(name, []).append(str(ctid))
    return {name: tuple(targets) for name, targets in found.items()}


def _of_container(container: Container) -> Iterable[str]:
    known = features()
    yield from (name for name in container.features if name not in known)
    if container.health_check is not None:
        yield "health_check"


def host_parts(site: Site) -> Iterable[str]:
    """The parts of the host file that host set-up will establish."""
    host = site.host
    parts = {
        "initial_setup": bool(host.timezone or host.domain_name or host.network.interfaces),
        "nvidia": bool(site.nvidia.version) and host.nvidia_driver is not None,
        "admin_user": host.users is not None,
        "zfs": host.zfs is not None,
        "nfs": bool(host.nfs and host.nfs.exports),
        "samba": bool(host.samba and host.samba.shares),
        "firewall": site.firewall is not None,
    }
    return (name for name, asked in parts.items() if asked)
