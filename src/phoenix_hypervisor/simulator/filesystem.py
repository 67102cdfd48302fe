"""The files of a simulated machine: a namespace of mounted trees, with the kernel's rules for paths and links."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import replace
from fnmatch import fnmatchcase

from phoenix_hypervisor.simulator.mounts import Generated, Mount, Namespace, Spot, clean, fail, join
from phoenix_hypervisor.simulator.tree import Entry, Kind, Tree

__all__ = ["Entry", "Filesystem", "Generated", "Kind", "Mount", "Tree", "fail"]

Names = list[str]


class Filesystem(Namespace):
    """A namespace of mounts, as one machine sees it.

    Paths are absolute. Every failure is an OSError with the kernel's errno. The user is root: permissions are stored,
    never judged.
    """

    def _place(self, path: str) -> Spot:
        """Where something new may be put."""
        spot = self._find(path, follow=False)
        if spot.entry is not None:
            fail(errno.EEXIST, path)
        self._check_writable(spot, path)
        return spot

    def _check_writable(self, spot: Spot, path: str) -> None:
        if spot.mount.read_only:
            fail(errno.EROFS, path)
        if spot.generated is not None:
            fail(errno.EACCES, path)

    # -- looking

    def stat(self, path: str, follow: bool = True) -> Entry | None:
        """What is at a path; None when nothing is."""
        try:
            return self._find(path, follow).entry
        except OSError:
            return None

    def exists(self, path: str) -> bool:
        return self.stat(path) is not None

    def is_dir(self, path: str) -> bool:
        entry = self.stat(path)
        return entry is not None and entry.kind == "directory"

    def read(self, path: str) -> str:
        """The text of a file; a device gives nothing."""
        _spot, entry = self._there(path)
        if entry.kind == "directory":
            fail(errno.EISDIR, path)
        return entry.data if entry.kind == "file" else ""

    def list(self, path: str) -> Names:
        """The names in a folder, sorted."""
        spot, entry = self._there(path)
        if entry.kind != "directory":
            fail(errno.ENOTDIR, path)
        names = set(self._points.get(spot.path, ()))
        names |= set(spot.generated.children() or ()) if spot.generated else set(spot.mount.tree.children(spot.inner))
        return sorted(name for name in names if self._step(spot, name).entry is not None)

    def glob(self, pattern: str) -> Names:
        """The existing paths that an absolute pattern of ``*``, ``?`` and ``[…]`` matches, sorted."""
        found = ["/"]
        for part in pattern.split("/"):
            if part:
                found = [path for folder in found for path in self._matches(folder, part)]
        if pattern.endswith("/"):
            return sorted(f"{path}/" for path in found if self.is_dir(path))
        return sorted(found)

    def _matches(self, folder: str, part: str) -> Names:
        if not any(sign in part for sign in "*?["):
            path = join(folder, part)
            return [path] if self.stat(path, follow=False) else []
        if not self.is_dir(folder):
            return []
        hidden = part.startswith(".")
        names = (name for name in self.list(folder) if hidden or not name.startswith("."))
        return [join(folder, name) for name in names if fnmatchcase(name, part)]

    # -- changing

    def write(
        self,
        path: str,
        text: str,
        *,
        append: bool = False,
        exclusive: bool = False,
        mode: int | None = None,
        uid: int | None = None,
        gid: int | None = None,
    ) -> None:
        """Put text into a file, which is made where it is not there (0644, root). A device swallows it."""
        spot = self._find(path)
        entry = spot.entry
        if entry is not None and exclusive:
            fail(errno.EEXIST, path)
        if entry is not None and entry.kind == "directory":
            fail(errno.EISDIR, path)
        if entry is not None and entry.kind == "device":
            return
        if spot.generated is not None and entry is not None:
            spot.generated.write(entry.data + text if append else text)
            return
        self._check_writable(spot, path)
        before = entry or Entry("file")
        spot.mount.tree[spot.inner] = Entry(
            "file",
            before.data + text if append else text,
            before.mode if mode is None else mode,
            before.uid if uid is None else uid,
            before.gid if gid is None else gid,
            self._clock(),
        )

    def mkdir(self, path: str, parents: bool = False, mode: int = 0o755) -> None:
        """Make a folder; with ``parents`` those above it, and no complaint when it is there."""
        if parents:
            above = ""
            for part in clean(path).split("/")[1:-1]:
                above = f"{above}/{part}"
                if self.stat(above) is None:
                    self.mkdir(above)
            if self.is_dir(path):
                return
        self._set(self._place(path.rstrip("/")), Entry("directory", mode=mode))

    def link(self, target: str, path: str) -> None:
        """Make a symbolic link at ``path``."""
        self._set(self._place(path), Entry("link", target, 0o777))

    def device(self, numbers: str, path: str, mode: int = 0o660) -> None:
        """Make a device node: ``c 10 229``."""
        self._set(self._place(path), Entry("device", numbers, mode))

    def _set(self, spot: Spot, entry: Entry) -> None:
        spot.mount.tree[spot.inner] = replace(entry, mtime=self._clock())

    def remove(self, path: str, recursive: bool = False) -> None:
        """Take away a file, link, device or empty folder; with ``recursive`` a folder with all that it holds."""
        spot, entry = self._there(path, follow=False)
        self._check_writable(spot, path)
        if any(point == spot.path or point.startswith(f"{spot.path.rstrip('/')}/") for point in self._mounts):
            fail(errno.EBUSY, path)
        tree = spot.mount.tree
        below = tree.below(spot.inner) if entry.kind == "directory" else []
        if below and not recursive:
            fail(errno.ENOTEMPTY, path)
        for inner in below:
            del tree[inner]
        tree.pop(spot.inner, None)

    def rename(self, source: str, target: str) -> None:
        """Move within one mount, over what stands at the target, as rename(2) does."""
        old, entry = self._there(source, follow=False)
        new = self._find(target, follow=False)
        self._check_writable(old, source)
        self._check_writable(new, target)
        if old.path in self._mounts or new.path in self._mounts:
            fail(errno.EBUSY, target)
        if new.path.startswith(f"{old.path}/"):
            fail(errno.EINVAL, target)
        if old.mount is not new.mount:
            fail(errno.EXDEV, target)
        if new.path == old.path:
            return
        tree = old.mount.tree
        if new.entry is not None:
            if new.entry.kind == "directory" and entry.kind != "directory":
                fail(errno.EISDIR, target)
            if new.entry.kind != "directory" and entry.kind == "directory":
                fail(errno.ENOTDIR, target)
            if tree.below(new.inner):
                fail(errno.ENOTEMPTY, target)
        for inner in tree.below(old.inner):
            tree[new.inner + inner[len(old.inner) :]] = tree.pop(inner)
        tree[new.inner] = tree.pop(old.inner)

    def chmod(self, path: str, mode: int) -> None:
        self._change(path, True, lambda entry: replace(entry, mode=mode & 0o7777))

    def chown(self, path: str, uid: int | None = None, gid: int | None = None, follow: bool = True) -> None:
        """Set owner and group; None leaves one as it is."""
        self._change(
            path,
            follow,
            lambda entry: replace(entry, uid=entry.uid if uid is None else uid, gid=entry.gid if gid is None else gid),
        )

    def touch(self, path: str, mtime: float | None = None) -> None:
        """Set the time of change; now, when none is given."""
        when = self._clock() if mtime is None else mtime
        self._change(path, True, lambda entry: replace(entry, mtime=when))

    def _change(self, path: str, follow: bool, change: Callable[[Entry], Entry]) -> None:
        spot, entry = self._there(path, follow)
        self._check_writable(spot, path)
        spot.mount.tree[spot.inner] = change(entry)
