"""The properties of a pool, as ``zpool get -p`` tells them. Source: zpoolprops(7), zpool-features(7)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from phoenix_hypervisor.simulator.zfs.model import Pool, ZfsError
from phoenix_hypervisor.simulator.zfs.properties import nice
from phoenix_hypervisor.simulator.zfs.space import Space

_SIZES = ("size", "free", "allocated", "freeing", "leaked", "bcloneused", "bclonesaved", "dedup_table_size")
_SHARES = ("capacity", "fragmentation")
_RATIOS = ("dedupratio", "bcloneratio")
_READ_ONLY = frozenset({*_SIZES, *_SHARES, *_RATIOS, "health", "guid", "load_guid", "expandsize", "checkpoint"})
_ACTIVE = frozenset(
    "empty_bpobj lz4_compress spacemap_histogram enabled_txg hole_birth extensible_dataset embedded_data "  # noqa: SIM905
    "userobj_accounting project_quota spacemap_v2 log_spacemap livelist head_errlog vdev_zaps_v2".split()
)
FEATURES = (
    "async_destroy empty_bpobj lz4_compress multi_vdev_crash_dump spacemap_histogram enabled_txg hole_birth "  # noqa: SIM905
    "extensible_dataset embedded_data bookmarks filesystem_limits large_blocks large_dnode sha512 skein edonr "
    "userobj_accounting encryption project_quota device_removal obsolete_counts zpool_checkpoint spacemap_v2 "
    "allocation_classes resilver_defer bookmark_v2 redaction_bookmarks redacted_datasets bookmark_written "
    "log_spacemap livelist device_rebuild zstd_compress draid zilsaxattr head_errlog blake3 block_cloning "
    "vdev_zaps_v2 redaction_list_spill raidz_expansion fast_dedup longname large_microzap".split()
)


_ON_OFF = ("on", "off")
_WORDS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("autotrim", "autoexpand", "autoreplace", "delegation", "listsnapshots", "multihost"), _ON_OFF),
    "failmode": ("wait", "continue", "panic"),
}
_FREE = frozenset({"ashift", "bootfs", "cachefile", "comment", "compatibility", "dedup_table_quota", "version"})
_AT_BIRTH = frozenset({"altroot", "readonly"})
_STATES = ("enabled", "disabled")


def normalised(name: str, value: str, *, birth: bool = False) -> str:
    """A property of a pool as it reads back. Raises ZfsError with the reason alone."""
    if name.startswith("feature@"):
        if name.removeprefix("feature@") not in FEATURES:
            raise ZfsError(f"invalid feature '{name.removeprefix('feature@')}'")
        if value not in _STATES:
            raise ZfsError(f"property '{name}' can only be set to 'enabled' or 'disabled'")
    elif name in _WORDS and value not in _WORDS[name]:
        raise ZfsError(f"'{name}' must be one of '{' | '.join(_WORDS[name])}'")
    elif name == "ashift":
        if not value.isdigit():
            raise ZfsError(f"bad numeric value '{value}'")
        if int(value) and not 9 <= int(value) <= 16:
            limits = "only values between 9 and 16 are allowed."
            raise ZfsError(f"property 'ashift' number {value} is invalid, {limits}")
    elif name not in _WORDS and name not in _FREE and not (birth and name in _AT_BIRTH):
        raise ZfsError(f"property '{name}' can only be set at import time" if name == "readonly" else _unsettable(name))
    return value


def _unsettable(name: str) -> str:
    return f"'{name}' is readonly" if name in _READ_ONLY else f"invalid property '{name}'"


def is_known(name: str) -> bool:
    """Whether a pool has a property of that name at all."""
    settable = name in _WORDS or name in _FREE or name in _AT_BIRTH or name in _READ_ONLY
    return settable or name.removeprefix("feature@") in FEATURES


def properties(pool: Pool, space: Space, health: str) -> Mapping[str, tuple[str, str]]:
    """All properties of a pool in the order in which ZFS tells them: value and source."""
    allocated = space.of_pool(pool.name)
    found = {
        "size": (str(pool.size), "-"),
        "capacity": (str(allocated * 100 // pool.size), "-"),
        "altroot": (pool.altroot, "local") if pool.altroot else ("-", "default"),
        "health": (health, "-"),
        "guid": (str(pool.guid), "-"),
        **dict.fromkeys(("version", "bootfs"), ("-", "default")),
        "delegation": ("on", "default"),
        "autoreplace": ("off", "default"),
        "cachefile": ("-", "default"),
        "failmode": ("wait", "default"),
        **dict.fromkeys(("listsnapshots", "autoexpand"), ("off", "default")),
        "dedupratio": ("1.00", "-"),
        "free": (str(pool.size - allocated), "-"),
        "allocated": (str(allocated), "-"),
        "readonly": ("off", "-"),
        "ashift": ("0", "default"),
        "comment": ("-", "default"),
        "expandsize": ("-", "-"),
        **dict.fromkeys(("freeing", "fragmentation", "leaked"), ("0", "-")),
        "multihost": ("off", "default"),
        "checkpoint": ("-", "-"),
        "load_guid": (str(identity(pool, "load")), "-"),
        **dict.fromkeys(("autotrim", "compatibility"), ("off", "default")),
        **dict.fromkeys(("bcloneused", "bclonesaved"), ("0", "-")),
        "bcloneratio": ("1.00", "-"),
        "dedup_table_size": ("0", "-"),
        "dedup_table_quota": ("auto", "default"),
        "last_scrubbed_txg": ("0", "-"),
    }
    found |= {name: (value, "local") for name, value in pool.properties.items() if not name.startswith("feature@")}
    states = ((name, "active" if name in _ACTIVE else _feature(pool, name)) for name in FEATURES)
    return found | {f"feature@{name}": (state, "local") for name, state in states}


def _feature(pool: Pool, name: str) -> str:
    return pool.properties.get(f"feature@{name}", "enabled")


def readable(name: str, value: str) -> str:
    """A value as it is told without ``-p``."""
    if name in _SIZES and value.isdigit():
        return nice(int(value))
    if name in _SHARES:
        return f"{value}%"
    return f"{value}x" if name in _RATIOS else value


def identity(pool: Pool, what: str) -> int:
    """The number of a part of the pool, which follows from the pool's own."""
    digest = hashlib.sha256(f"{pool.guid}:{what}".encode()).hexdigest()
    return int(digest[:16], 16) | 1
