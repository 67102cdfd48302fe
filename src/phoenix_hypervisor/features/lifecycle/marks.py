"""How Phoenix marks what is its own, on the node itself (spec R1)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

TAG = "phoenix"
MARK = "Managed by Phoenix Hypervisor."
LAYERS = "var/lib/phoenix/layers"
"""Inside a container: one file a layer, its content the layer's digest. Clones inherit it with the file system."""

CREATING = "var/lib/phoenix_hypervisor/creating"
"""On the node: one file for each container whose ``pct create`` is under way, with the volumes there before it."""

_LAYER = re.compile(r"[a-z0-9][a-z0-9_.\-]{0,63}")
_DIGEST = re.compile(r"[0-9a-f]{8,64}")
_SNAPSHOT = "Taken by Phoenix Hypervisor. Layers: "


_PAIRS = r"[\w.\-]+={0}(?:, [\w.\-]+={0})*"
_RECORD = re.compile(
    re.escape(MARK)
    + r"(?: Keys: (?P<keys>[a-z0-9_, ]*)\.)?"
    + rf"(?: Volumes: (?P<volumes>{_PAIRS.format('mp[0-9]+')})\.)?"
    + rf"(?: Unused: (?P<unused>{_PAIRS.format('[^ ,]+')})\.)?"
    + rf"(?: Layers: (?P<layers>{_PAIRS.format('[0-9a-f]+')})\.)?"
)


@dataclass(frozen=True, slots=True)
class Record:
    """What of a container's configuration Phoenix has set, as the mark in its description says.

    By it a key that is no longer declared is told from one that people set. ``volumes``: name to ``mpN``; ``unused``:
    name to the volume that was detached because it is no longer declared; ``layers``: layer to digest, where
    neither the file system can be looked into nor a snapshot tells.
    """

    keys: frozenset[str] = frozenset()
    volumes: Mapping[str, str] = field(default_factory=dict)
    unused: Mapping[str, str] = field(default_factory=dict)
    layers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        keys = f" Keys: {', '.join(sorted(self.keys))}." if self.keys else ""
        pairs = {"Volumes": self.volumes, "Unused": self.unused, "Layers": self.layers}
        return MARK + keys + "".join(f" {name}: {_pairs(values)}." for name, values in pairs.items() if values)


def _pairs(values: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(values.items()))


@lru_cache(maxsize=256)
def record_of(description: str) -> Record:
    """The record in a description; an empty one where it holds none. A plan asks for each some times in a row."""
    found = next((match for line in description.splitlines() if (match := _RECORD.match(line))), None)
    if found is None:
        return Record()
    texts = (found[part] or "" for part in ("volumes", "unused", "layers"))
    volumes, unused, layers = (dict(pair.split("=", 1) for pair in text.split(", ") if pair) for text in texts)
    keys = frozenset(filter(None, (found["keys"] or "").split(", ")))
    return Record(keys, volumes, unused, layer_mapping(layers))


def with_layers(description: str, layers: Mapping[str, str]) -> str:
    """The description with these layers in its record."""
    record = replace(record_of(description), layers=dict(layers))
    return f"{record}\n{without_record(description)}".strip()


def without_record(description: str) -> str:
    """What people wrote beside our line."""
    return "\n".join(line for line in description.splitlines() if not line.startswith(MARK)).strip()


def marked(tags: str | None, description: str) -> bool:
    """Whether a guest with these tags and this description is ours."""
    return TAG in re.split(r"[;,\s]+", tags or "") or MARK in description


def cloning_mark(source: int, snapshot: str) -> str:
    """The description of a clone that is being made."""
    return f"{MARK} Being cloned from {source}@{snapshot}."


def is_being_cloned(description: str) -> bool:
    """Whether a guest is a clone of ours that is not through."""
    return f"{MARK} Being cloned from " in description


def cloned_from(description: str) -> tuple[int, str] | None:
    """Source and snapshot that a begun clone's description names."""
    found = re.search(r"Being cloned from (\d+)@([A-Za-z0-9_\-]+)\.", description)
    return (int(found[1]), found[2]) if found else None


def snapshot_description(layers: Mapping[str, str]) -> str:
    """A snapshot's description: whose it is, and what its container had."""
    return _SNAPSHOT + json.dumps(dict(sorted(layers.items())), separators=(",", ":"))


def snapshot_layers(description: str) -> dict[str, str] | None:
    """The layers that a snapshot's description names; None when the snapshot is not ours."""
    if not description.startswith(_SNAPSHOT):
        return None
    try:
        found = json.loads(description.partition("\n")[0].removeprefix(_SNAPSHOT))
    except ValueError:
        return None
    return layer_mapping(found) if isinstance(found, dict) else None


def layer_mapping(found: Mapping[str, object]) -> dict[str, str]:
    """Only what can be a layer and its digest: a container's root may have put anything there."""
    pairs = ((name, str(digest)) for name, digest in found.items())
    return {name: digest for name, digest in pairs if _LAYER.fullmatch(name) and _DIGEST.fullmatch(digest)}
