"""Keeps ``/etc/pve/.vmlist`` true when something else than a stand-in writes a guest's file.

Proxmox's own cluster file system does so at once; this follows a moment later: ``python3 -m standin.guests_list``.
"""

from __future__ import annotations

import ctypes
import os
import socket
from pathlib import Path

from .cluster import ClusterFolder

_CHANGES = 0x00000080 | 0x00000040 | 0x00000200 | 0x00000008
"""Moved to, moved from, deleted, closed after writing: inotify(7)."""


def watch(cluster: ClusterFolder, folder: Path) -> None:
    """Write the list anew after each change in a folder; does not return."""
    libc = ctypes.CDLL(None, use_errno=True)
    handle = libc.inotify_init()
    if handle < 0 or libc.inotify_add_watch(handle, os.fsencode(folder), _CHANGES) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(folder))
    while True:
        cluster.write_list()
        os.read(handle, 1 << 16)


if __name__ == "__main__":
    name = socket.gethostname().partition(".")[0]
    found = ClusterFolder(name, "/etc/pve")
    found.lay_out()
    watch(found, Path(f"/etc/pve/nodes/{name}/lxc"))
