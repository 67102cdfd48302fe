"""``zpool status``. Source: OpenZFS 2.3, zpool_main.c (print_status_config, vdev_stats_nvlist)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from phoenix_hypervisor.simulator.filesystem import Filesystem
from phoenix_hypervisor.simulator.zfs.model import Pool
from phoenix_hypervisor.simulator.zfs.pools import identity
from phoenix_hypervisor.simulator.zfs.properties import nice
from phoenix_hypervisor.simulator.zfs.space import Space

_SECTOR = 512
_RESERVED = 10 << 20
"""What ZFS leaves of a whole disk beside its own partition."""
_LABELS = 4_718_592
"""Labels and the rest of a disk that stands alone."""
_KINDS = {"mirror": "mirror", "raidz1": "raidz", "raidz2": "raidz", "raidz3": "raidz", "raidz": "raidz"}
_SPACE = frozenset({"alloc_space", "total_space", "def_space", "rep_dev_size", "phys_space"})
_ERRORS = ("read_errors", "write_errors", "checksum_errors")


def as_text(pool: Pool) -> str:
    names = [pool.name, *([f"  {_group(pool)}"] if pool.layout else [])]
    indent = "    " if pool.layout else "  "
    names += [indent + disk.rpartition("/")[2] for disk in pool.disks]
    width = max(map(len, names))
    rows = [("NAME", "STATE", "READ", "WRITE", "CKSUM"), *((name, "ONLINE", "0", "0", "0") for name in names)]
    body = "".join(f"\t{row[0]:<{width}}  {row[1]:<8} {row[2]:>5} {row[3]:>5} {row[4]:>5}\n" for row in rows)
    return f"  pool: {pool.name}\n state: ONLINE\nconfig:\n\n{body}\nerrors: No known data errors\n"


def _group(pool: Pool) -> str:
    return f"{'raidz1' if pool.layout == 'raidz' else pool.layout}-0"


def as_json(pools: Iterable[Pool], space: Space, files: Filesystem, *, numbers: bool) -> str:
    """What ``-j`` prints; with ``numbers`` as ``--json-int``."""
    found = {
        "output_version": {"command": "zpool status", "vers_major": 0, "vers_minor": 1},
        "pools": {pool.name: _pool(pool, space, files) for pool in pools},
    }
    value = found if numbers else {**found, "pools": _as_words(found["pools"])}
    return json.dumps(value, separators=(",", ":")) + "\n"


def _as_words(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _as_words(one, name) for name, one in value.items()}
    if isinstance(value, int):
        return nice(value).removesuffix("B") if key in _SPACE else str(value)
    return value


def _pool(pool: Pool, space: Space, files: Filesystem) -> dict[str, Any]:
    usage = {"alloc_space": space.of_pool(pool.name), "total_space": pool.size, "def_space": pool.size}
    errors = dict.fromkeys(_ERRORS, 0)
    disks = {disk.rpartition("/")[2]: _disk(pool, disk, usage, files) for disk in pool.disks}
    inside: dict[str, Any] = disks
    if pool.layout:
        group: dict[str, Any] = {"name": _group(pool), "vdev_type": _KINDS[pool.layout]}
        group |= {"guid": identity(pool, _group(pool)), "class": "normal", "state": "ONLINE", **usage}
        inside = {_group(pool): {**group, "rep_dev_size": pool.size, **errors, "vdevs": disks}}
    root = {"name": pool.name, "vdev_type": "root", "guid": pool.guid, "class": "normal", "state": "ONLINE"}
    return {
        "name": pool.name,
        "state": "ONLINE",
        "pool_guid": pool.guid,
        "txg": 4,
        "spa_version": 5000,
        "zpl_version": 5,
        "vdevs": {pool.name: {**root, **usage, **errors, "vdevs": inside}},
        "error_count": 0,
    }


def _disk(pool: Pool, path: str, usage: dict[str, int], files: Filesystem) -> dict[str, Any]:
    whole = path.startswith("/dev/disk/")
    space = _bytes(path, files) - (_RESERVED if whole else 0)
    found: dict[str, Any] = {"name": path.rpartition("/")[2], "vdev_type": "disk", "guid": identity(pool, path)}
    found |= {"path": f"{path}-part1" if whole else path, "class": "normal", "state": "ONLINE"}
    alone = not pool.layout
    found |= {**usage, "rep_dev_size": pool.size + _LABELS} if alone else {"rep_dev_size": space}
    return {**found, "phys_space": space, **dict.fromkeys(_ERRORS, 0), "slow_ios": 0}


def _bytes(path: str, files: Filesystem) -> int:
    """The size of a disk, as the kernel knows it."""
    name = files.resolve(path).rpartition("/")[2]
    entry = files.stat(f"/sys/block/{name}/size")
    return int(entry.data) * _SECTOR if entry else 0
