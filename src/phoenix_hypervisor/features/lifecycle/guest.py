"""A container of the node, as one reading told of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from phoenix_hypervisor.features.lifecycle.marks import (
    marked,
    record_of,
)
from phoenix_hypervisor.proxmox.guest import GuestConfig, Section
from phoenix_hypervisor.proxmox.properties import PropertyError, parse_properties
from phoenix_hypervisor.proxmox.storage import split_volume

_HOLDER = re.compile(r"rootfs|mp\d+|unused\d+")


@dataclass(frozen=True, slots=True)
class Guest:
    """A container of this node. ``layers``: layer to digest, as stamped inside."""

    ctid: int
    config: GuestConfig
    running: bool
    layers: Mapping[str, str]
    dataset: str | None

    @property
    def current(self) -> Section:
        return self.config.current

    @property
    def lock(self) -> str | None:
        return self.current.get("lock")

    @property
    def waiting(self) -> frozenset[str]:
        """The keys with a change that waits for a restart."""
        return frozenset((*(self.config.pending.options if self.config.pending else ()), *self.config.pending_delete))

    @property
    def ours(self) -> bool:
        return marked(self.current.get("tags"), self.current.description)

    @property
    def volume_ids(self) -> tuple[str, ...]:
        """Every volume that any section names: root, mount points, unused ones."""
        sections = [self.config.current, *self.config.snapshots.values()]
        sections += [self.config.pending] if self.config.pending else []
        values = [value for each in sections for key, value in each.options.items() if _HOLDER.fullmatch(key)]
        return tuple(dict.fromkeys(volume for value in values if split_volume(volume := parse_volume(value))))

    @property
    def has_more_than_declared(self) -> bool:
        """Whether it has a volume beside its root and those of our record: only people could have put that there."""
        ours = {"rootfs", *record_of(self.current.description).volumes.values()}
        return any(key not in ours and _HOLDER.fullmatch(key) for key in self.current.options)

    @property
    def is_base(self) -> bool:
        """Whether it is a template of Proxmox's: it never starts, its clones are linked to its base volumes."""
        return self.current.get("template") == "1"

    @property
    def rootfs(self) -> dict[str, str]:
        """The properties of the root volume: ``volume``, ``size``, …"""
        try:
            return parse_properties(self.current.get("rootfs") or "", "volume")
        except PropertyError:
            return {}


def parse_volume(value: str) -> str:
    """The volume id at the head of a mount point's value, or nothing that is one."""
    return value.partition(",")[0].removeprefix("volume=")
