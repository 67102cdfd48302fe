"""``/etc/pve/storage.cfg``: the storages that a node knows. Source: PVE::Storage, PVE::SectionConfig."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

_HEADER = re.compile(r"^([a-z][a-z0-9]*):\s+(\S+)\s*$")
_OPTION = re.compile(r"^\s+(\S+)(?:\s+(.*?))?\s*$")

ALLOWED_CONTENT: Mapping[str, frozenset[str]] = {
    "dir": frozenset({"images", "rootdir", "vztmpl", "iso", "backup", "snippets", "import"}),
    "zfspool": frozenset({"images", "rootdir"}),
    "lvm": frozenset({"images", "rootdir"}),
    "lvmthin": frozenset({"images", "rootdir"}),
    "btrfs": frozenset({"images", "rootdir", "vztmpl", "iso", "backup", "snippets", "import"}),
    "nfs": frozenset({"images", "rootdir", "vztmpl", "iso", "backup", "snippets", "import"}),
    "cifs": frozenset({"images", "rootdir", "vztmpl", "iso", "backup", "snippets", "import"}),
    "pbs": frozenset({"backup"}),
}
"""What each type of storage can hold. Source: the plugins' ``plugindata`` in pve-storage."""

SNAPSHOT_TYPES = frozenset({"zfspool", "lvmthin", "rbd", "btrfs"})
LINKED_TYPES = frozenset({"zfspool", "lvmthin", "rbd"})
"""Source: ``volume_has_feature`` of the plugins. Those with files have both for qcow2, which containers do not use."""


@dataclass(frozen=True, slots=True)
class Storage:
    """One storage: id, type and its options as they stand in the file."""

    id: str
    type: str
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> frozenset[str]:
        """What it is to hold; without a word of it, what its type holds by default."""
        declared = self.options.get("content", "images,rootdir")
        return frozenset(filter(None, declared.split(","))) - {"none"}

    def is_on(self, node: str) -> bool:
        """Whether the node uses it: neither disabled nor kept to other nodes."""
        nodes = [name for name in self.options.get("nodes", "").split(",") if name]
        return "disable" not in self.options and (not nodes or node in nodes)

    @property
    def takes_snapshots(self) -> bool:
        """Whether it takes snapshots of containers' volumes, which are raw images or file systems."""
        return self.type in SNAPSHOT_TYPES

    @property
    def links_clones(self) -> bool:
        """Whether it makes linked clones of containers' base volumes."""
        return self.type in LINKED_TYPES

    @property
    def pool(self) -> str | None:
        """The ZFS dataset under which volumes are made."""
        return self.options.get("pool")

    @property
    def path(self) -> str | None:
        return self.options.get("path")

    @property
    def tarball_directory(self) -> str | None:
        """Where ``ID:vztmpl/FILE`` lies."""
        return str(PurePosixPath(self.path) / "template/cache") if self.path else None


def parse_storages(text: str) -> dict[str, Storage]:
    """The storages of the file, by id, in its order."""
    found: dict[str, Storage] = {}
    name, kind = "", ""
    options: dict[str, str] = {}
    for line in [*text.splitlines(), "end: -"]:
        if match := _HEADER.match(line):
            if name:
                found[name] = Storage(name, kind, options)
            kind, name, options = match[1], match[2], {}
        elif name and (match := _OPTION.match(line)):
            options[match[1]] = match[2] or ""
    return found


def render_storages(storages: Mapping[str, Storage]) -> str:
    """The file: one block per storage, blank lines between."""
    blocks = []
    for storage in storages.values():
        lines = [f"{storage.type}: {storage.id}\n"]
        lines += [f"\t{key} {value}\n" if value else f"\t{key}\n" for key, value in storage.options.items()]
        blocks.append("".join(lines) + "\n")
    return "".join(blocks)


def split_volume(volume: str) -> tuple[str, str] | None:
    """``store:subvol-900-disk-0`` as (storage id, volume name); None for anything else, such as a host path."""
    storage, colon, name = volume.partition(":")
    return (storage, name) if colon and name and not storage.startswith("/") else None
