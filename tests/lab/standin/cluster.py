"""/etc/pve as a plain folder that follows the rules of the cluster's file system as far as the simulator knows them."""

from __future__ import annotations

from pathlib import Path

from phoenix_hypervisor.simulator.cluster import GUEST, ClusterTree
from phoenix_hypervisor.simulator.tree import Entry

from .disk_tree import DiskTree


class ClusterFolder(ClusterTree, DiskTree):
    """The files under ``top``. The list of guests is what is there, and is written to ``.vmlist`` after each change."""

    def __init__(self, node: str, top: str | Path) -> None:
        DiskTree.__init__(self, top)
        self.node = node
        self.counts: dict[str, int] = {}

    def lay_out(self) -> None:
        """Make the folders and links that a fresh node has, where they are missing."""
        for folder in ("lxc", "qemu-server", "openvz", "priv"):
            self.path(f"nodes/{self.node}/{folder}").mkdir(parents=True, exist_ok=True)
        for name in ("lxc", "qemu-server", "openvz"):
            self._lead(name, f"nodes/{self.node}/{name}")
        self._lead("local", f"nodes/{self.node}")
        if "/.vmlist" not in self:
            self.write_list()

    def _lead(self, name: str, target: str) -> None:
        if not self.path(name).is_symlink():
            self.path(name).symlink_to(target)

    def write_list(self) -> None:
        """Write ``.vmlist`` as the guests are now."""
        DiskTree.__setitem__(self, "/.vmlist", Entry("file", self.vmlist(), 0o440))

    @property
    def guests(self) -> dict[int, tuple[str, str, int]]:  # type: ignore[override]
        """Node, kind and version of each guest, by id, of the files that are there."""
        matches = (GUEST.match(f"/{path.relative_to(self.top)}") for path in self.top.glob("nodes/*/*/*.conf"))
        return {int(match[3]): (match[1], match[2], 1) for match in matches if match}

    def _count(self, path: str) -> None:
        if GUEST.match(path):
            self.write_list()
