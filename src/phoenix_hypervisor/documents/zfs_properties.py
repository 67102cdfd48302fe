"""The properties of ZFS datasets that can be set, and their values. Source: zfsprops(7) of OpenZFS 2.1 to 2.4."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches

_SIZE = r"\d+(?:\.\d+)?(?:[KMGTPE](?:i?B)?|B)?"
_COMPRESSION = (
    r"on|off|lz4|lzjb|zle|gzip(?:-[1-9])?|zstd(?:-(?:1[0-9]|[1-9]))?|zstd-fast(?:-(?:[1-9]|10|[2-9]0|100|500|1000))?"
)
_CHECKSUM = "fletcher2|fletcher4|sha256|noparity|sha512|skein|edonr|blake3"
_ON_OFF = "on|off"
_VALUES: Mapping[str, str] = {
    "aclinherit": "discard|noallow|restricted|passthrough|passthrough-x",
    "aclmode": "discard|groupmask|passthrough|restricted",
    "acltype": "off|noacl|nfsv4|posix|posixacl",
    "atime": _ON_OFF,
    "canmount": "on|off|noauto",
    "casesensitivity": "sensitive|insensitive|mixed",
    "checksum": f"on|off|{_CHECKSUM}",
    "compression": _COMPRESSION,
    "copies": "[123]",
    "dedup": f"on|off|verify|(?:{_CHECKSUM})(?:,verify)?",
    "devices": _ON_OFF,
    "direct": "disabled|standard|always",
    "dnodesize": "legacy|auto|1k|2k|4k|8k|16k",
    "encryption": "on|off|aes-(?:128|192|256)-[cg]cm",
    "exec": _ON_OFF,
    "filesystem_limit": r"none|\d+",
    "keyformat": "raw|hex|passphrase",
    "keylocation": r"prompt|(?:file|https?)://.+",
    "logbias": "latency|throughput",
    "longname": _ON_OFF,
    "mlslabel": ".+",
    "mountpoint": r"none|legacy|/.*",
    "nbmand": _ON_OFF,
    "normalization": "none|formC|formD|formKC|formKD",
    "overlay": _ON_OFF,
    "pbkdf2iters": r"\d+",
    "prefetch": "all|none|metadata",
    "primarycache": "all|none|metadata",
    "quota": f"none|{_SIZE}",
    "readonly": _ON_OFF,
    "recordsize": _SIZE,
    "redundant_metadata": "all|most|some|none",
    "refquota": f"none|{_SIZE}",
    "refreservation": f"none|auto|{_SIZE}",
    "relatime": _ON_OFF,
    "reservation": f"none|{_SIZE}",
    "secondarycache": "all|none|metadata",
    "setuid": _ON_OFF,
    "sharenfs": ".+",
    "sharesmb": ".+",
    "snapdev": "hidden|visible",
    "snapdir": "disabled|hidden|visible",
    "snapshot_limit": r"none|\d+",
    "special_small_blocks": _SIZE,
    "sync": "standard|always|disabled",
    "utf8only": _ON_OFF,
    "version": r"[1-5]|current",
    "volblocksize": _SIZE,
    "volmode": "default|full|geom|dev|none",
    "volsize": _SIZE,
    "vscan": _ON_OFF,
    "xattr": "on|off|dir|sa",
    "zoned": _ON_OFF,
}
"""Property to a pattern of its values."""
_RECORDS = frozenset({"recordsize", "volblocksize"})
_LEAST, _MOST = 512, 16 << 20


def wrong(key: str, value: str) -> str | None:
    """Why ZFS would not take it; None where it would. Properties with a colon are people's own."""
    if ":" in key:
        return None
    if key not in _VALUES:
        close = get_close_matches(key, _VALUES, 1)
        return f'ZFS has no property "{key}" that can be set' + (f"; {close[0]}?" if close else "")
    if not re.fullmatch(_VALUES[key], value, re.IGNORECASE):
        return f'"{value}" is no value of {key}'
    if key in _RECORDS and not _is_record(value):
        return f"{key} is a power of two from 512 to 16M"
    return None


def _is_record(value: str) -> bool:
    number = re.fullmatch(r"(\d+)([KM]?)(?:i?B)?", value, re.IGNORECASE)
    if number is None:
        return False
    size = int(number[1]) << {"": 0, "K": 10, "M": 20}[number[2].upper()]
    return _LEAST <= size <= _MOST and not size & (size - 1)
