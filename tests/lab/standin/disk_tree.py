"""A folder of a real disk as the simulator's tree of files."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from phoenix_hypervisor.simulator import tarballs
from phoenix_hypervisor.simulator.tree import Entry, Tree

_LARGEST = 1 << 20
"""Bytes of a file that are read as its text; a larger one reads as empty."""
_MAX_LINKS = 40


class DiskTree(Tree):
    """What is below ``top``, read anew at each look and written at once.

    ``follow`` resolves links inside of ``top``, as for a container's root file system that is looked at from outside.
    An OS tarball reads as the short text by which the simulator knows one.
    """

    def __init__(self, top: str | Path, *, follow: bool = False) -> None:
        dict.__init__(self)
        self.top = Path(top)
        self._follow = follow

    def path(self, inner: str) -> Path:
        """Where an inner path lies on the disk."""
        return self.top / inner.lstrip("/")

    # -- looking

    def get(self, key: str, default: Any = None) -> Any:
        path = self._resolved(key)
        try:
            found = path.lstat()
        except OSError:
            return default
        rights = (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid, found.st_mtime)
        if stat.S_ISLNK(found.st_mode):
            return Entry("link", str(path.readlink()), *rights)
        if stat.S_ISDIR(found.st_mode):
            return Entry("directory", "", *rights)
        if stat.S_ISREG(found.st_mode):
            return Entry("file", _text(path, found.st_size), *rights)
        kind = "b" if stat.S_ISBLK(found.st_mode) else "c"
        return Entry("device", f"{kind} {os.major(found.st_rdev)} {os.minor(found.st_rdev)}", *rights)

    def _resolved(self, key: str) -> Path:
        path = self.path(key)
        for _ in range(_MAX_LINKS if self._follow else 0):
            if not path.is_symlink():
                break
            target = path.readlink()
            path = self.path(str(target)) if target.is_absolute() else Path(os.path.normpath(path.parent / target))
            if not path.is_relative_to(self.top):
                path = self.top
        return path

    def __getitem__(self, key: str) -> Entry:
        found: Entry | None = self.get(key)
        if found is None:
            raise KeyError(key)
        return found

    def __contains__(self, key: object) -> bool:
        return os.path.lexists(self.path(str(key)))

    def __iter__(self) -> Iterator[str]:
        return iter(self.below("/"))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return True

    def values(self) -> Any:
        """The entries one by one; a whole root file system is never held in memory."""
        return (self[key] for key in self)

    def items(self) -> Any:
        return ((key, self[key]) for key in self)

    def children(self, path: str) -> list[str]:
        return [name for name in os.listdir(self.path(path)) if not name.startswith(_TEMPORARY)]  # noqa: PTH208

    def below(self, path: str) -> list[str]:
        found = []
        for folder, folders, files in os.walk(self.path(path)):
            inner = Path(folder).relative_to(self.top)
            found += [f"/{inner / name}" for name in (*folders, *files)]
        return found

    # -- changing

    def __setitem__(self, key: str, entry: Entry) -> None:
        path = self.path(key)
        if entry.kind == "directory":
            path.mkdir(exist_ok=True)
            path.chmod(entry.mode)
        elif entry.kind == "link":
            _replace_link(path, entry.data)
        elif entry.kind == "file":
            _replace_file(path, entry)
        else:
            raise NotImplementedError(f"{path}: a device node is not made here")
        if os.geteuid() == 0:
            os.lchown(path, entry.uid, entry.gid)

    def __delitem__(self, key: str) -> None:
        path = self.path(key)
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink()

    def pop(self, key: str, *default: Any) -> Any:
        found = self.get(key)
        if found is None:
            if default:
                return default[0]
            raise KeyError(key)
        del self[key]
        return found

    def update(self, other: Mapping[str, Entry]) -> None:  # type: ignore[override]
        """Take over all files of another folder, as a full copy does."""
        if not isinstance(other, DiskTree):
            raise NotImplementedError("only a folder of the disk can be copied")
        subprocess.run(["cp", "-a", "-x", f"{other.top}/.", str(self.top)], check=True)


_TEMPORARY = ".standin."


def _text(path: Path, size: int) -> str:
    if tarballs.is_name(path.name):
        return tarballs.text(path.name, size)
    if size > _LARGEST:
        return ""
    return path.read_bytes().decode("utf-8", "surrogateescape")


def _replace_file(path: Path, entry: Entry) -> None:
    """Write beside the target, then put it in the target's place."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=_TEMPORARY)
    with os.fdopen(handle, "wb") as file:
        file.write(entry.data.encode("utf-8", "surrogateescape"))
        file.flush()
        os.fsync(file.fileno())
    Path(name).chmod(entry.mode)
    if os.geteuid() == 0:
        os.chown(name, entry.uid, entry.gid)
    Path(name).replace(path)


def _replace_link(path: Path, target: str) -> None:
    if path.is_symlink() and str(path.readlink()) == target:
        return
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.symlink_to(target)
