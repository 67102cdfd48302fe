"""The guests of the node: their configuration files and which of them run."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from phoenix_hypervisor.proxmox import guest
from phoenix_hypervisor.proxmox.guest import GuestConfig, Section
from phoenix_hypervisor.simulator import rawkeys
from phoenix_hypervisor.simulator.cluster import WWW_DATA, ClusterTree
from phoenix_hypervisor.simulator.durations import ADDRESS_UP, INIT_DONE
from phoenix_hypervisor.simulator.failures import PveError, no_configuration
from phoenix_hypervisor.simulator.tree import Entry, Tree

MOUNT_POINT = re.compile(r"^(rootfs|mp\d+)$")


@dataclass
class Running:
    """A running container: when it started, with which options and raw lines, and its memory-backed files.

    ``ends`` is when its last process will be gone, where it was told to shut down and nobody waited for it.
    """

    started: float
    pid: int
    hostname: str
    options: dict[str, str]
    raw: tuple[tuple[str, str], ...]
    volatile: Tree
    init_done: float = INIT_DONE
    address_up: float = ADDRESS_UP
    ends: float | None = None


class Guests:
    """Containers by id. The file is the truth: it is read at each look."""

    def __init__(self, tree: ClusterTree, clock: Callable[[], float]) -> None:
        self._tree = tree
        self._clock = clock
        self._running: dict[int, Running] = {}
        self._parsed: dict[int, tuple[Entry, GuestConfig]] = {}

    def _path(self, ctid: int) -> str:
        return f"/nodes/{self._tree.node}/lxc/{ctid}.conf"

    @property
    def running(self) -> dict[int, Running]:
        """The containers that run now, by id."""
        for ctid in [ctid for ctid, one in self._running.items() if one.ends is not None and one.ends <= self._clock()]:
            del self._running[ctid]
        return self._running

    def ids(self) -> list[int]:
        """The containers of this node, in order."""
        here = self._tree.node
        return sorted(ctid for ctid, (node, kind, _) in self._tree.guests.items() if (node, kind) == (here, "lxc"))

    def exists(self, ctid: int) -> bool:
        return self._path(ctid) in self._tree

    def check_free(self, ctid: int, rc: int = 2) -> None:
        """Raise PveError where the cluster has a guest of that id."""
        if ctid in self._tree.guests:
            node, kind, _version = self._tree.guests[ctid]
            raise PveError(f"{'CT' if kind == 'lxc' else 'VM'} {ctid} already exists on node '{node}'", rc)

    def text(self, ctid: int) -> str:
        return self._tree[self._path(ctid)].data

    def load(self, ctid: int, rc: int = 2) -> GuestConfig:
        """The configuration; PveError with that exit status when there is none."""
        entry = self._tree.get(self._path(ctid))
        if entry is None:
            self._parsed.pop(ctid, None)
            raise no_configuration(self._tree.node, ctid, rc)
        known = self._parsed.get(ctid)
        if known is None or known[0] is not entry:
            known = (entry, _as_pve_reads(guest.parse(entry.data)))
            self._parsed[ctid] = known
        return known[1]

    def save(self, ctid: int, config: GuestConfig, clock: float = 0.0) -> None:
        text = guest.render(_without_used(config))
        self._tree[self._path(ctid)] = Entry("file", text, 0o640, gid=WWW_DATA, mtime=clock)

    def complaints(self, ctid: int) -> list[str]:
        """What PVE warns of when it reads the configuration."""
        entry = self._tree.get(self._path(ctid))
        return list(rawkeys.complaints(ctid, entry.data)) if entry else []

    def remove(self, ctid: int) -> None:
        self._tree.pop(self._path(ctid), None)

    def digest(self, ctid: int) -> str:
        """The SHA-1 of the file, as ``--digest`` takes it."""
        return hashlib.sha1(self.text(ctid).encode(), usedforsecurity=False).hexdigest()

    def is_running(self, ctid: int) -> bool:
        return ctid in self.running

    def mounts(self, leaf: str) -> bool:
        """Whether a running container has the volume of that last name mounted."""
        texts = (
            text
            for one in self.running.values()
            for key, text in one.options.items()
            if key.startswith(("rootfs", "mp"))
        )
        return any(text.partition(",")[0].endswith((f":{leaf}", f"/{leaf}")) for text in texts)


def _as_pve_reads(config: GuestConfig) -> GuestConfig:
    """Without the raw lines that PVE does not take."""

    def kept(section: Section) -> Section:
        return replace(section, raw=tuple(pair for pair in section.raw if rawkeys.is_kept(pair[0])))

    return replace(
        config,
        current=kept(config.current),
        snapshots={name: kept(section) for name, section in config.snapshots.items()},
    )


def _without_used(config: GuestConfig) -> GuestConfig:
    """Without those ``unusedN`` whose volume the current section uses, as PVE writes it."""
    options = config.current.options
    used = {text.partition(",")[0] for key, text in options.items() if MOUNT_POINT.match(key)}
    gone = {key: None for key, text in options.items() if key.startswith("unused") and text in used}
    return replace(config, current=config.current.updated(gone)) if gone else config


def check_lock(config: GuestConfig, but: str = "") -> None:
    """Raise PVE's own error where the configuration has a lock (other than the one that is ours)."""
    lock = config.current.get("lock")
    if lock and lock != but:
        raise PveError(f"CT is locked ({lock})")
