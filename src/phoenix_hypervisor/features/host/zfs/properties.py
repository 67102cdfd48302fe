"""Values of ZFS properties as ``zfs get -p`` reads them back, so that two ways of writing one are equal.

Source: zfsprops(7); zfs_prop.c and libzfs_util.c (zfs_nicestrtonum) of OpenZFS 2.2 and 2.3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.features.host.zfs.states import NOT_FOUND
from phoenix_hypervisor.machine import Fact

Version = tuple[int, int]
FIXED = frozenset(
    {"encryption", "keyformat", "pbkdf2iters", "volblocksize", "casesensitivity", "normalization", "utf8only"}
)
"""What only the creation of a dataset can set."""
_SPACE = ("quota", "refquota", "reservation", "refreservation")
_LIMITS = ("filesystem_limit", "snapshot_limit")
RESET: Mapping[str, str] = {
    **dict.fromkeys(
        ("quota", "refquota", "reservation", "refreservation", "filesystem_limit", "snapshot_limit"), "none"
    ),
    "canmount": "on",
}
"""What ``zfs inherit`` refuses, with the value that stands for nothing."""
_QUANTITY = re.compile(r"(\d+)(\.\d+)?([KMGTPEZ]?)(?:i?B)?", re.IGNORECASE)
_NUMBERS = frozenset({*_SPACE, "recordsize", "volsize", "volblocksize", "special_small_blocks"})
_SAME: Mapping[str, Mapping[str, str]] = {
    "acltype": {"posixacl": "posix", "noacl": "off"},
    "encryption": {"on": "aes-256-gcm"},
    "compression": {"gzip-6": "gzip", "zstd-fast-1": "zstd-fast"},
}
_NEWER_XATTR: Version = (2, 3)
_VERSION = re.compile(r"^zfs-(?:kmod-)?(\d+)\.(\d+)", re.MULTILINE)


def _version(result: Result) -> Version:
    """The kernel module's, which ``zpool version`` tells last; 0.0 where there is no ZFS."""
    if result.rc == NOT_FOUND:
        return 0, 0
    found = _VERSION.findall(result.stdout)
    if not found:
        raise NodeError(f"The node could not tell the version of its ZFS (zpool version): {result.said}")
    return int(found[-1][0]), int(found[-1][1])


VERSION: Fact[Version] = Fact("version of ZFS", Command("zpool", "version"), _version)


def normal(key: str, value: str, version: Version) -> str:
    """The value as that version of ZFS reads it back; what is no value of the property stays as it is."""
    if key in _LIMITS:
        return "none" if value in ("none", str((1 << 64) - 1)) else value
    if key in _NUMBERS:
        return str(size) if (size := quantity(value)) is not None else value
    if key == "xattr":
        return {"sa": "on"}.get(value, value) if version >= _NEWER_XATTR else {"dir": "on"}.get(value, value)
    if key == "mountpoint":
        return value.rstrip("/") or value
    return _SAME.get(key, {}).get(value, value)


def quantity(value: str) -> int | None:
    """Bytes of ``128K``, ``1.4T``, ``none``; None for what is no size."""
    if value == "none":
        return 0
    match = _QUANTITY.fullmatch(value)
    if match is None:
        return None
    unit = 1024 ** " KMGTPEZ".index(match[3].upper() or " ")
    return int(float(match[1] + match[2]) * unit) if match[2] else int(match[1]) * unit


def shown(key: str, value: str) -> str:
    """A value that was read, for people: bytes as they are declared."""
    return readable(int(value)) if key in _NUMBERS and value.isdigit() and int(value) else value


def readable(size: int) -> str:
    """A number of bytes for people, rounded."""
    value, unit = float(size), ""
    for each in "KMGTPE":
        if value < 1024:
            break
        value, unit = value / 1024, each
    return f"{value:.4g}{unit}" if unit else f"{size} B"
