"""Reads a node: all facts in one round trip, put together as one value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from phoenix_hypervisor.features.lifecycle import facts as known
from phoenix_hypervisor.features.lifecycle.commands import base_of
from phoenix_hypervisor.features.lifecycle.guest import Guest
from phoenix_hypervisor.features.lifecycle.marks import (
    LAYERS,
    layer_mapping,
    record_of,
    snapshot_layers,
)
from phoenix_hypervisor.features.lifecycle.node import Dataset, Node, numbered
from phoenix_hypervisor.machine import Fact, Facts, Machine
from phoenix_hypervisor.proxmox.guest import GuestConfig, parse

_COPY_OF = re.compile(r"copy-of:(\d+)")
_VOLUME = re.compile(r"^(?:subvol|basevol|base|vm)-(\d+)-disk-(\d+)$")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for by name: a node has more than anybody would want to list."""

    tarballs: tuple[str, ...] = ()
    """Absolute paths."""
    snapshots: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    histories: tuple[int, ...] = ()
    """Containers all of whose ZFS snapshots are wanted."""
    more: tuple[Fact[Any], ...] = ()
    """What else is to be read on the same trip."""

    def facts(
        self,
    ) -> tuple[Fact[frozenset[str]], Fact[frozenset[str]], Fact[dict[str, tuple[int, int]]], Fact[tuple[str, ...]]]:
        names = (tuple(sorted(set(each))) for each in (self.tarballs, self.snapshots, self.folders))
        tarballs, snapshots, folders = names
        asked = known.existing(tarballs), known.snapshots(snapshots), known.folders(folders)
        return *asked, known.histories(self.histories)


_ALWAYS: tuple[Fact[Any], ...] = (
    *(known.NAME, known.VMLIST, known.CONFIGURATIONS, known.STORAGES, known.DATASETS, known.RUNNING),
    *(known.INTERFACES, known.GPUS, known.STAMPS, known.CREATION_MARKS, known.NODE_SCRIPTS, known.TARBALLS),
    *(known.FIREWALLS, known.ID_RANGES),
)


async def read_node(machine: Machine, asked: Asked = Asked()) -> Node:
    """Read the whole node, containers included, in one round trip."""
    return assemble(await machine.read([*_ALWAYS, *asked.facts(), *asked.more]), asked)


def assemble(facts: Facts, asked: Asked) -> Node:
    """The node of one reading."""
    looked_for, taken, folders, histories = asked.facts()
    name, listed = facts[known.NAME], facts[known.VMLIST]
    storages = {key: storage for key, storage in facts[known.STORAGES].items() if storage.is_on(name)}
    datasets = {
        dataset: Dataset(dataset, _present(origin), _present(mountpoint), mounted)
        for dataset, (origin, mountpoint, mounted) in facts[known.DATASETS].items()
    }
    begun = {
        int(PurePosixPath(path).name): text.split()
        for path, text in facts[known.CREATION_MARKS].items()
        if PurePosixPath(path).name.isdigit()
    }
    bare = Node(
        name=name,
        guests={},
        elsewhere={ctid: entry for ctid, entry in listed.items() if entry != (name, "lxc")},
        storages=storages,
        datasets=datasets,
        interfaces=facts[known.INTERFACES],
        gpus=len(facts[known.GPUS]),
        tarballs=facts[known.TARBALLS] | facts[looked_for],
        running=facts[known.RUNNING],
        snapshots=facts[taken],
        scripts=facts[known.NODE_SCRIPTS],
        firewalls=facts[known.FIREWALLS],
        folders=facts[folders],
        history=facts[histories],
        id_ranges=facts[known.ID_RANGES],
        facts=facts,
        creating={ctid: frozenset(words) for ctid, words in begun.items()},
        copying={
            ctid: int(match[1])
            for ctid, words in begun.items()
            for word in words
            if (match := _COPY_OF.fullmatch(word))
        },
    )
    return _with_guests(bare, facts, [ctid for ctid, entry in listed.items() if entry == (name, "lxc")])


def _with_guests(bare: Node, facts: Facts, ctids: list[int]) -> Node:
    stamps = _stamps(facts[known.STAMPS])
    running = facts[known.RUNNING]
    guests: dict[int, Guest] = {}
    for ctid in sorted(ctids):
        config = parse(facts[known.CONFIGURATIONS].get(ctid, ""))
        guest = Guest(ctid, config, ctid in running, {}, None)
        dataset = bare.dataset_of(guest.rootfs.get("volume", ""))
        found = bare.datasets.get(dataset or "") or bare.datasets.get(base_of(dataset) or "")
        mount = found.mountpoint if found and found.mounted else None
        layers = stamps.get(mount, {}) if mount else _last_layers(config)
        guests[ctid] = replace(guest, layers=layers, dataset=dataset)
    return replace(bare, guests=guests, clones=_clones(bare, guests), volumes_by_id=numbered(bare.datasets))


def _clones(bare: Node, guests: Mapping[int, Guest]) -> dict[str, dict[str, tuple[int, ...]]]:
    found: dict[str, dict[str, list[int]]] = {}
    for guest in guests.values():
        dataset, at, snapshot = (bare.origin_of(guest) or "").partition("@")
        if at:
            found.setdefault(dataset, {}).setdefault(snapshot, []).append(guest.ctid)
    return {dataset: {name: tuple(ctids) for name, ctids in names.items()} for dataset, names in found.items()}


def _stamps(files: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Mount point to layers, of the stamp files."""
    found: dict[str, dict[str, Any]] = {}
    for path, text in files.items():
        mount, _, layer = path.rpartition(f"/{LAYERS}/")
        found.setdefault(f"/{mount}", {})[layer] = text.strip()
    return {mount: layer_mapping(layers) for mount, layers in found.items()}


def _last_layers(config: GuestConfig) -> dict[str, str]:
    """Where the file system cannot be looked into: what the newest snapshot of ours says, and the record."""
    newest = config.snapshots.get(config.current.get("parent") or "")
    told = (snapshot_layers(newest.description.strip()) if newest else None) or {}
    return {**told, **record_of(config.current.description).layers}


def _present(text: str) -> str | None:
    return None if text in ("-", "none", "legacy", "") else text
