"""Option values as Proxmox stores them. Source: PVE::LXC::Config (update_pct_config), PVE::GuestHelpers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator.contract import keys_of, print_properties, split_properties
from phoenix_hypervisor.simulator.failures import PveError

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.call import Call

NUMBERED = re.compile(r"^([a-z]+)(\d+)$")
_MAC_PREFIX = "BC:24:11"


def family(option: str) -> str:
    """``net`` of ``net0``; the option itself where it is not numbered."""
    match = NUMBERED.match(option)
    return match[1] if match else option


def random_mac(call: Call) -> str:
    digits = call.node.entropy().upper()
    return ":".join([_MAC_PREFIX, digits[0:2], digits[2:4], digits[4:6]])


def normalised(call: Call, option: str, value: str) -> str:
    """The value that is written: networks complete, tags sorted, lists with blanks."""
    kind = family(option)
    if kind == "net":
        return network(call, option, value)
    if kind == "dev":
        check_device(call, option, value)
    if kind == "hookscript" and value not in _scripts(call):
        raise PveError(f"hookscript: script '{value}' does not exist")
    if kind == "tags":
        return ";".join(sorted({tag.lower() for tag in re.split(r"[,;\s]+", value) if tag}))
    if kind in ("nameserver", "searchdomain"):
        return " ".join(part for part in re.split(r"[,;\s]+", value) if part)
    return value


def network(call: Call, option: str, value: str) -> str:
    """A ``netN`` with its type and its MAC address."""
    values, _wrong = split_properties(value, keys_of(option))
    values.setdefault("type", "veth")
    values["hwaddr"] = values.get("hwaddr", "").upper() or random_mac(call)
    return print_properties(values, keys_of(option))


def check_device(call: Call, option: str, value: str) -> None:
    """Raise where the device of a ``devN`` is not on the node."""
    values, _wrong = split_properties(value, keys_of(option))
    path = values.get("path")
    if path is None:
        raise PveError("Path is not defined for passthrough device " + option, 2)
    entry = call.node.files.stat(path)
    if entry is None:
        raise PveError(f"Device {path} does not exist", 2)
    if entry.kind != "device":
        raise PveError(f"{path} is not a device", 2)


def _scripts(call: Call) -> set[str]:
    found = set()
    for storage in call.node.storages.all().values():
        if storage.path and "snippets" in storage.content:
            paths = call.node.files.glob(f"{storage.path}/snippets/*")
            found |= {f"{storage.id}:snippets/{path.rpartition('/')[2]}" for path in paths}
    return found
