"""The node as one value: every fact of one reading, put together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from phoenix_hypervisor.features.lifecycle.guest import Guest
from phoenix_hypervisor.features.lifecycle.marks import (
    cloned_from,
)
from phoenix_hypervisor.machine import Facts
from phoenix_hypervisor.proxmox.storage import Storage, split_volume

_VOLUME = re.compile(r"^(?:subvol|basevol|base|vm)-(\d+)-disk-(\d+)$")


@dataclass(frozen=True, slots=True)
class Dataset:
    """A ZFS file system or snapshot: the snapshot that it was cloned from, and where it is mounted."""

    name: str
    origin: str | None
    mountpoint: str | None
    mounted: bool = True
    """Proxmox unmounts a container's volume when it rolls it back, until it is used again."""


@dataclass(frozen=True, slots=True)
class Drift:
    """What of a layer is not as declared, and the difference in lines."""

    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """What one reading of a Proxmox VE node told."""

    name: str
    guests: Mapping[int, Guest]
    elsewhere: Mapping[int, tuple[str, str]]
    """Guests that are no container of this node: CTID to (node, type)."""
    storages: Mapping[str, Storage]
    datasets: Mapping[str, Dataset]
    interfaces: frozenset[str]
    gpus: int
    tarballs: frozenset[str]
    scripts: Mapping[str, str]
    """Scripts in /usr/local/phoenix_hypervisor/bin: file name to SHA-256."""
    creating: Mapping[int, frozenset[str]]
    """Containers whose creation by Phoenix was begun: CTID to the volumes that were there before."""
    copying: Mapping[int, int] = field(default_factory=dict)
    """Of these, the ones that ``pct clone`` makes: CTID to its source."""
    running: frozenset[int] = frozenset()
    """Every container that runs, whether or not it has a configuration."""
    snapshots: frozenset[str] = frozenset()
    """The ZFS snapshots of containers' volumes, of the names that were asked for."""
    firewalls: Mapping[str, str] = field(default_factory=dict)
    """``cluster`` or CTID to the text of its firewall file."""
    folders: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Folders that are to be mounted and are there, with owner and group."""
    history: tuple[str, ...] = ()
    """Every ZFS snapshot of the containers that it was asked for, oldest first."""
    id_ranges: Mapping[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    """``subuid`` and ``subgid`` to the ranges of ids that root may map."""
    facts: Facts = field(default=Facts({}), compare=False, repr=False)
    """All facts of the reading, those of the node's own resources among them."""
    drift: Mapping[int, Mapping[str, Drift]] = field(default_factory=dict)
    """Of the containers that were looked into: CTID to the layers with a stamp that are not so, with what is not."""
    volumes_by_id: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    clones: Mapping[str, Mapping[str, tuple[int, ...]]] = field(default_factory=dict)
    """Dataset to snapshot name to the CTIDs whose root file system is a clone of it."""

    def without(self, ctids: Iterable[int]) -> Node:
        """The node as it would be without these containers and their volumes."""
        gone = set(ctids)
        lost = {name for ctid in gone for name in self.own_volumes(self.guests[ctid])}
        return replace(
            self,
            guests={ctid: guest for ctid, guest in self.guests.items() if ctid not in gone},
            datasets={name: found for name, found in self.datasets.items() if name.partition("@")[0] not in lost},
            volumes_by_id=numbered(name for name in self.datasets if name not in lost),
            running=self.running - gone,
            creating={ctid: before for ctid, before in self.creating.items() if ctid not in gone},
            copying={ctid: source for ctid, source in self.copying.items() if ctid not in gone},
            firewalls={name: text for name, text in self.firewalls.items() if name not in set(map(str, gone))},
            clones={name: of_it for name, of_it in self.clones.items() if name not in lost},
        )

    def own_volumes(self, guest: Guest) -> tuple[str, ...]:
        """The file systems that the guest's configuration names in any section, and those of a clone that was begun."""
        named = {self.dataset_of(volume) for volume in guest.volume_ids}
        begun = self.begun_volumes(guest)
        return tuple(name for name in self.volumes(guest.ctid) if name in named or name in begun)

    def begun_volumes(self, guest: Guest) -> tuple[str, ...]:
        """The file systems that a clone which was begun has made, whatever it was to be cloned from."""
        mark = cloned_from(guest.current.description)
        if mark is None or guest.lock != "create":
            return ()
        wanted = re.compile(rf".*/(?:subvol|basevol)-{mark[0]}-disk-\d+@{re.escape(mark[1])}")
        return tuple(name for name in self.volumes(guest.ctid) if wanted.fullmatch(self.datasets[name].origin or ""))

    def clones_of(self, guest: Guest) -> tuple[int, ...]:
        """Every container whose root file system is a clone of one of the guest's snapshots."""
        of_it = self.clones.get(guest.dataset or "", {})
        return tuple(sorted(ctid for ctids in of_it.values() for ctid in ctids))

    def descendants(self, ctid: int) -> tuple[int, ...]:
        """The container's clones, their clones, and so on."""
        found: dict[int, None] = {}
        waiting = [ctid]
        while waiting:
            guest = self.guests.get(waiting.pop())
            for clone in self.clones_of(guest) if guest is not None else ():
                if clone not in found:
                    found[clone] = None
                    waiting.append(clone)
        return tuple(sorted(found))

    def volumes(self, ctid: int) -> tuple[str, ...]:
        """Every file system that carries the CTID in its name, on whatever pool."""
        return self.volumes_by_id.get(ctid, ())

    def free_volume(self, ctid: int, storage: Storage, gone: frozenset[str] = frozenset()) -> str:
        """The dataset that Proxmox would take for the next volume of the container, once ``gone`` are removed."""
        there = [name for name in self.volumes(ctid) if name.startswith(f"{storage.pool}/") and name not in gone]
        numbers = {int(name.rpartition("-")[2]) for name in there}
        free = next(number for number in range(len(numbers) + 1) if number not in numbers)
        return f"{storage.pool}/subvol-{ctid}-disk-{free}"

    def newer_snapshots(self, guest: Guest, name: str) -> tuple[str, ...]:
        """The ZFS snapshots of the guest's volumes that are newer than its snapshot of that name."""
        named = {self.dataset_of(volume) for volume in guest.volume_ids}
        own = [each for each in self.history if each.partition("@")[0] in named]
        positions = [position for position, each in enumerate(own) if each.endswith(f"@{name}")]
        later = own[min(positions) :] if positions else []
        return tuple(each for each in later if not each.endswith(f"@{name}"))

    def dataset_of(self, volume: str) -> str | None:
        """The dataset behind a volume id such as ``tank:subvol-900-disk-0``; None when no zfspool holds it."""
        split = split_volume(volume)
        storage = self.storages.get(split[0]) if split else None
        if split is None or storage is None or storage.type != "zfspool":
            return None
        return f"{storage.pool}/{split[1].rpartition('/')[2]}"

    def origin_of(self, guest: Guest) -> str | None:
        """The snapshot that the guest's root file system was cloned from."""
        found = self.datasets.get(guest.dataset or "")
        return found.origin if found else None

    def remains(self, ctid: int) -> tuple[str, ...]:
        """Volumes that a creation or destruction of ours left when it was cut off."""
        before = self.creating.get(ctid)
        return () if before is None else tuple(name for name in self.volumes(ctid) if name not in before)

    def lost_root(self, guest: Guest) -> bool:
        """Whether the guest's root file system is gone, while what it lay on is there."""
        parent = (guest.dataset or "").rpartition("/")[0]
        return bool(guest.dataset) and guest.dataset not in self.datasets and parent in self.datasets

    def tarball_volume(self, tarball: str) -> str | None:
        """The tarball as ``store:vztmpl/NAME``, when a storage holds or could hold it."""
        split = split_volume(tarball)
        if split is not None:
            return tarball if split[0] in self.storages else None
        folder, _, name = tarball.rpartition("/")
        for storage in self.storages.values():
            if storage.tarball_directory == folder and "vztmpl" in storage.content:
                return f"{storage.id}:vztmpl/{name}"
        return None

    def has_tarball(self, tarball: str) -> bool:
        """Whether the tarball lies where its path or volume id says."""
        split = split_volume(tarball)
        if split is None:
            return tarball in self.tarballs
        storage = self.storages.get(split[0])
        if storage is None:
            return False
        return f"{storage.tarball_directory}/{split[1].rpartition('/')[2]}" in self.tarballs


def numbered(datasets: Iterable[str]) -> dict[int, tuple[str, ...]]:
    """CTID to the file systems that carry it in their names."""
    found: dict[int, list[str]] = {}
    for name in datasets:
        match = None if "@" in name else _VOLUME.match(name.rpartition("/")[2])
        if match:
            found.setdefault(int(match[1]), []).append(name)
    return {ctid: tuple(sorted(names)) for ctid, names in found.items()}
