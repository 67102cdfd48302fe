"""What the machine really mounts over the network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator.sharing.netmounts import NetMounts, Unmountable

if TYPE_CHECKING:
    from .node import LabNode


class RealNetMounts(NetMounts):
    """NFS is mounted by ``mount``; Samba's storages have no stand-in."""

    def __init__(self, node: LabNode) -> None:
        super().__init__(node)
        self._lab = node

    def is_mounted(self, kind: str, source: str, place: str) -> bool:
        rows = (line.split() for line in Path("/proc/self/mounts").read_text().splitlines())
        there = ((row[2], row[0].rstrip("/"), row[1]) for row in rows)
        return (kind, source.rstrip("/"), place) in there

    def answers(self, server: str) -> bool:
        return self._lab.command(("showmount", "--no-headers", "--exports", server)).rc == 0

    def mount_nfs(self, server: str, export: str, place: str) -> None:
        done = self._lab.command(("mount", "-t", "nfs", f"{server}:{export}", place))
        if done.rc:
            raise Unmountable(done.stderr.strip().rpartition("\n")[2])
        self._lab.look_at_mounts()

    def check_share(self, server: str, share: str, user: str, password: str) -> str:
        return "NT_STATUS_NOT_SUPPORTED"
