"""ZFS properties: which there are, what they take, how they read back. Source: zfsprops(7), OpenZFS 2.3."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from phoenix_hypervisor.simulator.zfs.model import ZfsError

_SIZE = re.compile(r"^(\d+(?:\.\d+)?)([KMGTPE]?)(?:i?B)?$", re.IGNORECASE)
_USER = re.compile(r"^[a-z0-9_.\-]*:[a-z0-9_.\-:+]*$")
_ON_OFF = ("on", "off")
_COMPRESSION = (
    "on | off | lzjb | gzip | gzip-[1-9] | zle | lz4 | zstd | zstd-[1-19] | zstd-fast | "
    "zstd-fast-[1-10,20,30,40,50,60,70,80,90,100,500,1000]"
)
_COMPRESSION_VALUES = re.compile(
    r"on|off|lzjb|gzip(-[1-9])?|zle|lz4|zstd(-([1-9]|1[0-9]))?|zstd-fast(-([1-9]|10|[2-9]0|100|500|1000))?"
)


@dataclass(frozen=True, slots=True)
class Property:
    """A native property: its default as ``-p`` prints it, the words it takes, whether children inherit it."""

    default: str
    values: tuple[str, ...] = ()
    size: bool = False
    inherit: bool = True
    aliases: Mapping[str, str] | None = None


_LIMIT = Property("0", size=True, inherit=False)
NATIVE: Mapping[str, Property] = {
    "aclinherit": Property("restricted", ("discard", "noallow", "restricted", "passthrough", "passthrough-x")),
    "aclmode": Property("discard", ("discard", "groupmask", "passthrough", "restricted")),
    "acltype": Property("off", ("off", "nfsv4", "posix"), aliases={"posixacl": "posix", "noacl": "off"}),
    "atime": Property("on", _ON_OFF),
    "canmount": Property("on", ("on", "off", "noauto"), inherit=False),
    "checksum": Property("on", ("on", "off", "fletcher2", "fletcher4", "sha256", "sha512", "skein", "edonr", "blake3")),
    "compression": Property("on"),
    "copies": Property("1", ("1", "2", "3")),
    "dedup": Property("off", ("on", "off", "verify", "sha256", "sha512", "skein", "blake3")),
    "devices": Property("on", _ON_OFF),
    "dnodesize": Property("legacy", ("legacy", "auto", "1k", "2k", "4k", "8k", "16k")),
    "exec": Property("on", _ON_OFF),
    "logbias": Property("latency", ("latency", "throughput")),
    "mountpoint": Property(""),
    "overlay": Property("on", _ON_OFF),
    "primarycache": Property("all", ("all", "none", "metadata")),
    "quota": _LIMIT,
    "readonly": Property("off", _ON_OFF),
    "recordsize": Property("131072", size=True),
    "redundant_metadata": Property("all", ("all", "most", "some", "none")),
    "refquota": _LIMIT,
    "refreservation": _LIMIT,
    "relatime": Property("on", _ON_OFF),
    "reservation": _LIMIT,
    "secondarycache": Property("all", ("all", "none", "metadata")),
    "setuid": Property("on", _ON_OFF),
    "sharenfs": Property("off"),
    "sharesmb": Property("off"),
    "snapdir": Property("hidden", ("disabled", "hidden", "visible")),
    "special_small_blocks": Property("0", size=True),
    "sync": Property("standard", ("standard", "always", "disabled")),
    "xattr": Property("on", ("on", "off", "dir", "sa"), aliases={"sa": "on"}),
}
_XATTR_2_2 = {"dir": "on"}
"""What ``on`` means in 2.2; from 2.3 on it means ``sa``."""
READ_ONLY = (
    "available",
    "compressratio",
    "createtxg",
    "creation",
    "guid",
    "mounted",
    "name",
    "origin",
    "referenced",
    "type",
    "used",
    "usedbydataset",
    "written",
)
SHORT = {"avail": "available", "refer": "referenced", "compress": "compression", "recsize": "recordsize"}
_SNAPSHOT_PROPERTIES = frozenset(READ_ONLY) - {"available", "mounted", "usedbydataset"}


def canonical(name: str) -> str:
    return SHORT.get(name, name)


def is_user(name: str) -> bool:
    return bool(_USER.match(name))


def is_known(name: str) -> bool:
    return name in NATIVE or name in READ_ONLY or is_user(name)


def applies_to_snapshot(name: str) -> bool:
    return name in _SNAPSHOT_PROPERTIES or is_user(name)


def normalised(name: str, value: str, version: str) -> str:
    """The value as ``zfs get -p`` of a ZFS reads it back. Raises ZfsError with the reason alone, exit status 255."""
    if is_user(name):
        return value
    if name in READ_ONLY:
        raise ZfsError(f"'{name}' is readonly", 255)
    known = NATIVE.get(name)
    if known is None:
        raise ZfsError(f"invalid property '{name}'", 255)
    if known.size:
        return _normalised_size(name, value)
    aliases = _XATTR_2_2 if name == "xattr" and version.startswith("2.2") else known.aliases or {}
    value = aliases.get(value, value)
    if name == "compression":
        if not _COMPRESSION_VALUES.fullmatch(value):
            raise ZfsError(f"'compression' must be one of '{_COMPRESSION}'", 255)
    elif name == "mountpoint":
        if value not in ("none", "legacy") and not value.startswith("/"):
            raise ZfsError("'mountpoint' must be an absolute path, 'none', or 'legacy'", 255)
    elif known.values and value not in known.values:
        raise ZfsError(f"'{name}' must be one of '{' | '.join(known.values)}'", 255)
    return value


def all_normalised(values: Mapping[str, str], version: str) -> dict[str, str]:
    """Properties by their full names, as they read back. Raises ZfsError with the reason alone."""
    names = {canonical(key): value for key, value in values.items()}
    return {key: normalised(key, value, version) for key, value in names.items()}


def _normalised_size(name: str, value: str) -> str:
    if value == "none" and name in ("quota", "refquota", "reservation", "refreservation"):
        return "0"
    match = _SIZE.match(value)
    if match is None:
        raise ZfsError(f"bad numeric value '{value}'", 255)
    size = int(float(match[1]) * 1024 ** " KMGTPE".index(match[2].upper() or " "))
    if name == "recordsize" and (size & (size - 1) or not 512 <= size <= 16 << 20):
        raise ZfsError("'recordsize' must be power of 2 from 512B to 16M", 255)
    return str(size)


def readable(name: str, value: str) -> str:
    """The value as it is printed without ``-p``."""
    known = NATIVE.get(name)
    if name in ("quota", "refquota", "reservation", "refreservation") and value == "0":
        return "none"
    if (known and known.size) or name in ("used", "available", "referenced", "usedbydataset", "written"):
        return nice(int(value)) if value.isdigit() else value
    return f"{value}x" if name == "compressratio" else value


def nice(number: int) -> str:
    """A number as zfs_nicebytes prints it: five characters at most."""
    power = 0
    while number >= 1024 ** (power + 1) and power < 6:
        power += 1
    if power == 0:
        return f"{number}B"
    unit, letter = 1024**power, " KMGTPE"[power]
    if number % unit == 0:
        return f"{number // unit}{letter}"
    texts = [f"{number / unit:.{places}f}{letter}" for places in (2, 1, 0)]
    return next((text for text in texts if len(text) <= 5), texts[-1])


def descend(key: str, value: str, below: str) -> str:
    """What a dataset inherits that lies so far below: the value, and of a mount point a folder in it."""
    return value.rstrip("/") + below if key == "mountpoint" and value.startswith("/") else value
