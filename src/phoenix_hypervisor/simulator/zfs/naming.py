"""Names of pools, datasets and snapshots. Source: zfs_namecheck.c."""

from __future__ import annotations

import re

from phoenix_hypervisor.simulator.zfs.model import ZfsError

_BAD_CHARACTER = re.compile(r"[^A-Za-z0-9_.:\- /@]")
_BAD_IN_POOL = re.compile(r"[^A-Za-z0-9_.:\- ]")
_RESERVED = re.compile(r"^(mirror|raidz[1-3]?|draid[1-3]?|spare|log)$|^(mirror|raidz|draid|spare)")


def check_dataset(name: str, action: str) -> None:
    """Raise ZfsError where a name cannot be a dataset's."""
    if "@" in name:
        raise ZfsError(f"cannot {action} '{name}': snapshot delimiter '@' is not expected here")
    if bad := _BAD_CHARACTER.search(name):
        raise ZfsError(f"cannot {action} '{name}': invalid character '{bad[0]}' in name")
    if "//" in name or name.endswith("/") or name.startswith("/"):
        raise ZfsError(f"cannot {action} '{name}': leading slash or empty component in name")


def check_snapshot(name: str, short: str) -> None:
    """Raise ZfsError where the part after the @ cannot be a snapshot's."""
    bad = _BAD_CHARACTER.search(short) or re.search("[/@]", short)
    if bad or not short:
        reason = f"invalid character '{bad[0]}' in name" if bad else "empty component in name"
        raise ZfsError(f"cannot create snapshot '{name}': {reason}")


def check_pool(name: str, action: str) -> None:
    """Raise ZfsError where a name cannot be a pool's."""
    reason = ""
    if bad := _BAD_IN_POOL.search(name):
        reason = f"invalid character '{bad[0]}' in pool name"
    elif not name[:1].isalpha():
        reason = "name must begin with a letter"
    elif _RESERVED.match(name):
        reason = "name is reserved"
    if reason:
        more = "\npool name may have been omitted" if reason == "name is reserved" and action == "create" else ""
        raise ZfsError(f"cannot {action} '{name}': {reason}{more}")
