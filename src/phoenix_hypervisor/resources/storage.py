"""Storages of Proxmox."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.machine import Fact, Facts, answered
from phoenix_hypervisor.proxmox.storage import Storage as Seen
from phoenix_hypervisor.proxmox.storage import parse_storages
from phoenix_hypervisor.resource import Difference, Obstacle, Resource, Symbol, Verdict

_READ = "[ ! -e etc/pve/storage.cfg ] || exec cat etc/pve/storage.cfg\n"
_WHERE = "uname -n; [ ! -e etc/pve/corosync.conf ] || echo cluster\n"
_NAME = re.compile(r"(?P<name>[A-Za-z0-9\-]+)(?:\.\S*)?\n(?P<cluster>cluster\n)?")
_LIMIT = 120.0
StorageId = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9\-_.]*[A-Za-z0-9]$", max_length=100)]
_OWN: Mapping[str, tuple[str, ...]] = {"zfspool": ("pool",), "dir": ("path",), "nfs": ("server", "export")}
"""What makes a storage the one that is declared; Proxmox never changes it."""
_EXTRA: Mapping[str, tuple[str, ...]] = {"zfspool": ("--sparse", "1"), "dir": ("--is_mountpoint", "yes"), "nfs": ()}
"""Thin volumes; nothing written into the folder while the dataset is not mounted there."""


_LOCAL = ("zfspool", "dir")
"""Of what lies on one node alone; in a cluster, storage.cfg is every node's."""


@dataclass(frozen=True, slots=True)
class Node:
    """The name that Proxmox has for the node, and whether it is in a cluster."""

    name: str
    in_cluster: bool


def _storages(result: Result) -> dict[str, Seen]:
    return parse_storages(answered(result, "its storages (/etc/pve/storage.cfg)"))


def _node(result: Result) -> Node:
    found = _NAME.fullmatch(answered(result, "its name"))
    if found is None:
        raise NodeError("What the node says of its name (uname -n) cannot be read.", "Run again.")
    return Node(found["name"], found["cluster"] is not None)


STORAGES: Fact[dict[str, Seen]] = Fact("storages in storage.cfg", Command("sh", "-s", stdin=_READ), _storages)
NODE: Fact[Node] = Fact("name and cluster", Command("sh", "-s", stdin=_WHERE), _node)


class Storage(Resource):
    """A storage with its content; ``options`` are what it lies on (``pool``; ``path``; ``server`` and ``export``).

    ``content`` None leaves what is there, or Proxmox's default. What a storage takes beside it stays, as volumes of
    that kind may lie there: without it Proxmox neither moves nor lists them. ``lacks`` says what its declaration lacks.
    """

    kind: ClassVar[str] = "pve.storage"
    locks: ClassVar[frozenset[str]] = frozenset({"storage.cfg"})
    name: StorageId
    type: Literal["zfspool", "dir", "nfs"]
    options: dict[str, str]
    content: tuple[str, ...] | None = None
    lacks: str = ""

    def facts(self) -> Iterator[Fact[Any]]:
        yield STORAGES
        yield NODE

    def change(self, facts: Facts) -> Iterator[Command]:
        found, node = facts[STORAGES].get(self.name), facts[NODE]
        if found is None:
            places = [word for key in _OWN[self.type] for word in (f"--{key}", self.options.get(key, ""))]
            content = ("--content", ",".join(sorted(self.content))) if self.content else ()
            here = ("--nodes", node.name) if node.in_cluster and self.type in _LOCAL else ()
            words = (self.type, self.name, *places, *content, *_EXTRA[self.type], *here)
            yield Command("pvesm", "add", *words, timeout=_LIMIT)
        elif wanted := self._wanted(found, node):
            words = tuple(word for key, value in wanted.items() for word in (f"--{key}", value))
            yield Command("pvesm", "set", self.name, *words, timeout=_LIMIT)

    def _wanted(self, found: Seen, node: Node) -> dict[str, str]:
        """What is to be set of one that is there: the content that it lacks, this node where it is kept to others."""
        wanted: dict[str, str] = {}
        if lacking := frozenset(self.content or ()) - found.content:
            wanted["content"] = ",".join(sorted(found.content | lacking))
        if (nodes := _nodes(found)) and node.name not in nodes:
            wanted["nodes"] = ",".join([*nodes, node.name])
        return wanted

    def verdict(self, facts: Facts) -> Verdict:
        found = facts[STORAGES].get(self.name)
        if found is None:
            lacking = (Obstacle(f"the storage {self.name} cannot be made: {self.lacks}", ""),) if self.lacks else ()
            return Verdict(Symbol.ADD, "not there yet", obstacles=lacking)
        if blocked := tuple(self._another(found)):
            return Verdict(obstacles=blocked)
        wanted = self._wanted(found, facts[NODE])
        reasons = {
            "content": f"it takes {', '.join(sorted(found.content)) or 'nothing'}",
            "nodes": f"it is for {', '.join(_nodes(found))} only",
        }
        before = {"content": ",".join(sorted(found.content)), "nodes": ",".join(_nodes(found))}
        return Verdict(
            reason="; ".join(reasons[key] for key in wanted) or "as declared",
            detail="\n".join(f"{key}: {before[key]} -> {value}" for key, value in wanted.items()),
            kept=tuple(self._kept(found)),
        )

    def _kept(self, found: Seen) -> Iterator[Difference]:
        if "disable" in found.options and found.options["disable"] != "0":
            yield Difference(f"the storage {self.name} is disabled", f"To use it: pvesm set {self.name} --disable 0.")
        if self.content and (more := sorted(found.content - frozenset(self.content))):
            hint = f"To take that away: pvesm set {self.name} --content {','.join(sorted(self.content))}."
            yield Difference(f"the storage {self.name} takes {', '.join(more)}, too", hint)

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


def _nodes(found: Seen) -> list[str]:
    """The nodes to which it is kept; none for all."""
    return [name for name in found.options.get("nodes", "").split(",") if name]
