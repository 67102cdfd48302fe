"""What is known of all containers before any is planned: where each comes from, how, what that asks of its source."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from phoenix_hypervisor.config.site import Container, Site
from phoenix_hypervisor.features.lifecycle.guest import Guest, parse_volume
from phoenix_hypervisor.features.lifecycle.node import Node
from phoenix_hypervisor.plan.layers import Layer, layers_of
from phoenix_hypervisor.plan.lineage import source_of
from phoenix_hypervisor.plan.obstacle import is_unfinished
from phoenix_hypervisor.proxmox.storage import split_volume

_DISK = re.compile(r"rootfs|mp\d+")


class Way(StrEnum):
    """How a clone is made (spec L2)."""

    SNAPSHOT = "snapshot"
    """A ZFS clone of the source's declared snapshot."""
    NATIVE = "native"
    """Proxmox's linked clone of a template of its own."""
    FULL = "full"
    """Proxmox's full copy."""


@dataclass(frozen=True)
class Survey:
    """The site on the node."""

    site: Site
    node: Node
    _layers: dict[int, tuple[Layer, ...]] = field(default_factory=dict, init=False, compare=False, repr=False)

    @cached_property
    def sources(self) -> Mapping[int, tuple[int | None, str]]:
        """CTID to where it is cloned from (None: its tarball), and how that was found."""
        return {ctid: source_of(container, self.site) for ctid, container in self.site.containers.items()}

    def layers(self, ctid: int) -> tuple[Layer, ...]:
        """What something can establish in a container; found once."""
        if ctid not in self._layers:
            self._layers[ctid] = layers_of(self.site.containers[ctid], self.site, self.node)
        return self._layers[ctid]

    @cached_property
    def clones(self) -> Mapping[int, tuple[int, ...]]:
        """CTID to the containers that are declared to be cloned from it."""
        found: dict[int, list[int]] = {}
        for ctid, (source, _) in self.sources.items():
            if source is not None:
                found.setdefault(source, []).append(ctid)
        return {source: tuple(ctids) for source, ctids in found.items()}

    def way(self, container: Container) -> tuple[Way, str]:
        """How the container is cloned, and why so."""
        if container.cloning is not None:
            return Way(container.cloning), "as declared"
        storage = self.node.storages.get(container.storage or "")
        if storage is None or storage.type == "zfspool":
            return Way.SNAPSHOT, "by default on a zfspool"
        return Way.FULL, f"by default on a storage of type {storage.type}"

    def ways_of_clones(self, ctid: int) -> Mapping[Way, tuple[int, ...]]:
        """How a template's declared clones are made."""
        found: dict[Way, list[int]] = {}
        for clone in self.clones.get(ctid, ()):
            found.setdefault(self.way(self.site.containers[clone])[0], []).append(clone)
        return {way: tuple(ctids) for way, ctids in found.items()}

    def wants_base(self, container: Container) -> bool:
        """Whether it is to be a template of Proxmox's: one that is cloned natively, or will be once it is cloned."""
        if not container.is_template:
            return False
        ways = self.ways_of_clones(container.ctid) or {self.way(container)[0]: ()}
        return Way.NATIVE in ways

    def takes_snapshots(self, container: Container) -> bool:
        """Whether every storage that holds a volume of it takes snapshots; one that is not there is not judged."""
        storages = {container.storage, *(volume.storage for volume in container.volumes)}
        known = (self.node.storages.get(name) for name in storages if name)
        return all(storage.takes_snapshots for storage in known if storage is not None)

    def can_snapshot(self, guest: Guest) -> bool:
        """Whether every storage takes snapshots on which a volume of the guest really is."""
        volumes = (parse_volume(value) for key, value in guest.config.effective.options.items() if _DISK.fullmatch(key))
        split = (split_volume(volume) for volume in volumes)
        known = (self.node.storages.get(each[0]) for each in split if each)
        return all(storage is not None and storage.takes_snapshots for storage in known)

    def copied_stopped(self, ctid: int) -> tuple[int, ...]:
        """The clones yet to be made that ``pct`` can only copy while the container is stopped."""
        source = self.site.containers[ctid]
        guest = self.node.guests.get(ctid)
        if (guest is not None and guest.is_base) or self.wants_base(source) or self.takes_snapshots(source):
            return ()
        return tuple(clone for clone in self.clones.get(ctid, ()) if self.is_absent(clone))

    def is_absent(self, ctid: int) -> bool:
        """Whether the container is still to be made."""
        guest = self.node.guests.get(ctid)
        return guest is None or is_unfinished(self.node, guest)


def needs_of(survey: Survey, ctids: Iterable[int]) -> dict[int, tuple[int, ...]]:
    """CTID to what comes before it: its source, its dependencies."""
    found = {}
    for ctid in ctids:
        source = survey.sources[ctid][0]
        own = survey.site.containers[ctid].dependencies
        found[ctid] = tuple(dict.fromkeys((*((source,) if source is not None else ()), *own)))
    return found
