"""``/etc/pve``: the cluster's file system, with the rules of pmxcfs."""

from __future__ import annotations

import errno
import os
import re
from dataclasses import replace
from typing import Any

from phoenix_hypervisor.simulator.filesystem import Filesystem, Generated
from phoenix_hypervisor.simulator.tree import Entry, Tree

GUEST = re.compile(r"^/nodes/([^/]+)/(lxc|qemu-server)/([1-9][0-9]*)\.conf$")
WWW_DATA = 33
_VERSIONED = (
    "corosync.conf", "corosync.conf.new", "storage.cfg", "user.cfg", "domains.cfg", "notifications.cfg",
    "priv/notifications.cfg", "priv/shadow.cfg", "priv/acme/plugins.cfg", "priv/tfa.cfg", "priv/token.cfg",
    "priv/wg-keys.cfg", "datacenter.cfg", "vzdump.cron", "vzdump.conf", "jobs.cfg", "ha/crm_commands",
    "ha/manager_status", "ha/resources.cfg", "ha/rules.cfg", "ha/groups.cfg", "ha/fence.cfg", "status.cfg",
    "replication.cfg", "ceph.conf", "sdn/vnets.cfg", "sdn/zones.cfg", "sdn/controllers.cfg", "sdn/subnets.cfg",
    "sdn/ipams.cfg", "sdn/mac-cache.json", "sdn/pve-ipam-state.json", "sdn/dns.cfg", "sdn/fabrics.cfg",
    "sdn/route-maps.cfg", "sdn/prefix-lists.cfg", "sdn/.running-config", "virtual-guest/cpu-models.conf",
    "virtual-guest/profiles.cfg", "firewall/cluster.fw", "mapping/directory.cfg", "mapping/pci.cfg",
    "mapping/usb.cfg",
)  # fmt: skip


class ClusterTree(Tree):
    """The files under ``/etc/pve``.

    A guest's configuration cannot be made where the cluster has another guest of that id; modes and owners are fixed;
    every change counts in ``.version`` and ``.vmlist``.
    """

    def __init__(self, node: str) -> None:
        self.node = node
        self.counts: dict[str, int] = {}
        self.guests: dict[int, tuple[str, str, int]] = {}
        super().__init__()
        for folder in ("lxc", "qemu-server", "openvz", "priv"):
            self.put(f"/nodes/{node}/{folder}", Entry("directory", mode=0o755, gid=WWW_DATA))
        for name in ("lxc", "qemu-server", "openvz"):
            self[f"/{name}"] = Entry("link", f"nodes/{node}/{name}", 0o755, gid=WWW_DATA)
        self["/local"] = Entry("link", f"nodes/{node}", 0o755, gid=WWW_DATA)

    def __setitem__(self, path: str, entry: Entry) -> None:
        before = self.get(path)
        fixed = self._fixed(path, entry)
        if (
            before is not None
            and before.data == entry.data
            and (entry.mode, entry.gid)
            not in (
                (before.mode, before.gid),
                (fixed.mode, fixed.gid),
            )
        ):
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), path)
        if match := GUEST.match(path):
            self._register(path, match[1], match[2], int(match[3]))
        super().__setitem__(path, fixed)
        self._count(path)

    def __delitem__(self, path: str) -> None:
        super().__delitem__(path)
        self._forget(path)

    def pop(self, path: str, *default: Any) -> Any:
        found = super().pop(path, *default)
        self._forget(path)
        return found

    @staticmethod
    def _fixed(path: str, entry: Entry) -> Entry:
        private = path.startswith("/priv") or "/priv/" in path
        modes = {"directory": 0o700 if private else 0o755, "file": 0o600 if private else 0o640}
        return replace(entry, mode=modes.get(entry.kind, entry.mode), uid=0, gid=WWW_DATA)

    def _register(self, path: str, node: str, kind: str, guest: int) -> None:
        there = self.guests.get(guest)
        if there is not None and there[:2] != (node, kind):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
        self.guests[guest] = (node, kind, self.counts.get("vmlist", 1) + 1)

    def _forget(self, path: str) -> None:
        if match := GUEST.match(path):
            self.guests.pop(int(match[3]), None)
        self._count(path)

    def _count(self, path: str) -> None:
        name = "vmlist" if GUEST.match(path) else path[1:]
        if name == "vmlist" or name in _VERSIONED:
            self.counts[name] = self.counts.get(name, 1) + 1

    # -- what pmxcfs computes

    def vmlist(self) -> str:
        lines = [
            f'"{guest}": {{ "node": "{node}", "type": "{"lxc" if kind == "lxc" else "qemu"}", "version": {version} }}'
            for guest, (node, kind, version) in sorted(self.guests.items())
        ]
        ids = ",\n".join(lines)
        return f'{{\n"version": {self.counts.get("vmlist", 1)},\n"ids": {{\n{ids}}}\n\n}}\n'

    def version(self, started: int) -> str:
        lines = [f'"starttime": {started}', '"clinfo": 0', f'"vmlist": {self.counts.get("vmlist", 1)}']
        lines += [f'"{name}": {self.counts.get(name, 1)}' for name in _VERSIONED]
        body = ",\n".join([*lines, f'"kvstore": {{\n"{self.node}": {{\n"tasklist": 1}}\n}}'])
        return f"{{\n{body}\n}}\n"

    def members(self) -> str:
        return f'{{\n"nodename": "{self.node}",\n"version": 0\n}}\n'


class _Text(Generated):
    mode = 0o440

    def __init__(self, tree: ClusterTree, what: str, started: int) -> None:
        self._tree, self._what, self._started = tree, what, started

    def read(self) -> str:
        if self._what == "version":
            return self._tree.version(self._started)
        return self._tree.vmlist() if self._what == "vmlist" else self._tree.members()


def mount_cluster(files: Filesystem, tree: ClusterTree, started: int) -> None:
    """Show the cluster's files at ``/etc/pve``."""
    files.mount("/etc/pve", tree, "/dev/fuse")
    for what in ("vmlist", "version", "members"):
        files.generate(f"/etc/pve/.{what}", _Text(tree, what, started))
