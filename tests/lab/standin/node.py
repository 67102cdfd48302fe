"""The machine as a node of the simulator: its own files, datasets, containers and locks instead of modelled ones."""

from __future__ import annotations

import secrets
import time
from pathlib import Path

from phoenix_hypervisor.simulator.container import Container
from phoenix_hypervisor.simulator.failures import PveError
from phoenix_hypervisor.simulator.node import Node
from phoenix_hypervisor.simulator.releases import RELEASES
from phoenix_hypervisor.simulator.setup import Root
from phoenix_hypervisor.simulator.storage import Storages, Volume
from phoenix_hypervisor.simulator.tarballs import Tarball
from phoenix_hypervisor.simulator.tree import Tree

from .cluster import ClusterFolder
from .containers import LxcGuests
from .disk_tree import DiskTree
from .folders import HOME, POOL, FolderZfs
from .locks import FileLocks
from .netmounts import RealNetMounts
from .zfs import RealZfs, Run, run

_MOUNTED = ("zfs", "ext4", "nfs", "nfs4", "cifs")


class RealStorages(Storages):
    """Volumes are ZFS datasets here; images in a folder have no stand-in."""

    def allocate(self, name: str, ctid: int, size: int, wanted: str | None = None) -> Volume:
        if self.get(name).type != "zfspool":
            raise PveError("only volumes on ZFS have a stand-in in the lab")
        return super().allocate(name, ctid, size, wanted)


class LabNode(Node):
    """The machine whose files are below ``root``."""

    zfs: RealZfs | FolderZfs
    cluster: ClusterFolder

    def __init__(self, name: str, root: str | Path = "/", run: Run = run, version: int = 8) -> None:
        self.folder = str(root).rstrip("/")
        now = time.time()
        cluster = ClusterFolder(name, f"{self.folder}/etc/pve")
        cluster.lay_out()
        super().__init__(
            name, seed=0, clock=now, started=now, root=DiskTree(root), cluster=cluster, release=RELEASES[version]
        )
        self.command = run
        self.guests = LxcGuests(self)
        has_zfs = not Path(f"{self.folder}/{HOME}").is_dir()
        self.zfs = RealZfs(self, run, self.folder) if has_zfs else self._folders(run)
        self.storages = RealStorages(self.files, self.zfs)
        self.netmounts = RealNetMounts(self)
        self.locks = FileLocks(self.zfs.load)
        self.look_at_mounts()

    def _folders(self, run: Run) -> FolderZfs:
        return FolderZfs(self.files, self.release.zfs, run, self.folder)

    def look_at_mounts(self) -> None:
        """Let the node know what is mounted where."""
        table = Path(f"{self.folder}/proc/self/mounts")
        known = ("/", "/etc/pve", *([f"/{POOL}"] if isinstance(self.zfs, FolderZfs) else []))
        rows = (line.split() for line in (table.read_text() if table.exists() else "").splitlines())
        for source, place, kind, *_rest in rows:
            if kind in _MOUNTED and place not in known:
                self.files.mount(place, DiskTree(f"{self.folder}{place}"), source, over=True)

    def unpack(self, tarball: Tarball, path: str, tree: Tree, owner: int) -> None:
        if not isinstance(tree, DiskTree):
            raise TypeError("a volume of the lab is a folder")
        maps = [word for kind in "ug" for word in ("-m", f"{kind}:0:{owner}:65536")]
        inside = ("lxc-usernsexec", *maps, "--") if owner else ()
        words = ("tar", "-xpf", path, "--numeric-owner", "--exclude=./dev/*", "-C", str(tree.top))
        done = self.command((*inside, *words))
        if done.rc:
            raise PveError(f"{done.stderr}command '{' '.join(words)}' failed: exit code {done.rc}")

    def write_host_key(self, root: Root, kind: str, hostname: str) -> str:
        """A real one, in a container that has a place for it."""
        if not isinstance(root.tree, DiskTree) or not root.tree.path("/etc/ssh").is_dir():
            return ""
        key = root.tree.path(f"/etc/ssh/ssh_host_{kind}_key")
        files = (key, key.with_suffix(".pub"))
        for file in files:
            file.unlink(missing_ok=True)
        self.command(("ssh-keygen", "-q", "-t", kind, "-N", "", "-C", f"root@{hostname}", "-f", str(key)))
        self.command(("chown", f"{root.owner}:{root.owner}", *map(str, files)))
        return " ".join(self.command(("ssh-keygen", "-l", "-f", str(key))).stdout.split()[1:2])

    def boot(self, _root: Root) -> None:
        """The container's own init writes what it writes."""

    def container(self, ctid: int) -> Container | None:
        raise PveError("what goes on inside of a container is lxc's affair in the lab")

    def entropy(self) -> str:
        return secrets.token_hex(32)
