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
    """Volume name to the unused volumes of which one may be it; which one, nothing tells."""
    made: tuple[str, ...] = ()
    """The volumes that are nowhere, and made."""


def stood_at(config: GuestConfig) -> Mapping[str, str]:
    """Mount point to the volume that stood there, as the container's snapshots tell; the newest knows best."""
    found: dict[str, str] = {}
    for section in sorted(config.snapshots.values(), key=lambda each: int(each.get("snaptime") or 0)):
        for key, value in section.options.items():
            mount = mount_properties(value) if _MOUNT.fullmatch(key) else {}
            if split_volume(mount.get("volume", "")):
                found[mount.get("mp", "").rstrip("/")] = mount["volume"]
    return found


def place(
    volumes: Iterable[WantedVolume], section: Section, taken: Iterable[str], stood: Mapping[str, str]
) -> Placement:
    """Find each volume in the section by mount point, else by what stood there or its recorded name, else among the
    unused ones, else make it.

    ``taken``: ``mpN`` that are meant for something else; ``stood``: mount point to the volume that once stood there.
    """
    there = {key: mount_properties(value) for key, value in section.options.items() if _MOUNT.fullmatch(key)}
    there = {key: found for key, found in there.items() if split_volume(found.get("volume", ""))}
    wanted = tuple(volumes)
    keys = _known(wanted, there, record_of(section.description).volumes, stood)
    unused, lost = _unused(wanted, section, keys, stood)
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
    if made and (left := [value for key, value in section.options.items() if _UNUSED.fullmatch(key)]):
        notes.append(f"{', '.join(made)} is made anew; the unused volumes {', '.join(left)} are left as they are.")
    return Placement(keys, tuple(differences), tuple(growths), tuple(notes), lost, made)


def _known(
    wanted: Iterable[WantedVolume],
    there: Mapping[str, Mapping[str, str]],
    recorded: Mapping[str, str],
    stood: Mapping[str, str],
) -> dict[str, str]:
    """Volume name to the ``mpN`` at which it is."""
    by_path = {found.get("mp", "").rstrip("/"): key for key, found in there.items()}
    by_volume = {found["volume"]: key for key, found in there.items()}
    keys = {volume.name: by_path[volume.mount_point] for volume in wanted if volume.mount_point in by_path}
    for volume in wanted:
        before = stood.get(volume.mount_point)
        key = by_volume.get(before) if before is not None else recorded.get(volume.name)
        if volume.name not in keys and key in there and key not in keys.values():
            keys[volume.name] = key
    return keys


def _unused(
    wanted: Iterable[WantedVolume], section: Section, keys: Mapping[str, str], stood: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Volume name to the unused volume that it is; and to those of which one may be it.

    Without a snapshot that tells, the only one on its storage is taken for what the record says there was.
    """
    recorded = record_of(section.description).volumes
    free = [
        mount_properties(value).get("volume", "") for key, value in section.options.items() if _UNUSED.fullmatch(key)
    ]
    missing = [volume for volume in wanted if volume.name not in keys]
    found = {volume.name: stood[volume.mount_point] for volume in missing if stood.get(volume.mount_point) in free}
    lost: dict[str, tuple[str, ...]] = {}
    for volume in missing:
        if volume.name in found or volume.name not in recorded or volume.mount_point in stood:
            continue
        candidates = tuple(
            name for name in free if name not in stood.values() and name.startswith(f"{volume.storage}:")
        )
        others = [each for each in missing if each.name in recorded and each.storage == volume.storage]
        if len(candidates) == 1 and len(others) == 1:
            found[volume.name] = candidates[0]
        elif candidates:
            lost[volume.name] = candidates
    return found, lost


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
