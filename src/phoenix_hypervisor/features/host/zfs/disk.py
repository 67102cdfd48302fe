"""One declared disk: what stands in the way of using it, and what takes away what nothing uses.

A disk is used only if it carries nothing (spec H4): ``zpool create`` itself takes a disk with partitions, or with the
label of a destroyed pool, without a word.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.features.host.zfs.disks import BLOCKS, Block, Content, Probe
from phoenix_hypervisor.features.host.zfs.pools import POOLS, Import, Pools
from phoenix_hypervisor.features.host.zfs.properties import readable
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.resource import Obstacle

LEAST = 64 << 20
"""The smallest disk that ZFS takes, in bytes. Source: SPA_MINDEVSIZE."""
_WHOLE = frozenset({"disk", "loop", "mpath"})
_LOOK = "See what there is: ls -l /dev/disk/by-id."


@dataclass(frozen=True, slots=True)
class Disk:
    """A declared disk as it was read."""

    link: str
    name: str | None
    """The kernel's name; None where nothing is at the link."""
    block: Block | None
    probe: Probe
    pools: Pools
    imports: tuple[Import, ...]
    serial: str
    """Empty where it has none, or another device has the same: the namespaces of one NVMe, disks behind one adapter."""

    @property
    def parts(self) -> list[Block]:
        return [child for child in self.block.children if child.type == "part"] if self.block else []

    @property
    def names(self) -> frozenset[str]:
        """The kernel's names of the disk and of all that stands on it."""
        return frozenset(one.name for one in self.block.everything()) if self.block else frozenset()

    @property
    def size(self) -> int:
        return self.block.size if self.block else 0

    @property
    def loss(self) -> str:
        """What is destroyed with its content: ``disk:SERIAL``, else by its link where no serial is its own."""
        return f"disk:{self.serial or self.link.rpartition('/')[2]}"

    def obstacles(self) -> Iterator[Obstacle]:
        """Each with the disk, what was found and the next step. Only what nothing uses can be lifted."""
        if self.name is None:
            yield Obstacle(f"the disk {self.link} is not on the node", _LOOK)
            return
        if self.block is None or self.block.type not in _WHOLE:
            yield Obstacle(f"{self.link} is no whole disk ({self.name})", _LOOK)
            return
        if unliftable := [*self._in_use(), *self._unfit(self.block)]:
            yield from unliftable
        elif findings := list(self._findings()):
            hint = f"If nothing of it is wanted: --mode force --allow-destroy {shlex.quote(self.loss)}."
            reason = f"the disk {self.link} ({self.name}) is not empty: {'; '.join(findings)}"
            yield Obstacle(reason, hint, loses=self.loss)

    def _in_use(self) -> Iterator[Obstacle]:
        for one in self.block.everything() if self.block else ():
            where = f"the disk {self.link} is in use"
            for mount in one.mounts:
                if mount == "[SWAP]":
                    yield Obstacle(f"{where}: {one.name} is swap", "Declare another disk, or swapoff that one.")
                else:
                    yield Obstacle(f"{where}: {one.name} is mounted at {mount}", "Declare another disk, or unmount it.")
            if one is not self.block and one.type != "part":
                yield Obstacle(
                    f"{where}: {one.name} ({one.type}) stands on it", "Declare another disk, or take that off."
                )
        if pool := self.pools.user(self.names):
            yield Obstacle(f"the disk {self.link} is in use: the pool {pool} is on it", "Declare another disk.")
        for file, path, real in self.probe.guests:
            if real in self.names:
                hint = "Declare another disk, or take it from that guest."
                yield Obstacle(f"the disk {self.link} is given to a guest: /{file} names {path}", hint)
        for file, path, real in self.probe.tables:
            if real in self.names:
                hint = f"Declare another disk, or take it out of /{file}."
                yield Obstacle(f"the disk {self.link} is in use: /{file} names {path}", hint)

    def _unfit(self, block: Block) -> Iterator[Obstacle]:
        if block.read_only:
            yield Obstacle(f"the disk {self.link} is read-only", "Declare another disk, or lift its write protection.")
        if block.size < LEAST:
            reason = f"the disk {self.link} has {readable(block.size)}; ZFS takes {readable(LEAST)} or more"
            yield Obstacle(reason, "Declare another disk.")
        if block.type == "mpath" and self.parts:
            reason = f"the multipath disk {self.link} has partitions: {', '.join(part.name for part in self.parts)}"
            yield Obstacle(reason, f"If nothing of it is wanted: wipefs -a {self.link}; kpartx -d {self.link}.")
            return
        for name in (block.name, *(part.name for part in self.parts)):
            if (fault := self._content(name).fault) != "":
                reason = f"nobody knows whether the disk {self.link} is empty, as {name} cannot be read: {fault}"
                yield Obstacle(reason, f"Look at the disk: smartctl -a {self.link}.")

    def _content(self, name: str) -> Content:
        return self.probe.contents.get(name, Content(fault="it was not looked at"))

    def _findings(self) -> Iterator[str]:
        assert self.block is not None  # noqa: S101
        for name in (self.block.name, *(part.name for part in self.parts)):
            content = self._content(name)
            states = [self._import(number) for number in sorted(content.pools)]
            if content.found:
                yield f"{name} carries {', '.join([*content.found, *filter(None, states)])}"
        if self.parts:
            yield f"it has {len(self.parts)} partition{'s' if len(self.parts) > 1 else ''}"

    def _import(self, number: str) -> str:
        for one in self.imports:
            if one.number == number:
                verb = f"zpool import {'-D ' if one.destroyed else ''}{'-f ' if one.foreign else ''}{one.name}"
                return f"of the {'destroyed' if one.destroyed else 'exported'} pool {one.name} (back with: {verb})"
        return ""

    def wipe(self) -> Iterator[Command]:
        """Take away signatures and partition table; nothing where there are none."""
        if self.block is not None and any(self._findings()):
            parts = [self._part_path(part) for part in self.parts]
            yield Command("wipefs", "-a", *parts, self.link, timeout=120.0)

    def _part_path(self, part: Block) -> str:
        """By the link of the disk where that is stable, as the kernel may give its name to another at the next boot."""
        assert self.block is not None  # noqa: S101
        number = part.name.removeprefix(self.block.name).removeprefix("p")
        return f"{self.link}-part{number}" if self.link.startswith("/dev/disk/by-") else f"/dev/{part.name}"


def disk(link: str, facts: Facts, probed: Fact[Probe], imports: tuple[Import, ...]) -> Disk:
    found = facts[probed]
    name = found.links.get(link)
    blocks = {one.name: one for top in facts[BLOCKS].values() for one in top.everything()}
    block = blocks.get(name or "")
    serial = block.serial if block else ""
    unique = [top.serial for top in facts[BLOCKS].values()].count(serial) == 1
    return Disk(link, name, block, found, facts[POOLS], imports, serial if unique else "")
