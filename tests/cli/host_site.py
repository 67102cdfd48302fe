"""A node of one's own and its documents, for command lines that change the node itself."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from phoenix_hypervisor.simulator.node import Node

from .conftest import Phoenix, Said

POOL: dict[str, Any] = {
    "name": "tank",
    "raid_level": "mirror",
    "disks": [f"/dev/disk/by-id/ata-{name}" for name in ("A_1", "B_2")],
}


class Terminal(io.StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        return True


class Site:
    """Documents in a folder, and a simulated node with two empty disks in a file."""

    def __init__(self, phoenix: Phoenix, folder: Path) -> None:
        self.phoenix, self.folder, self.file = phoenix, folder, folder / "node.json"
        (folder / "etc").mkdir()
        node = Node.new()
        for disk in POOL["disks"]:
            node.add_disk(disk.rpartition("/")[2], 1 << 40)
        node.save(self.file)

    def write(self, host: dict[str, Any], guests: dict[str, Any] | None = None) -> None:
        (self.folder / "etc/phoenix_hypervisor_config.json").write_text(json.dumps(host))
        lxc = {"lxc_configs": guests or {}}
        (self.folder / "etc/phoenix_lxc_configs.json").write_text(json.dumps(lxc))

    def call(self, verb: str, *words: object) -> Said:
        return self.phoenix(verb, *words, "--etc", self.folder / "etc", "--on", f"sim:{self.file}")

    def apply(self, *words: object) -> Said:
        return self.call("apply", *words, "--yes", "--output", "json")

    def change(self, fit: Callable[[Node], object]) -> None:
        node = Node.load(self.file)
        fit(node)
        node.save(self.file)

    def on_node(self, *words: str) -> Said:
        return self.phoenix("sim", "run", self.file, *words)

    @property
    def booted(self) -> float:
        """When, by the node's clock."""
        return Node.load(self.file).started

    def running(self) -> list[str]:
        names: list[str] = self.on_node("lxc-ls", "--running", "-1").out.split()
        return names

    def pools(self) -> str:
        return str(self.on_node("zpool", "list", "-H", "-o", "name").out)
