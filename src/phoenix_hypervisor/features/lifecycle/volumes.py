"""Volumes of a container beside its root: known by mount point and name, never by index; they only grow (spec L3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from phoenix_hypervisor.features.lifecycle.marks import record_of
from phoenix_hypervisor.features.lifecycle.options import Difference, mount_properties
from phoenix_hypervisor.proxmox.guest import GuestConfig, Section
from phoenix_hypervisor.proxmox.properties import PropertyError, parse_size, render_properties
from phoenix_hypervisor.proxmox.storage import split_volume

_MOUNT = re.compile(r"mp(\d+)")
_UNUSED = re.compile(r"unused\d+")


@dataclass(frozen=True, slots=True)
class WantedVolume:
    """A declared volume: its name, storage, size in GiB and mount point."""

    name: str
    storage: str
    size_gb: int
    mount_point: str


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the declared volumes are or will be, and what is not as declared."""

    keys: Mapping[str, str]
    """Volume name to ``mpN``."""
    differences: tuple[Difference, ...] = ()
    growths: tuple[tuple[str, int, int], ...] = ()
    """``mpN``, its size in bytes, the size wanted in GiB."""
    notes: tuple[str, ...] = ()
    lost: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Volume name to the volumes of which one may be it, unused or mounted by people; which one, nothing tells."""
    made: tuple[str, ...] = ()
    """The volumes that are nowhere, and made."""
    unused: Mapping[str, str] = field(default_factory=dict)
    """The volumes that are no longer declared, and are or will be unused: name to volume."""


@dataclass(frozen=True, slots=True)
class History:
    """What the snapshots of a container tell of its volumes; the newest knows best."""

    at: Mapping[str, str] = field(default_factory=dict)
    """Mount point to the volume that stood there."""
    behind: Mapping[str, str] = field(default_factory=dict)
    """``mpN`` to its volume."""


def history_of(config: GuestConfig) -> History:
    at: dict[str, str] = {}
    behind: dict[str, str] = {}
    for section in sorted(config.snapshots.values(), key=lambda each: int(each.get("snaptime") or 0)):
        for key, found in _mounted(section).items():
            at[found.get("mp", "").rstrip("/")] = behind[key] = found["volume"]
    return History(at, behind)


def _mounted(section: Section) -> dict[str, dict[str, str]]:
    """``mpN`` to its properties, of those that are volumes."""
    found = {key: mount_properties(value) for key, value in section.options.items() if _MOUNT.fullmatch(key)}
    return {key: each for key, each in found.items() if split_volume(each.get("volume", ""))}


def place(
    volumes: Iterable[WantedVolume], section: Section, taken: Iterable[str], history: History = History()
) -> Placement:
    """Find each volume in the section, else among the unused ones, else make it.

    ``taken``: ``mpN`` that are meant for something else.
    """
    there = _mounted(section)
    wanted = tuple(volumes)
    keys = _known(wanted, there, record_of(section.description).volumes, history)
    unused, lost = _unused(wanted, section, keys, history.at)
    used = {*section.options, *taken, *keys.values()}
    differences: list[Difference] = []
    growths: list[tuple[str, int, int]] = []
    notes: list[str] = []
    made = tuple(volume.name for volume in wanted if volume.name not in keys and volume.name not in unused)
    for volume in wanted:
        if volume.name not in keys:
            key = next(key for key in (f"mp{number}" for number in range(256)) if key not in used)
            keys[volume.name] = key
            used.add(key)
            source = unused.get(volume.name, f"{volume.storage}:{volume.size_gb}")
            differences.append(Difference(key, None, f"{source},mp={volume.mount_point}"))
            continue
        key = keys[volume.name]
        found = there[key]
        if found.get("mp", "").rstrip("/") != volume.mount_point:
            moved = render_properties({**found, "mp": volume.mount_point}, "volume")
            differences.append(Difference(key, section.get(key), moved))
        growths += _growth(key, found, volume)
        notes += _notes(volume, found)
    if made and (free := _free(section)):
        notes.append(f"{', '.join(made)} is made anew; the unused volumes {', '.join(free)} are left as they are.")
    left = _left(section, keys, there)
    return Placement(keys, tuple(differences), tuple(growths), tuple(notes), lost, made, left)


def _known(
    wanted: Iterable[WantedVolume],
    there: Mapping[str, Mapping[str, str]],
    recorded: Mapping[str, str],
    history: History,
) -> dict[str, str]:
    """Volume name to the ``mpN`` at which it is.

    By its name, as recorded, while that ``mpN`` still holds what it held; else by what stood at its mount point,
    wherever that is now; else by the mount point alone.
    """
    by_path = {found.get("mp", "").rstrip("/"): key for key, found in there.items()}
    by_volume = {found["volume"]: key for key, found in there.items()}
    keys: dict[str, str] = {}
    for volume in wanted:
        key = recorded.get(volume.name, "")
        if key in there and history.behind.get(key, there[key]["volume"]) == there[key]["volume"]:
            keys[volume.name] = key
    for volume in wanted:
        before = history.at.get(volume.mount_point, "")
        key = by_volume.get(before) or by_path.get(volume.mount_point, "")
        if volume.name not in keys and key and key not in keys.values():
            keys[volume.name] = key
    return keys


def _unused(
    wanted: Iterable[WantedVolume], section: Section, keys: Mapping[str, str], stood: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Volume name to the unused volume that it is; and to those of which one may be it.

    Where neither record nor snapshot tells, the only one on its storage is taken for what the record says there was.
    """
    record, free = record_of(section.description), _free(section)
    ours = {*keys.values(), *record.volumes.values()}
    strange = [found["volume"] for key, found in _mounted(section).items() if key not in ours]
    missing = [volume for volume in wanted if volume.name not in keys]
    known = {volume.name: record.unused.get(volume.name) or stood.get(volume.mount_point) for volume in missing}
    found = {name: before for name, before in known.items() if before in free}
    lost: dict[str, tuple[str, ...]] = {}
    for volume in missing:
        if known[volume.name] is not None or volume.name not in record.volumes:
            continue
        told = {*stood.values(), *record.unused.values()}
        candidates = tuple(
            name for name in (*free, *strange) if name not in told and name.startswith(f"{volume.storage}:")
        )
        others = [each for each in missing if each.name in record.volumes and each.storage == volume.storage]
        if len(candidates) == 1 and len(others) == 1 and candidates[0] in free:
            found[volume.name] = candidates[0]
        elif candidates:
            lost[volume.name] = candidates
    return found, lost


def _free(section: Section) -> list[str]:
    """The unused volumes."""
    options = section.options.items()
    return [mount_properties(value).get("volume", "") for key, value in options if _UNUSED.fullmatch(key)]


def _left(section: Section, keys: Mapping[str, str], there: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """What is no longer declared: detached before, or to be detached now."""
    before, free = record_of(section.description), _free(section)
    detached = {name: volume for name, volume in before.unused.items() if volume in free}
    now = {name: there[key]["volume"] for name, key in before.volumes.items() if key in there}
    taken = {*keys, *(name for name, key in before.volumes.items() if key in keys.values())}
    return {name: volume for name, volume in {**detached, **now}.items() if name not in taken}


def _size(found: Mapping[str, str]) -> int:
    try:
        return parse_size(found.get("size", "0"))
    except PropertyError:
        return 0


def _growth(key: str, found: Mapping[str, str], volume: WantedVolume) -> list[tuple[str, int, int]]:
    size = _size(found)
    return [(key, size, volume.size_gb)] if 0 < size < volume.size_gb << 30 else []


def _notes(volume: WantedVolume, found: Mapping[str, str]) -> list[str]:
    notes = []
    if _size(found) > volume.size_gb << 30:
        notes.append(f'volume "{volume.name}" has {_size(found) >> 30} GB, more than declared; it never shrinks.')
    storage = split_volume(found["volume"])
    if storage and storage[0] != volume.storage:
        moved = f"it is on {storage[0]}, not on {volume.storage} as declared; it is kept there"
        notes.append(f'volume "{volume.name}": {moved}.')
    return notes
