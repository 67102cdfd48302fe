"""What is mounted where on a simulated machine, and where a path leads."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, NoReturn

from phoenix_hypervisor.simulator.tree import ROOT, Entry, Tree

MAX_LINKS = 40


def fail(code: int, path: str) -> NoReturn:
    """Raise OSError with the kernel's text for an errno."""
    raise OSError(code, os.strerror(code), path)


class Generated:
    """A file, or a folder, that the machine computes when it is looked at."""

    mode = 0o444

    def read(self) -> str | None:
        """The text of the file now; None for a folder, and for a file that is not there now."""
        return None

    def write(self, text: str) -> None:  # noqa: ARG002
        """Take what was written. Raises OSError where the machine refuses it."""
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    def children(self) -> Mapping[str, Generated] | None:
        """What the folder holds now, by name; None for a file."""
        return None

    def entry(self) -> Entry | None:
        """What stat sees."""
        if self.children() is not None:
            return replace(ROOT, mode=self.mode | 0o111)
        text = self.read()
        return None if text is None else Entry("file", text, self.mode)


@dataclass(frozen=True, slots=True)
class Mount:
    """A tree, or with ``base`` a folder of it, at a place of the namespace."""

    path: str
    tree: Tree
    source: str = ""
    base: str = "/"
    read_only: bool = False


class Spot(NamedTuple):
    """Where a path leads: links resolved, the last part perhaps not there."""

    path: str
    mount: Mount
    inner: str
    entry: Entry | None
    generated: Generated | None = None


class Namespace:
    """The mounts and computed files of one machine; paths are absolute."""

    def __init__(self, root: Tree, clock: Callable[[], float] = lambda: 0.0) -> None:
        self._clock = clock
        self._mounts: dict[str, Mount] = {"/": Mount("/", root)}
        self._generated: dict[str, Generated] = {}
        self._points: dict[str, set[str]] = {}
        self.locks: set[str] = set()

    # -- the namespace

    @property
    def mounts(self) -> tuple[Mount, ...]:
        """What is mounted, in the order of mounting, the root first."""
        return tuple(self._mounts.values())

    def mount(
        self, path: str, tree: Tree, source: str = "", base: str = "/", *, read_only: bool = False, over: bool = False
    ) -> None:
        """Show a tree, or the folder ``base`` of it, at a path. The folder need not be there before.

        With ``over`` it hides what is mounted there and below; without, that is EBUSY.
        """
        path = clean(path)
        if over:
            self._hide(path)
        if path in self._mounts:
            fail(errno.EBUSY, path)
        if base not in tree:
            fail(errno.ENOENT, base)
        self._mounts[path] = Mount(path, tree, source, base, read_only)
        self._add_point(path)

    def _hide(self, path: str) -> None:
        for point in [one for one in self._mounts if one == path or one.startswith(f"{path}/")]:
            del self._mounts[point]
            self._drop_point(point)

    def unmount(self, path: str) -> None:
        """Take a mount away; EBUSY where another one stands on it."""
        path = clean(path)
        if path not in self._mounts or path == "/":
            fail(errno.EINVAL, path)
        if any(other.startswith(f"{path}/") for other in self._mounts):
            fail(errno.EBUSY, path)
        del self._mounts[path]
        self._drop_point(path)

    def generate(self, path: str, generated: Generated) -> None:
        """Put a computed file or folder at a path; it covers what the trees have there."""
        path = clean(path)
        self._generated[path] = generated
        self._add_point(path)

    def _add_point(self, path: str) -> None:
        while path != "/":
            parent, name = split(path)
            names = self._points.setdefault(parent, set())
            if name in names:
                return
            names.add(name)
            path = parent

    def _drop_point(self, path: str) -> None:
        while path != "/" and path not in self._points and path not in self._mounts and path not in self._generated:
            parent, name = split(path)
            self._points[parent].discard(name)
            if self._points[parent]:
                return
            del self._points[parent]
            path = parent

    # -- paths

    def resolve(self, path: str) -> str:
        """The path without links, ``.`` and ``..``; the last part need not be there."""
        return self._find(path).path

    def _find(self, path: str, follow: bool = True) -> Spot:
        rest = [part for part in path.split("/") if part and part != "."][::-1]
        spot, links = self._at_root(), 0
        while rest:
            spot = self._descend(spot, rest)
            name = rest.pop()
            if spot.entry is None:
                fail(errno.ENOENT, path)
            if spot.entry.kind != "directory":
                fail(errno.ENOTDIR, path)
            if name == "..":
                rest += [part for part in spot.path.split("/") if part][-2::-1]
                spot = self._at_root()
                continue
            parent, spot = spot, self._step(spot, name)
            if spot.entry and spot.entry.kind == "link" and (rest or follow or path.endswith("/")):
                links += 1
                if links > MAX_LINKS:
                    fail(errno.ELOOP, path)
                rest += [part for part in spot.entry.data.split("/") if part and part != "."][::-1]
                spot = self._at_root() if spot.entry.data.startswith("/") else parent
        if path.endswith("/") and spot.entry and spot.entry.kind != "directory":
            fail(errno.ENOTDIR, path)
        return spot

    def _descend(self, spot: Spot, rest: list[str]) -> Spot:
        """Go down the plain folders at the end of ``rest``, which is in reverse; the last part of all stays there."""
        path, mount, inner, entry, generated = spot
        if entry is None or entry.kind != "directory" or generated is not None:
            return spot
        while len(rest) > 1 and rest[-1] != "..":
            below = join(path, rest[-1])
            there = self._mounts.get(below)
            found_mount, found_inner = (there, there.base) if there else (mount, join(inner, rest[-1]))
            found = found_mount.tree.get(found_inner) or (ROOT if below in self._points else None)
            if found is None or found.kind != "directory" or below in self._generated:
                break
            rest.pop()
            path, mount, inner, entry = below, found_mount, found_inner, found
        return Spot(path, mount, inner, entry)

    def _at_root(self) -> Spot:
        mount = self._mounts["/"]
        return Spot("/", mount, mount.base, mount.tree[mount.base])

    def _step(self, spot: Spot, name: str) -> Spot:
        path = join(spot.path, name)
        generated = self._generated.get(path)
        if generated is None and spot.generated is not None:
            generated = (spot.generated.children() or {}).get(name)
            if generated is None:
                return Spot(path, spot.mount, spot.inner, None, spot.generated)
        if generated is not None:
            return Spot(path, spot.mount, join(spot.inner, name), generated.entry(), generated)
        mount = self._mounts.get(path)
        inner = mount.base if mount else join(spot.inner, name)
        mount = mount or spot.mount
        entry = mount.tree.get(inner)
        if entry is None and path in self._points:
            entry = ROOT
        return Spot(path, mount, inner, entry)

    def _there(self, path: str, follow: bool = True) -> tuple[Spot, Entry]:
        spot = self._find(path, follow)
        if spot.entry is None:
            fail(errno.ENOENT, path)
        return spot, spot.entry


def clean(path: str) -> str:
    return "/" + "/".join(part for part in path.split("/") if part and part != ".")


def split(path: str) -> tuple[str, str]:
    parent, _, name = path.rpartition("/")
    return parent or "/", name


def join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder != "/" else f"/{name}"
