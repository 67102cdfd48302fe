"""The ARC: its limits as module parameters and its statistics. Source: OpenZFS 2.3, arc.c and arc_os.c."""

from __future__ import annotations

import errno
import os
import re
from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator.filesystem import Generated

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

MEMORY = 64 << 30
"""Bytes of memory that a node has when nothing else is said."""
PARAMETERS = ("zfs_arc_max", "zfs_arc_min")
_LEAST = 64 << 20
_KIB = 1024


class Arc:
    """The memory of a node and what ZFS may take of it; a parameter of 0 is ZFS's own choice."""

    def __init__(self) -> None:
        self.memory = MEMORY
        self.parameters = dict.fromkeys(PARAMETERS, 0)
        self._most = 0
        self._least = 0

    @property
    def most(self) -> int:
        """The limit in force."""
        return self._most or max(self.memory // 2, _LEAST)

    @property
    def least(self) -> int:
        """The least that the ARC shrinks to."""
        return self._least or max(self.memory // 32, 32 << 20)

    def set(self, name: str, value: int) -> None:
        """Set a parameter; one out of bounds is kept, and ignored."""
        self.parameters[name] = value
        self.update()

    def update(self) -> None:
        """Bring the limits in line with the parameters."""
        most, least = (self.parameters[name] for name in PARAMETERS)
        if _LEAST <= most < self.memory and most > self.least:
            self._most = most
            self._least = min(self._least, most)
        if 32 << 20 <= least <= self.most:
            self._least = least


class _Parameter(Generated):
    """A file of /sys/module/zfs/parameters."""

    mode = 0o644

    def __init__(self, arc: Arc, name: str) -> None:
        self._arc, self._name = arc, name

    def read(self) -> str:
        return f"{self._arc.parameters[self._name]}\n"

    def write(self, text: str) -> None:
        value = text.removeprefix(self.read()).strip()
        if not value:
            return
        if (
            not re.fullmatch(r"0[xX][0-9a-fA-F]+|\d+", value)
            or int(value, 0 if value[:2] in ("0x", "0X") else 10) >> 64
        ):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self._arc.set(self._name, int(value, 0 if value[:2] in ("0x", "0X") else 10))


class _Statistics(Generated):
    """/proc/spl/kstat/zfs/arcstats."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def read(self) -> str:
        arc, space = self._node.arc, self._node.zfs.space()
        size = min(arc.most, sum(space.of_pool(name) for name in self._node.zfs.pools))
        figures = {"hits": 0, "misses": 0, "p": 0, "c": arc.most, "c_min": arc.least, "c_max": arc.most, "size": size}
        lines = "".join(f"{name:<31} 4    {value}\n" for name, value in figures.items())
        return f"9 1 0x01 {len(figures)} {len(figures) * 272} 0 0\n{'name':<31} type data\n{lines}"


class _Memory(Generated):
    """/proc/meminfo."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def read(self) -> str:
        total = self._node.arc.memory // _KIB
        swap = sum(one.size // _KIB - 4 for one in self._node.disks.every() if one.swapping)
        figures = {"MemTotal": total, "MemFree": total * 3 // 4, "MemAvailable": total * 4 // 5, "Buffers": 0}
        figures |= {"Cached": total // 64, "SwapTotal": swap, "SwapFree": swap}
        return "".join(f"{f'{name}:':<15} {value:>8} kB\n" for name, value in figures.items())


def mount_arc(node: Node) -> None:
    """Show the ARC's files, and those of the memory."""
    for name in PARAMETERS:
        node.files.generate(f"/sys/module/zfs/parameters/{name}", _Parameter(node.arc, name))
    node.files.generate("/proc/spl/kstat/zfs/arcstats", _Statistics(node))
    node.files.generate("/proc/meminfo", _Memory(node))
