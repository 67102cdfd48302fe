"""The devices of a pool: how a command line groups them, what they give, in what state they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from phoenix_hypervisor.simulator.disks.devices import Disks
from phoenix_hypervisor.simulator.disks.model import Device
from phoenix_hypervisor.simulator.zfs.model import Group, Leaf, Pool, ZfsError

MIN_DEVICE = 64 << 20
_LABELS = 4_718_592
"""What ZFS keeps of each device for itself: four labels and the boot block."""
_FUZZ = 16 << 20
_KIND = re.compile(r"^(mirror|raidz[1-3]?)$")
_ROLES = {"log": "logs", "cache": "cache", "spare": "spares"}
_ELSEWHERE = frozenset({"special", "dedup"})
_DRAID = re.compile(r"^draid[1-3]?(:.*)?$")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A group of devices as a command line names it."""

    kind: str
    names: tuple[str, ...]
    role: str = ""


def parsed(words: Sequence[str]) -> list[Wanted]:
    """The groups of ``zpool create`` and ``zpool add``. Source: zpool_vdev.c, construct_spec."""
    found: list[Wanted] = []
    role, rest = "", list(words)
    while rest:
        word = rest.pop(0)
        if word in _ROLES:
            role = _ROLES[word]
            if any(one.role == role for one in found):
                raise ZfsError(f"invalid vdev specification: '{word}' can be specified only once")
        elif word in _ELSEWHERE or _DRAID.match(word):
            raise ZfsError(f"cannot use '{word}': not simulated")
        elif _KIND.match(word):
            kind = "raidz1" if word == "raidz" else word
            names: list[str] = []
            while rest and not _is_word(rest[0]):
                names.append(rest.pop(0))
            least = 2 if kind == "mirror" else int(kind[-1]) + 1
            if len(names) < least:
                raise ZfsError(f"invalid vdev specification: {word} requires at least {least} devices")
            if role in ("cache", "spares") or (role == "logs" and kind != "mirror"):
                raise ZfsError(f"invalid vdev specification: unsupported '{role}' device: {word}")
            found.append(Wanted(kind, tuple(names), role))
        else:
            found.append(Wanted("", (word,), role))
    if not any(not one.role for one in found):
        raise ZfsError("invalid vdev specification: at least one toplevel vdev must be specified")
    return found


def _is_word(word: str) -> bool:
    return bool(_KIND.match(word) or _DRAID.match(word)) or word in _ROLES or word in _ELSEWHERE


def check_replication(wanted: Sequence[Wanted], sizes: dict[str, int]) -> str:
    """What ``-f`` would override of the shape of a pool; empty where nothing. Source: zpool_vdev.c, get_replication."""
    data = [one for one in wanted if not one.role]
    for one in data:
        own = [sizes[name] for name in one.names]
        if one.kind and max(own) - min(own) > _FUZZ:
            return f"{one.kind.rstrip('123')} contains devices of different sizes"
    first = data[0]
    for one in data[1:]:
        kinds = [two.kind.rstrip("123") or "disk" for two in (first, one)]
        if kinds[0] != kinds[1]:
            return f"mismatched replication level: both {kinds[0]} and {kinds[1]} vdevs are present"
        if first.kind != one.kind:
            parities = f"{first.kind[-1]} and {one.kind[-1]} device parity"
            return f"mismatched replication level: both {parities} {kinds[0]} vdevs are present"
        if first.kind and len(first.names) != len(one.names):
            ways = f"{len(first.names)}-way and {len(one.names)}-way"
            return f"mismatched replication level: both {ways} {kinds[0]} vdevs are present"
    return ""


def capacity(kind: str, sizes: Sequence[int], shift: int) -> tuple[int, int]:
    """What a group gives, in bytes: with parity, and usable. Source: vdev.c, vdev_metaslab_set_size."""
    least = min(sizes) - min(sizes) % (256 << 10) - _LABELS
    asize = least * (len(sizes) if kind.startswith("raidz") else 1)
    slabs = asize >> 29
    power = (asize // 16).bit_length() if slabs < 16 else (asize // 200).bit_length() if slabs > 200 else 29
    power = min(max(power, 24), 34)
    size = asize >> power << power
    if not kind.startswith("raidz"):
        return size, size
    parity, sectors = int(kind[-1]), (128 << 10) >> shift
    whole = sectors + parity * -(-sectors // (len(sizes) - parity))
    whole += -whole % (parity + 1)
    ratio = (128 << 10) // (whole << shift >> 9)
    return size, (size >> 9) * ratio


def state_of(leaf: Leaf, pool: Pool, disks: Disks) -> str:
    """The state of a device, as its label tells."""
    if leaf.offline:
        return "OFFLINE"
    return "ONLINE" if carries(disks.at(leaf.member), leaf, pool) else "UNAVAIL"


def carries(device: Device | None, leaf: Leaf, pool: Pool) -> bool:
    """Whether a device has the label of a pool's device."""
    label = device.find("zfs_member") if device else None
    return label is not None and (label.uuid, label.sub) == (str(pool.guid), str(leaf.guid))


def group_state(group: Group, pool: Pool, disks: Disks) -> str:
    """The state of a group: degraded while its redundancy bears what is missing."""
    states = [state_of(leaf, pool, disks) for leaf in group.leaves]
    lost = len([one for one in states if one != "ONLINE"])
    if not group.kind:
        return states[0]
    spare = len(states) - 1 if group.kind == "mirror" else int(group.kind[-1])
    return "ONLINE" if not lost else "DEGRADED" if lost <= spare else "UNAVAIL"


def pool_state(pool: Pool, disks: Disks) -> str:
    """The health of a pool: that of its worst group."""
    states = {group_state(group, pool, disks) for group in pool.groups if not group.role}
    if states & {"UNAVAIL", "OFFLINE"}:
        return "UNAVAIL"
    return "DEGRADED" if "DEGRADED" in states else "ONLINE"


def names_of(pool: Pool) -> dict[int, str]:
    """The name of each group that has one, by its number: ``mirror-0``."""
    return {group.guid: f"{group.kind}-{row}" for row, group in enumerate(pool.groups) if group.kind}


def find_leaf(pool: Pool, name: str, disks: Disks) -> Leaf | None:
    """The device of a pool that a path, short name or number means."""
    device = disks.at(name if name.startswith("/") else f"/dev/{name}")
    for leaf in pool.leaves:
        if name in (leaf.path, leaf.member, leaf.path.rpartition("/")[2], str(leaf.guid)):
            return leaf
        if device is not None and device in (disks.at(leaf.path), disks.at(leaf.member)):
            return leaf
    return None
