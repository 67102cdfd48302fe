"""ZFS datasets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.documents.types import DatasetName
from phoenix_hypervisor.documents.zfs import Properties
from phoenix_hypervisor.features.host.zfs.properties import (
    FIXED,
    RESET,
    VERSION,
    Version,
    normal,
    quantity,
    readable,
    shown,
)
from phoenix_hypervisor.features.host.zfs.states import MARK, State, inside, ours, state_of
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.proxmox.storage import Storage as Stored
from phoenix_hypervisor.resource import Difference, Obstacle, Resource, Symbol, Verdict
from phoenix_hypervisor.resources.storage import STORAGES

_LOCAL = frozenset({"local", "received"})
_USED_BY: Mapping[str, str] = {"quota": "used", "refquota": "referenced"}
_LIMIT = 120.0


class Dataset(Resource):
    """A dataset with the properties that are declared; others are left alone, but for those that we set before.

    ``mountpoint`` is where it is to be mounted, None where nowhere. ``above`` are the properties of declared datasets
    over it, by which what it inherits now may change. ``is_placed``: where it is mounted is declared; else one that is
    there stays where it is. ``is_whole``: what it is to have is declared; else what we set before stays.
    """

    kind: ClassVar[str] = "zfs.dataset"
    name: DatasetName
    properties: Properties = {}
    mountpoint: str | None = None
    above: Properties = {}
    is_placed: bool = True
    is_whole: bool = True

    def needs(self) -> Iterator[str]:
        yield from self.after
        parts = self.name.split("/")
        yield f"zfs.pool:{parts[0]}"
        yield from (f"zfs.dataset:{'/'.join(parts[:end])}" for end in range(2, len(parts)))

    def facts(self) -> Iterator[Fact[Any]]:
        yield state_of(self.name)
        yield VERSION
        yield STORAGES
        if self.mountpoint:
            yield inside(self.mountpoint)

    def change(self, facts: Facts) -> Iterator[Command]:
        state = facts[state_of(self.name)]
        if state is None:
            yield self._create()
            return
        for key in self._gone(state, facts):
            if key in RESET:
                yield Command("zfs", "set", f"{key}={RESET[key]}", self.name, timeout=_LIMIT)
            else:
                yield Command("zfs", "inherit", key, self.name, timeout=_LIMIT)
        wrong = self._wrong(state, facts)
        before = ours(state)
        stays = self._staying(state, facts)
        mine = frozenset(key for key in {*(before or ()), *wrong} if key in self.properties or key in stays)
        mark = {MARK: _marked(mine)} if (wrong or before is not None) and mine != before else {}
        if assignments := [f"{key}={value}" for key, value in {**wrong, **mark}.items()]:
            yield Command("zfs", "set", *assignments, self.name, timeout=_LIMIT)
        if self._is_unmounted(state, wrong):
            yield Command("zfs", "mount", self.name, timeout=_LIMIT)

    def _create(self) -> Command:
        options = {**self.properties, MARK: _marked(self.properties.keys())}
        words = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
        return Command(
            "zfs", "create", *(["-p"] if self.name.count("/") > 1 else []), *words, self.name, timeout=_LIMIT
        )

    def _wrong(self, state: State, facts: Facts) -> dict[str, str]:
        """The declared properties that are to be set."""
        stays = not self.is_placed or bool(self._held(state, facts))
        version = facts[VERSION]
        return {
            key: value
            for key, value in self.properties.items()
            if key not in FIXED and not (key == "mountpoint" and stays) and not self._is_so(key, value, state, version)
        }

    def _is_so(self, key: str, value: str, state: State, version: Version) -> bool:
        found, source = state.get(key, ("-", "-"))
        wanted = normal(key, value, version)
        if normal(key, found, version) != wanted:
            return False
        return source in _LOCAL or key not in self.above or normal(key, self.above[key], version) == wanted

    def _gone(self, state: State, facts: Facts) -> list[str]:
        """What we set and is declared no more, as far as it is still set."""
        stays = FIXED | self._staying(state, facts)
        keys = sorted((ours(state) or frozenset()) - self.properties.keys() - stays)
        return [key for key in keys if state.get(key, ("-", "-"))[1] in _LOCAL and not _is_reset(key, state)]

    def _staying(self, state: State, facts: Facts) -> frozenset[str]:
        """What stays ours and as it is, though it is not declared."""
        if not self.is_whole:
            return ours(state) or frozenset()
        return frozenset({"mountpoint"} if self._held(state, facts) or not self.is_placed else ())

    def _held(self, state: State, facts: Facts) -> list[str]:
        """The storages that lie where the dataset is mounted now, or on it, and would lose it.

        A zfspool has a place of its own in storage.cfg, or is looked for at /POOL (ZFSPoolPlugin.pm, path).
        """
        place, wanted = state.get("mountpoint", ("-", "-"))[0], self._target(state)
        if wanted is None or not place.startswith("/") or normal("mountpoint", wanted, (0, 0)) == place:
            return []
        return [one.id for one in facts[STORAGES].values() if self._lies(one, place)]

    def _lies(self, storage: Stored, place: str) -> bool:
        if storage.path:
            return f"{storage.path}/".startswith(f"{place}/")
        return f"{storage.pool or ''}/".startswith(f"{self.name}/")

    def _target(self, state: State) -> str | None:
        """Where it is to be moved, if anywhere: where it is declared, else back from where we put it."""
        if not self.is_placed:
            return None
        moved = self.is_whole and "mountpoint" in (ours(state) or ())
        return self.properties.get("mountpoint") or (self.mountpoint if moved else None)

    def verdict(self, facts: Facts) -> Verdict:
        state = facts[state_of(self.name)]
        if state is None:
            detail = "\n".join(f"{key}={value}" for key, value in self.properties.items())
            return Verdict(Symbol.ADD, "not there yet", detail, obstacles=tuple(self._hidden(facts)))
        if state["type"][0] != "filesystem":
            hint = "Give the dataset another name, or destroy that one yourself."
            return Verdict(obstacles=(Obstacle(f"{self.name} is a {state['type'][0]}, not a file system", hint),))
        wrong, gone = self._wrong(state, facts), self._gone(state, facts)
        moves = "mountpoint" in (*wrong, *gone)
        blocked = (*self._too_small(wrong, state), *(self._hidden(facts) if moves else self._unmountable(state, facts)))
        lines = [f"{key}: {shown(key, state.get(key, ('-', ''))[0])} -> {value}" for key, value in wrong.items()]
        lines += [f"{key}: {shown(key, state[key][0])} -> no longer declared" for key in gone]
        keys = ", ".join([*wrong, *gone])
        reason = f"its {keys} {'differs' if ',' not in keys else 'differ'}" if keys else "its mark differs"
        if not keys and self._is_unmounted(state, wrong):
            reason = "it is not mounted"
        return Verdict(reason=reason, detail="\n".join(lines), obstacles=blocked, kept=tuple(self._kept(state, facts)))

    def _too_small(self, wrong: Mapping[str, str], state: State) -> Iterator[Obstacle]:
        for key, measure in _USED_BY.items():
            wanted, used = quantity(wrong.get(key, "none")) or 0, quantity(state.get(measure, ("0", ""))[0]) or 0
            if 0 < wanted < used:
                reason = f"the {key} {wrong[key]} of {self.name} is below what it holds: {readable(used)}"
                yield Obstacle(reason, "Declare more, or remove data.")

    def _hidden(self, facts: Facts) -> Iterator[Obstacle]:
        found = facts[inside(self.mountpoint)] if self.mountpoint else ""
        if found and self.properties.get("canmount", "on") == "on":
            reason = f"{self.mountpoint} holds {found!r}, which the dataset {self.name} would hide"
            yield Obstacle(reason, f"Move what is in {self.mountpoint} away, then run again.")

    def _kept(self, state: State, facts: Facts) -> Iterator[Difference]:
        for key in sorted(FIXED & self.properties.keys()):
            found = state.get(key, ("-", ""))[0]
            if normal(key, found, facts[VERSION]) != normal(key, self.properties[key], facts[VERSION]):
                what = f"{key} of {self.name} is {found}, declared {self.properties[key]}"
                yield Difference(what, "It is fixed when a dataset is made; only a new one could have it.")
        place = state.get("mountpoint", ("-", ""))[0]
        if held := self._held(state, facts):
            what = f"{self.name} is mounted at {place}, declared {self._target(state)}"
            yield Difference(what, f"The storage {', '.join(held)} lies there; move it first.")

    def _is_unmounted(self, state: State, wrong: Mapping[str, str]) -> bool:
        """Whether it is to be mounted where it is declared, and is not: somebody unmounted it, or its key is missing.

        ``wrong``: the properties that are to be set.
        """
        place, mounted = (state.get(key, ("", ""))[0] for key in ("mountpoint", "mounted"))
        can = wrong.get("canmount", state.get("canmount", ("", ""))[0])
        is_path = place.startswith("/") and wrong.get("mountpoint", place) == self.mountpoint
        return is_path and mounted == "no" and can == "on"

    def _unmountable(self, state: State, facts: Facts) -> Iterator[Obstacle]:
        """What writes below its place meanwhile would write beside it, so all that needs it waits."""
        if not self._is_unmounted(state, {}):
            return
        there = facts[inside(self.mountpoint)] if self.mountpoint else ""
        if state.get("keystatus", ("-", ""))[0] == "unavailable":
            yield Obstacle(f"the key of {self.name} is not loaded", f"zfs load-key {self.name}, then run again.")
        elif there:
            reason = f"{self.name} is not mounted at {self.mountpoint}, where {there!r} lies"
            yield Obstacle(reason, f"Move what is in {self.mountpoint} away, then run again.")

    def __str__(self) -> str:
        return f"dataset {self.name}"


def _marked(keys: Any) -> str:
    return ",".join(sorted(keys)) or "none"


def _is_reset(key: str, state: State) -> bool:
    return key in RESET and normal(key, state[key][0], (0, 0)) == normal(key, RESET[key], (0, 0))
