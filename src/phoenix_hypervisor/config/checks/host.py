"""Shares, exports, drivers, secrets."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from phoenix_hypervisor.config.checks.view import Finding, View, finds
from phoenix_hypervisor.config.texts import did_you_mean, shown
from phoenix_hypervisor.documents.secrets import Secret

_RUNFILE = re.compile(r"NVIDIA-Linux-[a-z0-9_]+-([0-9]+(?:\.[0-9]+)+)\.run")


def given_paths(view: View) -> tuple[set[PurePosixPath], set[PurePosixPath]]:
    """Paths of declared datasets, below which anything may lie; paths of pools, which give themselves only."""
    host = view.site.host
    bases = [PurePosixPath("/"), PurePosixPath(host.mount_point_base or "/mnt/pve")]
    datasets: set[PurePosixPath] = set()
    for dataset in host.zfs.datasets if host.zfs else ():
        datasets |= {PurePosixPath(dataset.full_name), *(base / dataset.full_name for base in bases)}
        if (mountpoint := dataset.properties.get("mountpoint", "")).startswith("/"):
            datasets.add(PurePosixPath(mountpoint))
    names = [pool.name for pool in (host.zfs.pools if host.zfs else ())]
    pools = {PurePosixPath(name) for name in names} | {base / name for base in bases for name in names}
    return datasets, pools


def _is_given(view: View, text: str) -> bool:
    path = PurePosixPath("/".join(part for part in text.split("/") if part))
    path = "/" / path if text.startswith("/") else path
    datasets, pools = given_paths(view)
    return path in pools or any(path.is_relative_to(dataset) for dataset in datasets)


def _unknown_path(view: View, code: str, path: str, field: str) -> Iterator[Finding]:
    if not _is_given(view, path):
        names = [dataset.full_name for dataset in (view.site.host.zfs.datasets if view.site.host.zfs else ())]
        message = f"no declared dataset or pool gives {shown(path)}."
        yield view.site.places.problem(code, message, field, hint=did_you_mean(path.lstrip("/"), names))


@finds("share-path-unknown", host="zfs samba mount_point_base")
def share_path_unknown(view: View) -> Iterator[Finding]:
    samba = view.site.host.samba
    for index, share in enumerate(samba.shares if samba else ()):
        yield from _unknown_path(view, "share-path-unknown", share.path, f"samba.shares.{index}.path")


@finds("export-path-unknown", host="zfs nfs mount_point_base")
def export_path_unknown(view: View) -> Iterator[Finding]:
    nfs = view.site.host.nfs
    for index, export in enumerate(nfs.exports if nfs else ()):
        yield from _unknown_path(view, "export-path-unknown", export.path, f"nfs.exports.{index}.path")


@finds("driver-versions-disagree", host="nvidia_driver nvidia")
def driver_versions_disagree(view: View) -> Iterator[Finding]:
    lxc, host = view.documents.lxc, view.site.host.nvidia_driver
    in_host = {"version": host.version, "runfile_url": host.runfile_url} if host else {}
    for field, ours in (("version", lxc.nvidia_driver_version), ("runfile_url", lxc.nvidia_runfile_url)):
        theirs = in_host.get(field)
        if ours and theirs and ours != theirs:
            place = view.site.place(f"nvidia_driver.{field}")
            name = "nvidia_driver_version" if field == "version" else "nvidia_runfile_url"
            message = f"{shown(ours)} is not what the host file says: {shown(theirs)}, {place}."
            yield view.site.lxc_places.problem("driver-versions-disagree", message, name, hint="Give both the same.")
    yield from _runfile_of_another_version(view)


def _runfile_of_another_version(view: View) -> Iterator[Finding]:
    lxc, host = view.documents.lxc, view.site.host.nvidia_driver
    pairs = (
        (
            view.site.places,
            "nvidia_driver.runfile_url",
            host.version if host else None,
            host.runfile_url if host else None,
        ),
        (view.site.lxc_places, "nvidia_runfile_url", lxc.nvidia_driver_version, lxc.nvidia_runfile_url),
    )
    for places, field, version, url in pairs:
        match = _RUNFILE.search(url or "")
        if version and match and match[1] != version:
            message = f"the installer is of version {match[1]}, but {version} is declared."
            yield places.problem("driver-versions-disagree", message, field)


def _secrets(view: View) -> Iterator[tuple[str, Secret]]:
    host = view.site.host
    if host.users is not None and host.users.password_hash is not None:
        yield "users.password_hash", host.users.password_hash
    if host.samba is not None and host.samba.password is not None:
        yield "samba.password", host.samba.password
    if host.docker.portainer_admin_password is not None:
        yield "docker.portainer_admin_password", host.docker.portainer_admin_password
    if host.docker.portainer_agent_secret is not None:
        yield "docker.portainer_agent_secret", host.docker.portainer_agent_secret


@finds("literal-secret")
def literal_secret(view: View) -> Iterator[Finding]:
    for field, secret in _secrets(view):
        if secret.origin == "literal" and not secret.is_unset:
            message = "a secret stands in the file itself."
            hint = 'Write {"env": "NAME"}, {"file": "PATH"} or {"credential": "NAME"}.'
            yield view.site.places.problem("literal-secret", message, field, hint=hint, severity="warning")


@finds("secret-file")
def secret_file(view: View) -> Iterator[Finding]:
    """A secret's file that others can read, where it lies on this machine."""
    for field, secret in _secrets(view):
        if fault := secret.file_fault(view.site.etc):
            message = f"the file {shown(secret.reference)} {fault}."
            hint = f"Run: chmod 600 {secret.reference}"
            yield view.site.places.problem("value", message, field, hint=hint)


@finds("own-address", host="network")
def own_address(view: View) -> Iterator[Finding]:
    """An address of the node that no interface can have, or a gateway that cannot be reached from it."""
    own = view.site.host.network.interfaces
    if own is None:
        return
    address = ipaddress.ip_interface(own.address)
    if address.ip == address.network.network_address and address.network.num_addresses > 2:
        message = f"{own.address} is the address of the network itself."
        yield view.site.places.problem("value", message, "network.interfaces.address")
    if own.gateway is None:
        return
    gateway = ipaddress.ip_address(own.gateway)
    if gateway.version != address.version:
        message = f"the gateway {own.gateway} is of another IP version than the address {own.address}."
        yield view.site.places.problem("value", message, "network.interfaces.gateway")
    elif gateway == address.ip:
        message = f"the gateway {own.gateway} is the node's own address."
        yield view.site.places.problem("value", message, "network.interfaces.gateway")


@finds("driver-without-version", host="nvidia_driver nvidia")
def driver_without_version(view: View) -> Iterator[Finding]:
    """A driver that is to be installed in no version."""
    driver = view.site.host.nvidia_driver
    if driver is not None and driver.install and driver.version is None:
        message = "install has no effect: no version is given."
        places, hint = view.site.places, "Give nvidia_driver.version."
        yield places.problem("field-without-effect", message, "nvidia_driver.install", hint=hint, severity="warning")
