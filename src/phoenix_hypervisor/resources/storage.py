"""Storages of Proxmox."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.machine import Fact, Facts, answered
from phoenix_hypervisor.proxmox.storage import Storage as Seen
from phoenix_hypervisor.proxmox.storage import parse_storages
from phoenix_hypervisor.resource import Difference, Obstacle, Resource, Symbol, Verdict

_READ = "[ ! -e etc/pve/storage.cfg ] || exec cat etc/pve/storage.cfg\n"
_LIMIT = 120.0
StorageId = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9\-_.]*[A-Za-z0-9]$", max_length=100)]
_OWN: Mapping[str, tuple[str, ...]] = {"zfspool": ("pool",), "dir": ("path",), "nfs": ("server", "export")}
"""What makes a storage the one that is declared; Proxmox never changes it."""
_EXTRA: Mapping[str, tuple[str, ...]] = {"zfspool": ("--sparse", "1"), "dir": ("--is_mountpoint", "yes"), "nfs": ()}
"""Thin volumes; nothing written into the folder while the dataset is not mounted there."""


def _storages(result: Result) -> dict[str, Seen]:
    return parse_storages(answered(result, "its storages (/etc/pve/storage.cfg)"))


STORAGES: Fact[dict[str, Seen]] = Fact("storages in storage.cfg", Command("sh", "-s", stdin=_READ), _storages)


class Storage(Resource):
    """A storage with its content; ``options`` are what it lies on (``pool``; ``path``; ``server`` and ``export``).

    ``content`` None leaves what is there, or Proxmox's default. ``lacks`` says what its declaration lacks.
    """

    kind: ClassVar[str] = "pve.storage"
    locks: ClassVar[frozenset[str]] = frozenset({"storage.cfg"})
    name: StorageId
    type: Literal["zfspool", "dir", "nfs"]
    options: dict[str, str]
    content: tuple[str, ...] | None = None
    lacks: str = ""

    @property
    def _content(self) -> str:
        return ",".join(sorted(self.content or ()))

    def facts(self) -> Iterator[Fact[Any]]:
        yield STORAGES

    def change(self, facts: Facts) -> Iterator[Command]:
        found = facts[STORAGES].get(self.name)
        content = ("--content", self._content) if self.content else ()
        if found is None:
            places = [word for key in _OWN[self.type] for word in (f"--{key}", self.options.get(key, ""))]
            words = (self.type, self.name, *places, *content, *_EXTRA[self.type])
            yield Command("pvesm", "add", *words, timeout=_LIMIT)
        elif content and found.content != frozenset(self.content or ()):
            yield Command("pvesm", "set", self.name, *content, timeout=_LIMIT)

    def verdict(self, facts: Facts) -> Verdict:
        found = facts[STORAGES].get(self.name)
        if found is None:
            lacking = (Obstacle(f"the storage {self.name} cannot be made: {self.lacks}", ""),) if self.lacks else ()
            return Verdict(Symbol.ADD, "not there yet", obstacles=lacking)
        if blocked := tuple(self._another(found)):
            return Verdict(obstacles=blocked)
        reason = f"it holds {', '.join(sorted(found.content)) or 'nothing'}"
        return Verdict(reason=reason, detail=self._diff(found), kept=tuple(self._kept(found)))

    def _kept(self, found: Seen) -> Iterator[Difference]:
        if "disable" in found.options and found.options["disable"] != "0":
            yield Difference(f"the storage {self.name} is disabled", f"To use it: pvesm set {self.name} --disable 0.")

    def _diff(self, found: Seen) -> str:
        return f"content: {','.join(sorted(found.content))} -> {self._content}"

    def _another(self, found: Seen) -> Iterator[Obstacle]:
        hint = f"Give the dataset another id in proxmox_storage_ids, or remove that one: pvesm remove {self.name}."
        if found.type != self.type:
            yield Obstacle(f"the storage {self.name} is there and is a {found.type}, not a {self.type}", hint)
            return
        for key in _OWN[self.type]:
            there, wanted = (each.rstrip("/") for each in (found.options.get(key, ""), self.options.get(key, "")))
            if there != wanted:
                yield Obstacle(f"the storage {self.name} is there with the {key} {there}, not {wanted}", hint)

    def __str__(self) -> str:
        return f"storage {self.name}"
