"""What is mounted in a container: its root, its volumes, folders of the node, the raw ``lxc.mount.entry`` lines.

Source: PVE::LXC (walk_tree_nofollow, mountpoint_insert_staged); LXC's conf.c (mount_entry_on_generic); getmntent(3).
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator.mounts import Mount, clean, join
from phoenix_hypervisor.simulator.tree import Entry, Tree

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.filesystem import Filesystem
    from phoenix_hypervisor.simulator.node import Node

_ESCAPE = re.compile(r"\\(040|011|012|134|\\)")
_ESCAPED = {"040": " ", "011": "\t", "012": "\n", "134": "\\", "\\": "\\"}
_NO_DEVICE = ("proc", "sysfs", "cgroup", "cgroup2", "mqueue", "devpts", "securityfs", "debugfs", "tracefs", "bpf")
"""Types of the kernel's own file systems: there, but without files here."""


class MountFault(Exception):
    """A mount that fails: the text, and the kernel's number."""

    def __init__(self, text: str, code: int = errno.ENOENT) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


class EntryFault(MountFault):
    """A raw line that cannot be mounted: LXC itself fails, not Proxmox's hook."""


@dataclass(frozen=True, slots=True)
class MountEntry:
    """A line as in fstab(5); the target is relative to the container's root."""

    source: str
    target: str
    kind: str
    options: tuple[str, ...]

    @classmethod
    def parse(cls, line: str) -> MountEntry | None:
        """The entry of a line; None where it is none, or where LXC ignores it: an absolute target."""
        fields = [_ESCAPE.sub(lambda found: _ESCAPED[found[1]], field) for field in line.split()]
        if len(fields) < 2 or line.lstrip().startswith("#") or fields[1].startswith("/"):
            return None
        kind, options = (fields[2:3] or [""])[0], (fields[3:4] or [""])[0]
        return cls(fields[0], "/" + fields[1].strip("/"), kind, tuple(options.split(",")))

    @property
    def is_bind(self) -> bool:
        return "bind" in self.options or "rbind" in self.options


class GuestMounts:
    """Mounts into the files of one container; ``sources`` says for each place what ``findmnt`` calls its source."""

    def __init__(self, node: Node, files: Filesystem, memory: Tree) -> None:
        self._node = node
        self._files = files
        self._memory = memory
        self.sources: dict[str, str] = {}

    def volume(self, volume: str, path: str, *, read_only: bool = False) -> None:
        """A volume at a path. Raises MountFault."""
        found = self._node.storages.volume(volume)
        self._make_folders(path)
        self._files.mount(path, found.tree, volume, read_only=read_only, over=True)
        self.sources[clean(path)] = found.dataset.name if found.dataset else found.id

    def folder(self, source: str, path: str, *, read_only: bool = False) -> None:
        """A folder of the node at a path. Raises MountFault."""
        if not self._node.files.is_dir(source):
            raise MountFault(f"directory '{source}' does not exist")
        self._make_folders(path)
        self._show(source, path, read_only)

    def _make_folders(self, path: str) -> None:
        """Make the folders of a mount point where they are missing. Raises MountFault at a symbolic link."""
        at = ""
        for part in clean(path).split("/")[1:]:
            at = f"{at}/{part}" if part else "/"
            entry = self._files.stat(at, follow=False)
            if entry is None:
                self._files.mkdir(at)
            elif entry.kind != "directory":
                raise MountFault(f"symlink encountered at: /{at}", errno.ENOTDIR)

    def _show(self, source: str, path: str, read_only: bool) -> None:
        tree, base = place(self._node.files, source)
        self._files.mount(path, tree, source, base, read_only=read_only, over=True)
        dataset = next((name for name, one in self._node.zfs.datasets.items() if one.tree is tree), "")
        self.sources[clean(path)] = (dataset or source) + (f"[{base}]" if dataset and base != "/" else "")

    def entry(self, entry: MountEntry) -> None:
        """What a raw line mounts. Raises EntryFault, unless it is optional."""
        try:
            self._entry(entry)
        except EntryFault:
            if "optional" not in entry.options:
                raise
        except OSError as failure:
            if "optional" not in entry.options:
                raise self._fault(entry, failure.errno or errno.EIO) from failure

    def _entry(self, entry: MountEntry) -> None:
        files, target = self._files, entry.target
        if "create=dir" in entry.options:
            files.mkdir(target, parents=True)
        elif "create=file" in entry.options and files.stat(target) is None:
            files.mkdir(target.rpartition("/")[0] or "/", parents=True)
            files.write(target, "", mode=0)
        self._check_links(target)
        there = files.stat(target)
        if there is None:
            raise self._fault(entry, errno.ENOENT)
        if entry.is_bind:
            self._bind(entry, there)
        elif entry.kind == "tmpfs":
            base = f"/mounted{target}"
            if base not in self._memory:
                self._memory.put(base, Entry("directory", "", 0o1777, self._memory["/dev"].uid))
            files.mount(target, self._memory, "tmpfs", base, read_only="ro" in entry.options, over=True)
        elif entry.kind not in _NO_DEVICE:
            raise self._fault(entry, errno.ENODEV)

    def _bind(self, entry: MountEntry, there: Entry) -> None:
        source = self._node.files.stat(entry.source)
        if source is None:
            raise self._fault(entry, errno.ENOENT)
        if (source.kind == "directory") != (there.kind == "directory"):
            raise self._fault(entry, errno.ENOTDIR)
        read_only = "ro" in entry.options
        self._show(entry.source, entry.target, read_only)
        for below in _below(self._node.files, entry.source) if "rbind" in entry.options else ():
            rest = below.path[len(self._node.files.resolve(entry.source).rstrip("/")) :]
            self._files.mount(entry.target + rest, below.tree, below.source, below.base, read_only=read_only, over=True)

    def _check_links(self, target: str) -> None:
        at = "/"
        for part in target.strip("/").split("/"):
            at = join(at, part)
            found = self._files.stat(at, follow=False)
            if found is not None and found.kind == "link":
                text = f"{os.strerror(errno.ELOOP)} - {part} in {_ROOT}{at} was a symbolic link!"
                raise EntryFault(text, errno.ELOOP)

    @staticmethod
    def _fault(entry: MountEntry, code: int) -> EntryFault:
        return EntryFault(f'{os.strerror(code)} - Failed to mount "{entry.source}" on "{_ROOT}{entry.target}"', code)


_ROOT = "/usr/lib/x86_64-linux-gnu/lxc/rootfs"
"""Where LXC puts a container together."""


def _below(files: Filesystem, source: str) -> Iterator[Mount]:
    above = files.resolve(source).rstrip("/")
    return (mount for mount in files.mounts if mount.path.startswith(f"{above}/"))


def place(files: Filesystem, path: str) -> tuple[Tree, str]:
    """The tree that holds a path of the node, and the path inside of it."""
    resolved = files.resolve(path)
    above = [mount for mount in files.mounts if resolved == mount.path or resolved.startswith(f"{mount.path}/")]
    mount = max(above or files.mounts[:1], key=lambda one: len(one.path))
    rest = resolved[len(mount.path.rstrip("/")) :]
    return mount.tree, (mount.base.rstrip("/") + rest) or "/"
