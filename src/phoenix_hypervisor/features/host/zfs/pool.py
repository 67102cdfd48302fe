"""ZFS pools."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, ClassVar

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.documents import types
from phoenix_hypervisor.documents.zfs import RaidLevel
from phoenix_hypervisor.features.host.zfs.disk import Disk, disk
from phoenix_hypervisor.features.host.zfs.disks import BLOCKS, Probe, probe
from phoenix_hypervisor.features.host.zfs.pools import POOLS, Import, imports_beside
from phoenix_hypervisor.features.host.zfs.pools import Pool as Seen
from phoenix_hypervisor.features.host.zfs.properties import normal, readable
from phoenix_hypervisor.features.host.zfs.states import inside, state_of
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.resource import Difference, Obstacle, Resource, Symbol, Verdict

ASHIFT = 12
_FUZZ = 16 << 20
"""By how many bytes disks of one group may differ before ``zpool create`` asks for ``-f``. Source: ZPOOL_FUZZ."""


class Pool(Resource):
    """A pool. One that is there is only compared: ``autotrim`` and ``compression`` are set, all else is told.

    ``disks`` in the order in which RAID10 pairs them; none: the pool is not ours to make. ``others`` are the disks of
    the other declared pools.
    """

    kind: ClassVar[str] = "zfs.pool"
    guarded: ClassVar[bool] = True
    name: types.Pool
    level: RaidLevel = "single"
    disks: tuple[str, ...] = ()
    ashift: int | None = None
    autotrim: str | None = None
    compression: str | None = None
    others: tuple[str, ...] = ()

    @property
    def _probe(self) -> Fact[Probe]:
        """The same for all pools, so that it is looked at once."""
        return probe(tuple(sorted({*self.disks, *self.others})))

    def facts(self) -> Iterator[Fact[Any]]:
        yield POOLS
        yield state_of(self.name)
        if self.disks:
            yield BLOCKS
            yield self._probe
            yield imports_beside(self.name)
            yield inside(f"/{self.name}")
        else:
            yield imports_beside(self.name)

    def _seen(self, facts: Facts) -> Seen | None:
        return (facts[POOLS].pools or {}).get(self.name)

    def _disks(self, facts: Facts) -> list[Disk]:
        imports = facts[imports_beside(self.name)]
        return [disk(link, facts, self._probe, imports) for link in self.disks]

    def _groups(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The groups of the declared disks, each with its kind as ``zpool status`` has it."""
        if self.level == "raid10":
            yield from (("mirror", self.disks[at : at + 2]) for at in range(0, len(self.disks), 2))
        elif self.level in ("single", "stripe"):
            yield from (("disk", (one,)) for one in self.disks)
        else:
            yield ("raidz1" if self.level == "raidz" else self.level), self.disks

    def change(self, facts: Facts) -> Iterator[Command]:
        seen = self._seen(facts)
        if seen is not None:
            yield from self._set(seen, facts)
        elif self.disks:
            wipes = [command for one in self._disks(facts) for command in one.wipe()]
            yield from wipes
            if wipes:
                yield Command("udevadm", "settle", timeout=120.0)
            yield self._create()

    def _create(self) -> Command:
        words = ["-o", f"ashift={self.ashift or ASHIFT}"]
        words += ["-o", f"autotrim={self.autotrim}"] if self.autotrim else []
        words += ["-O", f"compression={self.compression}"] if self.compression else []
        words += ["-O", "atime=off", self.name]
        for kind, disks in self._groups():
            words += [*([] if kind == "disk" else [kind]), *disks]
        return Command("zpool", "create", *words, timeout=300.0)

    def _set(self, seen: Seen, facts: Facts) -> Iterator[Command]:
        if self.autotrim and seen.autotrim != self.autotrim:
            yield Command("zpool", "set", f"autotrim={self.autotrim}", self.name, timeout=60.0)
        if self._recompresses(facts):
            yield Command("zfs", "set", f"compression={self.compression}", self.name, timeout=60.0)

    def _compression(self, facts: Facts) -> str:
        return (facts[state_of(self.name)] or {}).get("compression", ("-", ""))[0]

    def _recompresses(self, facts: Facts) -> bool:
        wanted, found = (
            normal("compression", each or "", (0, 0)) for each in (self.compression, self._compression(facts))
        )
        return bool(wanted) and wanted != found

    def verdict(self, facts: Facts) -> Verdict:
        seen = self._seen(facts)
        if seen is None:
            notes = tuple(self._unstable())
            return Verdict(
                Symbol.ADD, "not there yet", obstacles=tuple(dict.fromkeys(self._obstacles(facts))), notes=notes
            )
        lines = [f"autotrim: {seen.autotrim} -> {self.autotrim}"] if self.autotrim not in (None, seen.autotrim) else []
        if self._recompresses(facts):
            lines.append(f"compression: {self._compression(facts)} -> {self.compression}")
        return Verdict(reason="its properties differ", detail="\n".join(lines), kept=tuple(self._kept(seen, facts)))

    def _unstable(self) -> Iterator[str]:
        for link in self.disks:
            if not link.startswith("/dev/disk/by-"):
                yield f"{link} of the pool {self.name} may be another disk after a reboot; name it by id."

    # -- what stands in the way of making it

    def _obstacles(self, facts: Facts) -> Iterator[Obstacle]:
        if facts[POOLS].pools is None:
            yield Obstacle(
                f"the pool {self.name} cannot be made: the node has no ZFS", "apt-get install zfsutils-linux"
            )
            return
        disks = self._disks(facts) if self.disks else []
        importable = tuple(self._importable(disks, facts))
        yield from importable
        if not self.disks and not importable:
            reason = f"the pool {self.name} is not on the node, and no disks are declared for it"
            yield Obstacle(reason, "Declare its disks and raid_level under zfs.pools, or make the pool yourself.")
        if not self.disks:
            return
        yield from self._misshapen(disks)
        for one in disks:
            yield from one.obstacles()
        if there := facts[inside(f"/{self.name}")]:
            reason = f"/{self.name} holds {there!r}, and the pool {self.name} is to be mounted there"
            yield Obstacle(reason, f"Move what is in /{self.name} away, then run again.")

    def _importable(self, disks: list[Disk], facts: Facts) -> Iterator[Obstacle]:
        """A pool of that name elsewhere; one on the declared disks is told by them, as they would lose it."""
        here = {number for one in disks for name in one.names for number in self._numbers(one, name)}
        for one in facts[imports_beside(self.name)]:
            if one.name == self.name and one.number not in here:
                yield _to_be_imported(one)

    @staticmethod
    def _numbers(one: Disk, name: str) -> frozenset[str]:
        content = one.probe.contents.get(name)
        return content.pools if content else frozenset()

    def _misshapen(self, disks: list[Disk]) -> Iterator[Obstacle]:
        if self.level == "single" and len(disks) > 1:
            reason = f"the pool {self.name} has {len(disks)} disks and no raid_level that says how they form it"
            yield Obstacle(reason, "Declare mirror, raid10, raidz1, raidz2, raidz3 or stripe.")
        if self.level == "raid10" and len(disks) % 2:
            reason = f"raid10 takes pairs of disks; the pool {self.name} has {len(disks)}"
            yield Obstacle(reason, "Declare an even number of disks.")
        names = Counter(one.name for one in disks if one.name)
        for one in disks:
            if one.name and names[one.name] > 1:
                reason = f"the pool {self.name} names one disk twice: {one.link} is {one.name}"
                yield Obstacle(reason, "Name each disk once, by id.")
        yield from self._shared(disks)
        sizes = {one.link: one.size for one in disks if one.block}
        for kind, links in self._groups():
            own = [sizes[link] for link in links if link in sizes]
            if kind != "disk" and own and max(own) - min(own) > _FUZZ:
                reason = f"the disks of the {kind} of {self.name} differ in size: {' and '.join(map(readable, own))}"
                yield Obstacle(
                    reason, "zpool create would need -f for that, which is never given; declare equal disks."
                )

    def _shared(self, disks: list[Disk]) -> Iterator[Obstacle]:
        links = disks[0].probe.links if disks else {}
        for one in disks:
            for other in self.others:
                if one.name and other not in self.disks and links.get(other) == one.name:
                    reason = f"two pools are to have one disk: {one.link} and {other} are {one.name}"
                    yield Obstacle(reason, "Give each pool its own disks.")

    # -- what differs of one that is there

    def _kept(self, seen: Seen, facts: Facts) -> Iterator[Difference]:
        if seen.health != "ONLINE":
            yield Difference(f"the pool {self.name} is {seen.health}", f"See zpool status -v {self.name}.")
        if self.ashift and seen.ashift not in (0, self.ashift):
            what = f"the pool {self.name} has ashift {seen.ashift}, declared {self.ashift}"
            yield Difference(what, "It is fixed when a pool is made.")
        if self.disks and (told := self._topology(seen, facts)):
            yield Difference(told, "What a pool is made of is never changed by itself: zpool attach, add or replace.")

    def _topology(self, seen: Seen, facts: Facts) -> str:
        """How the groups differ; empty where they are the same, in whatever order."""
        found = facts[self._probe]
        owners = {name: owner for top in facts[BLOCKS].values() for name, owner in top.owners(top.name)}
        places = facts[POOLS].places

        def there(path: str) -> str:
            name = places.get(path, path)
            return owners.get(name, name)

        is_so = Counter((group.kind, frozenset(map(there, group.paths))) for group in seen.groups)
        wanted = Counter(
            (kind, frozenset(found.links.get(link, link) for link in links)) for kind, links in self._groups()
        )
        if is_so == wanted:
            return ""
        words = "; ".join(f"{group.kind} of {', '.join(group.paths)}" for group in seen.groups)
        return f"the pool {self.name} is {words}; declared: {self._shape}"

    @property
    def _shape(self) -> str:
        level = f"{self.level} of " if len(self.disks) > 1 else ""
        return f"{level}{', '.join(self.disks)}"

    def __str__(self) -> str:
        if not self.disks:
            return f"pool {self.name}"
        count = f"{len(self.disks)} disks" if len(self.disks) > 1 else "one disk"
        return f"pool {self.name} ({f'{self.level} of ' if len(self.disks) > 1 else ''}{count})"


def _to_be_imported(one: Import) -> Obstacle:
    options = f"{'-D ' if one.destroyed else ''}{'-f ' if one.foreign else ''}"
    state = "destroyed" if one.destroyed else "of another system" if one.foreign else "exported"
    reason = f"a pool {one.name} could be imported ({state}, number {one.number})"
    return Obstacle(reason, f"If it is the one: zpool import {options}{one.name}. Otherwise give yours another name.")
