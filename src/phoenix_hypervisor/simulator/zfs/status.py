"""``zpool status``. Source: OpenZFS 2.3, zpool_main.c (print_status_config, vdev_stats_nvlist)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from phoenix_hypervisor.simulator.disks.devices import Disks
from phoenix_hypervisor.simulator.zfs import vdevs
from phoenix_hypervisor.simulator.zfs.model import Group, Leaf, Pool
from phoenix_hypervisor.simulator.zfs.properties import nice
from phoenix_hypervisor.simulator.zfs.space import Space

_LABELS = 4_718_592
"""Labels and the rest of a disk that stands alone."""
_SPACE = frozenset({"alloc_space", "total_space", "def_space", "rep_dev_size", "phys_space"})
_ERRORS = ("read_errors", "write_errors", "checksum_errors")
_ROLES = ("logs", "cache", "spares")
_KEYS = {"logs": "logs", "cache": "l2cache", "spares": "spares"}
_OFFLINE = (
    "status: One or more devices has been taken offline by the administrator.\n"
    "\tSufficient replicas exist for the pool to continue functioning in a\n\tdegraded state.\n"
    "action: Online the device using 'zpool online' or replace the device with\n\t'zpool replace'.\n"
)
_MISSING = (
    "status: One or more devices could not be used because the label is missing or\n"
    "\tinvalid.  Sufficient replicas exist for the pool to continue\n\tfunctioning in a degraded state.\n"
    "action: Replace the device using 'zpool replace'.\n"
    "   see: https://openzfs.github.io/openzfs-docs/msg/ZFS-8000-4J\n"
)

Name = Callable[[Leaf], str]


def namer(disks: Disks, *, full: bool, followed: bool) -> Name:
    """How devices are called: by their last name, with ``full`` by the path of what is labelled, links ``followed``."""

    def name(leaf: Leaf) -> str:
        device = disks.at(leaf.member if full else leaf.path)
        path = f"/dev/{device.name}" if followed and device else leaf.member if full else leaf.path
        return path if full else path.rpartition("/")[2]

    return name


def as_text(pool: Pool, disks: Disks, name: Name) -> str:
    rows = [(pool.name, vdevs.pool_state(pool, disks), True)]
    for role in ("", *_ROLES):
        groups = [group for group in pool.groups if group.role == role]
        rows += [(role, "", False)] if role and groups else []
        for group in groups:
            rows += _rows(pool, group, disks, name)
    width = max(10, *(len(row[0]) for row in rows))
    body = "".join(_line(text, state, counted, width) for text, state, counted in rows)
    head = f"  pool: {pool.name}\n state: {rows[0][1]}\n{_reason(pool, disks)}{_scan(pool)}config:\n\n"
    return f"{head}\t{'NAME':<{width}}  {'STATE':<8}  READ WRITE CKSUM\n{body}\nerrors: No known data errors\n"


def _rows(pool: Pool, group: Group, disks: Disks, name: Name) -> list[tuple[str, str, bool]]:
    own, indent = [], "  "
    if group.kind:
        own = [(f"  {vdevs.names_of(pool)[group.guid]}", vdevs.group_state(group, pool, disks), True)]
        indent = "    "
    spare = group.role == "spares"
    states = ("AVAIL" if spare else vdevs.state_of(leaf, pool, disks) for leaf in group.leaves)
    return [*own, *((indent + name(leaf), state, not spare) for leaf, state in zip(group.leaves, states, strict=True))]


def _line(text: str, state: str, counted: bool, width: int) -> str:
    return (
        f"\t{text:<{width}}  {state:<8} {0:>5} {0:>5} {0:>5}\n"
        if counted
        else f"\t{text:<{width}}  {state}".rstrip() + "\n"
    )


def _reason(pool: Pool, disks: Disks) -> str:
    states = {vdevs.state_of(leaf, pool, disks) for leaf in pool.leaves}
    return _MISSING if "UNAVAIL" in states else _OFFLINE if "OFFLINE" in states else ""


def _scan(pool: Pool) -> str:
    if pool.scrubbed is None:
        return ""
    when = datetime.fromtimestamp(pool.scrubbed, UTC).strftime("%a %b %e %H:%M:%S %Y")
    return f"  scan: scrub repaired 0B in 00:00:00 with 0 errors on {when}\n"


def as_json(pools: Iterable[Pool], space: Space, disks: Disks, name: Name, *, numbers: bool) -> str:
    """What ``-j`` prints; with ``numbers`` as ``--json-int``."""
    found = {
        "output_version": {"command": "zpool status", "vers_major": 0, "vers_minor": 1},
        "pools": {pool.name: _pool(pool, space, disks, name) for pool in pools},
    }
    value = found if numbers else {**found, "pools": _as_words(found["pools"])}
    return json.dumps(value, separators=(",", ":")) + "\n"


def _as_words(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _as_words(one, name) for name, one in value.items()}
    if isinstance(value, int):
        return nice(value).removesuffix("B") if key in _SPACE else str(value)
    return value


def _pool(pool: Pool, space: Space, disks: Disks, name: Name) -> dict[str, Any]:
    allocated, state = space.of_pool(pool.name), vdevs.pool_state(pool, disks)
    usage = {"alloc_space": allocated, "total_space": pool.size, "def_space": pool.usable or pool.size}
    errors = dict.fromkeys(_ERRORS, 0)
    data = [group for group in pool.groups if not group.role]
    inside = _groups(pool, data, allocated, disks, name)
    root = {"name": pool.name, "vdev_type": "root", "guid": pool.guid, "class": "normal", "state": state}
    reason = _reason(pool, disks).split("action: ")
    texts = [" ".join(text.removeprefix("status: ").split()) for text in reason[:2]] if len(reason) == 2 else []
    found = {
        "name": pool.name,
        "state": state,
        "pool_guid": pool.guid,
        "txg": 4,
        "spa_version": 5000,
        "zpl_version": 5,
        **(dict(zip(("status", "action"), texts, strict=True)) if texts else {}),
        **({"scan_stats": _scan_stats(pool)} if pool.scrubbed is not None else {}),
        "vdevs": {pool.name: {**root, **usage, **errors, "vdevs": inside}},
    }
    for role in _ROLES:
        if groups := [group for group in pool.groups if group.role == role]:
            found[_KEYS[role]] = _groups(pool, groups, 0, disks, name)
    return {**found, "error_count": 0}


def _scan_stats(pool: Pool) -> dict[str, Any]:
    when = datetime.fromtimestamp(pool.scrubbed or 0.0, UTC).strftime("%a %b %e %H:%M:%S %Y")
    counts = ("to_examine", "examined", "skipped", "processed", "errors")
    times = {"start_time": when, "end_time": when}
    return {"function": "SCRUB", "state": "FINISHED", **times, **dict.fromkeys(counts, 0)}


def _groups(pool: Pool, groups: Sequence[Group], allocated: int, disks: Disks, name: Name) -> dict[str, Any]:
    """The virtual devices at the top; what is allocated is shared out by their sizes."""
    found: dict[str, Any] = {}
    total = sum(group.size for group in groups) or 1
    for group in groups:
        usage = {"alloc_space": allocated * group.size // total, "total_space": group.size, "def_space": group.size}
        usage["def_space"] = (pool.usable or pool.size) * group.size // (pool.size or 1)
        if not group.kind:
            alone = {**usage, "rep_dev_size": group.size + _LABELS}
            found |= {name(leaf): _disk(pool, leaf, alone, disks, name) for leaf in group.leaves}
            continue
        title = vdevs.names_of(pool)[group.guid]
        kind = "raidz" if group.kind.startswith("raidz") else group.kind
        own: dict[str, Any] = {"name": title, "vdev_type": kind, "guid": group.guid, "class": "normal"}
        own |= {"state": vdevs.group_state(group, pool, disks), **usage, "rep_dev_size": group.size}
        inside = {name(leaf): _disk(pool, leaf, {}, disks, name) for leaf in group.leaves}
        found[title] = {**own, **dict.fromkeys(_ERRORS, 0), "vdevs": inside}
    return found


def _disk(pool: Pool, leaf: Leaf, usage: dict[str, int], disks: Disks, name: Name) -> dict[str, Any]:
    device = disks.at(leaf.member)
    size = device.size if device else 0
    found: dict[str, Any] = {"name": name(leaf), "vdev_type": "disk", "guid": leaf.guid, "path": leaf.member}
    found |= {"class": "normal", "state": vdevs.state_of(leaf, pool, disks)}
    found |= usage or {"rep_dev_size": size}
    return {**found, "phys_space": size, **dict.fromkeys(_ERRORS, 0), "slow_ios": 0}
