"""Volumes of a container beside its root: known by mount point and name, never by index; they only grow (spec L3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from phoenix_hypervisor.features.lifecycle.marks import record_of
from phoenix_hypervisor.features.lifecycle.options import Difference, mount_properties
from phoenix_hypervisor.proxmox.guest import GuestConfig, Section
from phoenix_hypervisor.proxmox.properties import PropertyError, parse_size, render_properties
from phoenix_hypervisor.proxmox.storage import split_volume

_MOUNT = re.compile(r"mp(\d+)")


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


def detached(config: GuestConfig) -> Mapping[str, str]:
    """Mount point to the volume that stood there and is unused now, as the container's snapshots tell."""
    unused = {value for key, value in config.current.options.items() if key.startswith("unused")}
    found: dict[str, str] = {}
    for section in config.snapshots.values():
        for key, value in section.options.items():
            mount = mount_properties(value) if _MOUNT.fullmatch(key) else {}
            if mount.get("volume") in unused:
                found[mount.get("mp", "").rstrip("/")] = mount["volume"]
    return found


def place(
    volumes: Iterable[WantedVolume], section: Section, taken: Iterable[str], unused: Mapping[str, str]
) -> Placement:
    """Find each volume in the section by mount point, else by its recorded name, else take it up again, or make it.

    ``taken``: ``mpN`` that are meant for something else; ``unused``: mount point to the volume that once stood there.
    """
    there = {key: mount_properties(value) for key, value in section.options.items() if _MOUNT.fullmatch(key)}
    there = {key: found for key, found in there.items() if split_volume(found.get("volume", ""))}
    wanted = tuple(volumes)
    keys = _known(wanted, there, record_of(section.description).volumes)
    used = {*section.options, *taken, *keys.values()}
    differences: list[Difference] = []
    growths: list[tuple[str, int, int]] = []
    notes: list[str] = []
    for volume in wanted:
        if volume.name not in keys:
            key = next(key for key in (f"mp{number}" for number in range(256)) if key not in used)
            keys[volume.name] = key
            used.add(key)
            source = unused.get(volume.mount_point, f"{volume.storage}:{volume.size_gb}")
            differences.append(Difference(key, None, f"{source},mp={volume.mount_point}"))
            continue
        key = keys[volume.name]
        found = there[key]
        if found.get("mp") != volume.mount_point:
            moved = render_properties({**found, "mp": volume.mount_point}, "volume")
            differences.append(Difference(key, section.get(key), moved))
        growths += _growth(key, found, volume)
        notes += _notes(volume, found)
    return Placement(keys, tuple(differences), tuple(growths), tuple(notes))


def _known(
    wanted: Iterable[WantedVolume], there: Mapping[str, Mapping[str, str]], recorded: Mapping[str, str]
) -> dict[str, str]:
    by_path = {found.get("mp", "").rstrip("/"): key for key, found in there.items()}
    keys = {volume.name: by_path[volume.mount_point] for volume in wanted if volume.mount_point in by_path}
    for volume in wanted:
        before = recorded.get(volume.name)
        if volume.name not in keys and before in there and before not in keys.values():
            keys[volume.name] = str(before)
    return keys


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
