"""What a node mounts over the network: NFS exports and Samba shares, its own or those of servers nearby.

Source of the words: mount.nfs(8), mount.cifs(8), smbclient(1).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from phoenix_hypervisor.simulator.mounts import clean, join
from phoenix_hypervisor.simulator.sharing import etab, nfsd, smbd
from phoenix_hypervisor.simulator.tree import Entry, Tree

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node
    from phoenix_hypervisor.simulator.trees import TreeReader, TreeWriter

_CIFS_HINT = "Refer to the mount.cifs(8) manual page (e.g. man mount.cifs) and kernel log messages (dmesg)"


class Unmountable(Exception):
    """A mount that the server does not grant: the last line of mount's complaint."""


@dataclass
class NfsServer:
    """A machine nearby that serves NFS: its exports with their files; it may be off."""

    exports: dict[str, Tree] = field(default_factory=dict)
    online: bool = True


class NetMounts:
    """The node's network mounts, by mount point, and the servers that it can reach beside itself."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self.servers: dict[str, NfsServer] = {}
        self._mounted: dict[str, tuple[str, str]] = {}

    def add_server(self, address: str, *exports: str) -> NfsServer:
        """Put a machine into the network that exports folders to everybody."""
        found = self.servers.setdefault(address, NfsServer())
        for path in exports:
            found.exports.setdefault(path, _folder())
        return found

    def is_mounted(self, kind: str, source: str, place: str) -> bool:
        """Whether a source is mounted at a place."""
        there = {mount.path: mount.source.rstrip("/") for mount in self._node.files.mounts}
        return there.get(place) == source.rstrip("/") and self._mounted.get(place, ("",))[0] == kind

    def answers(self, server: str) -> bool:
        """Whether ``showmount`` gets an answer from a server."""
        if nfsd.owns(self._node, server):
            return nfsd.runs(self._node)
        return server in self.servers and self.servers[server].online

    def mount_nfs(self, server: str, export: str, place: str) -> None:
        """Mount an export. Raises Unmountable."""
        export = clean(export)
        denied = f"mount.nfs: access denied by server while mounting {server}:{export}"
        if nfsd.owns(self._node, server):
            client = etab.address_of(self._node, server) or server
            granted = nfsd.grant(self._node, export, "127.0.0.1" if client.startswith("127.") else client)
            if granted is None:
                raise Unmountable(denied)
            tree, base = self._own(export)
        else:
            found = self.servers[server].exports if self.answers(server) else {}
            if export not in found:
                raise Unmountable(denied)
            tree, base = found[export], "/"
        self._put("nfs4", f"{server}:{export}", place, tree, base)

    def check_share(self, server: str, share: str, user: str, password: str) -> str:
        """What smbclient says when it cannot get in; empty when it can."""
        if not nfsd.owns(self._node, server):
            return "NT_STATUS_HOST_UNREACHABLE"
        try:
            smbd.connect(self._node, share, user, password)
        except smbd.Refused as refused:
            return str(refused)
        return ""

    def mount_cifs(self, source: str, share: str, user: str, password: str, place: str) -> None:
        """Mount a share of the node's own Samba. Raises Unmountable."""
        try:
            session = smbd.connect(self._node, share, user, password)
        except smbd.Refused as refused:
            raise Unmountable(_CIFS_HINT) from refused
        below = source.removeprefix("//").partition("/")[2].removeprefix(share)
        if not self._node.files.is_dir(session.path + below):
            raise Unmountable(_CIFS_HINT)
        self._put("cifs", source, place, *self._own(session.path + below))

    def unmount(self, place: str) -> None:
        """Take a mount away. OSError where none is there."""
        self._node.files.unmount(place)
        self._mounted.pop(place, None)

    def _own(self, path: str) -> tuple[Tree, str]:
        """The tree that has a folder of the node, and the folder's place there; what is mounted below is not seen."""
        path = self._node.files.resolve(path)
        found = [one for one in self._node.files.mounts if path == one.path or path.startswith(join(one.path, ""))]
        mount = max(found, key=lambda one: len(one.path))
        return mount.tree, clean(f"{mount.base}/{path[len(mount.path) :]}")

    def _put(self, kind: str, source: str, place: str, tree: Tree, base: str) -> None:
        self._node.files.mount(place, tree, source, base)
        self._mounted[place] = (kind, source)

    # -- keeping

    def to_json(self, trees: TreeWriter) -> dict[str, Any]:
        servers = {
            address: {"online": one.online, "exports": {path: trees.add(tree) for path, tree in one.exports.items()}}
            for address, one in self.servers.items()
        }
        mounts = self._node.files.mounts
        there = {one.path: one for one in mounts}
        mounted = [
            [place, kind, source, *self._origin(place)]
            for place, (kind, source) in self._mounted.items()
            if place in there
        ]
        return {"servers": servers, "mounted": mounted}

    def _origin(self, place: str) -> tuple[str, str]:
        """Where a mount's files come from: the server and its export, or nothing and the folder of this node."""
        mount = next(one for one in self._node.files.mounts if one.path == place)
        for address, server in self.servers.items():
            for path, tree in server.exports.items():
                if tree is mount.tree:
                    return address, path
        others = (one for one in self._node.files.mounts if one.tree is mount.tree and one.path not in self._mounted)
        top = next(others)
        return "", clean(f"{top.path}/{mount.base[len(top.base.rstrip('/')) :]}")

    def from_json(self, value: dict[str, Any], trees: TreeReader) -> None:
        for address, one in value["servers"].items():
            exports = {path: trees.tree(tree) for path, tree in one["exports"].items()}
            self.servers[address] = NfsServer(exports, bool(one["online"]))
        for place, kind, source, address, path in value["mounted"]:
            tree, base = (self.servers[address].exports[path], "/") if address else self._own(path)
            self._put(kind, source, place, tree, base)


def _folder() -> Tree:
    tree = Tree()
    tree["/"] = Entry("directory", mode=0o755)
    return tree
