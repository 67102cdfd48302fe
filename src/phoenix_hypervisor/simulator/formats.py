"""Proxmox's named formats: what a value must look like, and what Proxmox says when it does not.

Each check returns the reason, or None. Source: PVE::JSONSchema, PVE::LXC::Config, PVE::Storage::Plugin.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from zoneinfo import available_timezones

Check = Callable[[str], str | None]

_NAME = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9\-]*[a-zA-Z0-9])?)"
_ID = r"[a-zA-Z][a-zA-Z0-9\-_.]*[a-zA-Z0-9]"
_POOL = r"[A-Za-z0-9._\-]+"
_LIST = re.compile(r"[,;\s\0]+")
_CONTENT = "backup images import iso none rootdir snippets vztmpl"
_ZONE = re.compile(
    r"(Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific)(/[A-Za-z_+\-0-9]+)+"
)
_TRAVERSAL = re.compile(r"/\.\.?/|/\.\.?$|^\.\.?/")


def _matching(pattern: str, reason: str) -> Check:
    compiled = re.compile(pattern)

    def check(value: str) -> str | None:
        return None if compiled.fullmatch(value) else reason.replace("{}", value)

    return check


def _listed(check: Check) -> Check:
    def check_all(value: str) -> str | None:
        return next((wrong for part in _LIST.split(value) if part and (wrong := check(part))), None)

    return check_all


def _address(version: int) -> Check:
    def check(value: str) -> str | None:
        try:
            fine = ipaddress.ip_address(value).version == version
        except ValueError:
            fine = False
        return None if fine else f"value does not look like a valid ipv{version} address"

    return check


def _network(version: int, words: tuple[str, ...], shortest: int, longest: int) -> Check:
    address = _address(version)

    def check(value: str) -> str | None:
        host, _, prefix = value.partition("/")
        numbered = prefix.isdigit() and shortest <= int(prefix) <= longest and address(host) is None
        fine = value in words or numbered
        return None if fine else f"value does not look like a valid ipv{version} network configuration"

    return check


def _resolver(value: str) -> str | None:
    host = value.partition("%")[0]
    fine = value == "host" or _address(4)(host) is None or _address(6)(host) is None
    return None if fine else "value does not look like a valid IP address"


def _mount_point(value: str) -> str | None:
    return f"{value} contains illegal character sequences" if _TRAVERSAL.search(value) else None


def _device(value: str) -> str | None:
    fine = value.startswith("/dev/") and not _TRAVERSAL.search(value)
    return None if fine else f"{value} is not a valid device path"


def _content(value: str) -> str | None:
    return None if value in _CONTENT.split() else f"invalid content type '{value}'"


def _timezone(value: str) -> str | None:
    """A name of zone.tab, as far as Python's own tables know it; any of the form where it has none."""
    known = available_timezones()
    listed = bool(_ZONE.fullmatch(value)) and (value in known or not known)
    return None if value in ("host", "UTC") or listed else f"invalid time zone '{value}'"


def _startup(value: str) -> str | None:
    fine = all(re.fullmatch(r"(order=)?\d+|(up|down)=\d+", part) for part in value.split(","))
    return None if fine else "unable to parse startup options"


_dns_name = _matching(rf"{_NAME}(?:\.{_NAME})*", "value does not look like a valid DNS name")
_config_id = _matching(r"[a-zA-Z][a-zA-Z0-9_\-]+", "invalid configuration ID '{}'")
_storage_id = _matching(_ID, "storage ID '{}' contains illegal characters")
_user = _matching(r"[^\s:/]+@[A-Za-z][A-Za-z0-9.\-_]+", "value '{}' does not look like a valid user name")
_group = _matching(r"[A-Za-z0-9.\-_]+", "group name '{}' contains invalid characters")
_role = _matching(r"[A-Za-z0-9.\-_]+", "role name '{}' contains invalid characters")
_token = _matching(
    r"[^\s:/]+@[A-Za-z][A-Za-z0-9.\-_]+![A-Za-z][A-Za-z0-9.\-_]+", "value '{}' does not look like a valid token ID"
)
_node = _matching(_NAME, "value does not look like a valid node name")
_tag = _matching(r"[a-zA-Z0-9_][a-zA-Z0-9_\-+.]*", "invalid characters in tag")

FORMATS: Mapping[str, Check] = {
    "email-opt": _matching(r"|[a-zA-Z0-9.\-_+]+@[a-zA-Z0-9.\-_]+", "value does not look like a valid email address"),
    "disk-size": _matching(r"\d+(\.\d+)?[KMGT]?", "value does not look like a valid disk size"),
    "dns-name": _dns_name,
    "dns-name-list": _listed(_dns_name),
    "ipv4": _address(4),
    "ipv6": _address(6),
    "lxc-ip-with-ll-iface-list": _listed(_resolver),
    "mac-addr": _matching(
        r"(?i:[0-9a-f][02468ace](:[0-9a-f]{2}){5})", "value does not look like a valid unicast MAC address"
    ),
    "pve-configid": _config_id,
    "pve-configid-list": _listed(_config_id),
    "pve-ct-timezone": _timezone,
    "pve-groupid": _group,
    "pve-groupid-list": _listed(_group),
    "pve-ipv4-config": _network(4, ("dhcp", "manual"), 8, 32),
    "pve-ipv6-config": _network(6, ("auto", "dhcp", "manual"), 8, 128),
    "pve-lxc-dev-string": _device,
    "pve-lxc-mp-string": _mount_point,
    "pve-node": _node,
    "pve-node-list": _listed(_node),
    "pve-poolid": _matching(rf"{_POOL}(/{_POOL}){{0,2}}", "value '{}' does not look like a valid pool name"),
    "pve-roleid": _role,
    "pve-roleid-list": _listed(_role),
    "pve-startup-order": _startup,
    "pve-storage-content": _content,
    "pve-storage-content-list": _listed(_content),
    "pve-storage-id": _storage_id,
    "pve-storage-path": _matching(r"/.*", "value does not look like a valid absolute path"),
    "pve-storage-server": _matching(
        rf"[\da-fA-F.:]+|{_NAME}(\.{_NAME})*", "value does not look like a valid server name or IP address"
    ),
    "pve-tag-list": _listed(_tag),
    "pve-tokenid-list": _listed(_token),
    "pve-userid": _user,
    "pve-userid-list": _listed(_user),
    "pve-vmid": _matching(r"[1-9][0-9]{2,8}", "value does not look like a valid VM ID"),
    "pve-volume-id": _matching(rf"{_ID}:.+", "unable to parse volume ID '{}'"),
}


def check_format(name: str, value: str) -> str | None:
    """The reason why a value is not of a format; None when it is, or when the format is not checked here."""
    check = FORMATS.get(name)
    return check(value) if check else None
