"""Property strings (``name=eth0,bridge=vmbr0``) and sizes (``4G``), as Proxmox writes them.

Source: PVE::JSONSchema (parse_property_string, parse_size, format_size).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_SIZE = re.compile(r"^(\d+(?:\.\d+)?)([KMGT])?$")
_UNITS = {None: 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


class PropertyError(ValueError):
    """The text is no property string, or no size."""


def parse_properties(text: str, default_key: str | None = None) -> dict[str, str]:
    """The pairs of a property string, in their order; a bare first value belongs to ``default_key``."""
    found: dict[str, str] = {}
    for part in text.split(","):
        if not part.strip():
            continue
        key, equals, value = part.partition("=")
        if not equals:
            if default_key is None:
                raise PropertyError(f"value without key: {part!r}")
            key, value = default_key, part
        key = key.strip()
        if key in found:
            raise PropertyError(f"duplicate key {key!r}")
        found[key] = value.strip()
    return found


def render_properties(properties: Mapping[str, str], default_key: str | None = None) -> str:
    """One property string: the default key's value first and bare, the rest in their order."""
    parts = [properties[default_key]] if default_key is not None and default_key in properties else []
    parts += [f"{key}={value}" for key, value in properties.items() if key != default_key]
    return ",".join(parts)


def parse_size(text: str) -> int:
    """Bytes of a size such as ``512``, ``8M``, ``1.5G``."""
    match = _SIZE.match(text.strip())
    if match is None:
        raise PropertyError(f"no size: {text!r}")
    return int(float(match[1]) * _UNITS[match[2]])


def render_size(size: int) -> str:
    """The largest unit that divides the bytes without a rest, as Proxmox prints it."""
    for unit in ("T", "G", "M", "K"):
        if size and size % _UNITS[unit] == 0:
            return f"{size // _UNITS[unit]}{unit}"
    return str(size)
