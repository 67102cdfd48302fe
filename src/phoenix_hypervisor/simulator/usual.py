"""How long a command will usually take on a simulated node, as far as that can be told without running it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator import durations, tarballs
from phoenix_hypervisor.simulator.debian.apt import READ_SECONDS, UPDATE_SECONDS
from phoenix_hypervisor.simulator.failures import PveError

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

_UNPACKED = 480_000_000
"""The root of a standard Ubuntu, in bytes: taken where the real size cannot be known yet."""

USUAL: Mapping[str, float] = {
    "pct": durations.PCT,
    "pct create": durations.PCT + durations.ALLOCATE + durations.SETUP + 3 * durations.HOST_KEY,
    "pct clone": durations.PCT + durations.ALLOCATE,
    "pct clone --full": durations.PCT + durations.ALLOCATE,
    "pct start": durations.PCT + durations.START,
    "pct stop": durations.PCT + durations.STOP,
    "pct shutdown": durations.PCT + durations.SHUTDOWN,
    "pct reboot": durations.PCT + durations.SHUTDOWN + durations.START,
    "pct snapshot": durations.PCT + durations.SNAPSHOT + durations.ZFS,
    "pct rollback": durations.PCT + durations.ROLLBACK + durations.ZFS,
    "pct delsnapshot": durations.PCT + durations.SNAPSHOT + durations.ZFS,
    "pct destroy": durations.PCT + durations.ALLOCATE,
    "pct resize": durations.PCT + durations.ALLOCATE,
    "pct template": durations.PCT + durations.ALLOCATE,
    "pvesm": durations.PVESM,
    "pvesh": durations.PVESH,
    "pveam": durations.PVEAM,
    "pveam update": 2 * durations.PVEAM,
    "zfs": durations.ZFS,
    "zpool": durations.ZFS,
    **dict.fromkeys(("zpool create", "zpool add", "zpool import"), durations.ZFS + durations.LABEL),
    "lxc-attach": durations.LXC_ATTACH,
    "apt-get": READ_SECONDS,
    "apt-get update": UPDATE_SECONDS,
    "apt-get install": READ_SECONDS + 5.0,
    "/*": 5.0,
    "*": 0.005,
}
"""Seconds by program and verb, beside what depends on sizes."""


def sized(node: Node, argv: Sequence[str]) -> float:
    """The seconds that come from the size of what is unpacked, copied or fetched; 0 for a command without such."""
    match [word for word in argv if not word.startswith("-")]:
        case ["pct", "create", _, template, *_]:
            return durations.unpack(_unpacked(node, template))
        case ["pct", "clone", source, *_] if source.isdigit() and _copies(node, int(source), argv):
            return durations.copy(_root_size(node, int(source)))
        case ["pveam", "download", storage, name, *_] if _content(node, f"{storage}:vztmpl/{name}") is None:
            return tarballs.packed_size(tarballs.text(name)) / durations.DOWNLOADED_BYTES_PER_SECOND
    return 0.0


def _content(node: Node, volume: str) -> str | None:
    """What the tarball's file holds; None where there is none."""
    try:
        path = volume if volume.startswith("/") else node.storages.path(volume)
    except PveError:
        return None
    entry = node.files.stat(path)
    return entry.data if entry is not None and entry.kind == "file" else None


def _unpacked(node: Node, template: str) -> int:
    """The bytes that a tarball unpacks to; one that is still to be fetched is judged by its name."""
    content = _content(node, template)
    found = tarballs.read(tarballs.text(template.rpartition("/")[2]) if content is None else content)
    return found.unpacked if found else _UNPACKED


def _copies(node: Node, source: int, argv: Sequence[str]) -> bool:
    """Whether a clone copies every file: when told so, and of what is no template."""
    if "--full" in argv:
        return argv[argv.index("--full") + 1 :][:1] != ["0"]
    return node.guests.exists(source) and node.guests.load(source).current.get("template") != "1"


def _root_size(node: Node, ctid: int) -> int:
    """The bytes under the root of a guest; a usual number for one that is still to be made."""
    try:
        root = node.guests.load(ctid).current.get("rootfs") or ""
        return node.storages.volume(root.partition(",")[0]).content.bulk or _UNPACKED
    except PveError:
        return _UNPACKED
