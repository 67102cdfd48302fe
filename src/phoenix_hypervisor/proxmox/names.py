"""What Proxmox takes as an id or a name. Each check returns None, or the reason in a short sentence.

Source: PVE::JSONSchema formats (pve-vmid, dns-name, pve-configid, pve-storage-id, pve-tag, mac-addr), pve-container.
"""

from __future__ import annotations

import ipaddress
import re

CTID_RANGE = range(100, 1_000_000_000)
RESERVED_SNAPSHOTS = frozenset({"current", "vzdump", "pending"})
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?"
_HOSTNAME = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}")
_SNAPSHOT = re.compile(r"[a-z][a-z0-9_\-]+", re.IGNORECASE)
_STORAGE = re.compile(r"[a-z][a-z0-9\-_.]*[a-z0-9]", re.IGNORECASE)
_TAG = re.compile(r"[a-z0-9_][a-z0-9_\-+.]*", re.IGNORECASE)
_MAC = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}", re.IGNORECASE)
_INTERFACE = re.compile(r"[a-zA-Z][a-zA-Z0-9_.\-]{1,14}")
_POOL = re.compile(r"[a-zA-Z][a-zA-Z0-9_.:\-]*")
_RESERVED_POOL = re.compile(r"(?:mirror|raidz|draid|spare).*|log")
"""Source: libzfs_pool.c of OpenZFS, zpool_name_valid."""
_DATASET = re.compile(r"[a-zA-Z][a-zA-Z0-9_.:\-]*(?:/[a-zA-Z0-9_.:\-]+)*")


def check_ctid(ctid: int) -> str | None:
    return None if ctid in CTID_RANGE else "a CTID is a number from 100 to 999999999"


def check_hostname(name: str) -> str | None:
    if len(name) > 255:
        return "a host name has at most 255 characters"
    return None if _HOSTNAME.fullmatch(name) else "it does not look like a DNS name (letters, digits, dashes and dots)"


def check_snapshot(name: str) -> str | None:
    if name.lower() in RESERVED_SNAPSHOTS:
        return "the name is reserved by Proxmox"
    if len(name) > 40:
        return "a snapshot name has at most 40 characters"
    if not _SNAPSHOT.fullmatch(name):
        return "a snapshot name is a letter followed by letters, digits, _ or -, two characters at least"
    return None


def check_storage_id(name: str) -> str | None:
    if _STORAGE.fullmatch(name):
        return None
    return "a storage id starts with a letter, ends with a letter or digit and holds letters, digits, - _ . between"


def check_tag(name: str) -> str | None:
    return None if _TAG.fullmatch(name) else "a tag holds letters, digits, _ - + . and starts with a letter, digit or _"


def check_mac(address: str) -> str | None:
    return None if _MAC.fullmatch(address) else "it does not look like a MAC address"


def is_multicast(mac: str) -> bool:
    """Whether the lowest bit of the first byte is set; Proxmox takes unicast addresses only."""
    return bool(int(mac[:2], 16) & 1)


def check_interface(name: str) -> str | None:
    return None if _INTERFACE.fullmatch(name) else "an interface name has 2 to 15 letters, digits, _ . or -"


def check_dataset(name: str) -> str | None:
    return None if _DATASET.fullmatch(name) else "it does not look like a ZFS dataset name"


def check_pool(name: str) -> str | None:
    if _RESERVED_POOL.fullmatch(name):
        return "ZFS keeps log, and what begins with mirror, raidz, draid or spare, for itself"
    return None if _POOL.fullmatch(name) else "it does not look like a ZFS pool name"


def check_cidr(address: str) -> str | None:
    """An address with prefix length, version 4 or 6."""
    text, slash, prefix = address.partition("/")
    if not slash or not prefix.isdigit():
        return "an address needs its prefix length, as in 10.0.0.5/24"
    try:
        ipaddress.ip_interface(f"{text}/{prefix}")
    except ValueError:
        return "it does not look like an IP address with prefix length"
    return None


def check_address(address: str) -> str | None:
    """An address without prefix length, version 4 or 6."""
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return "it does not look like an IP address"
    return None
