"""What must hold after a change: exit code 0 is not the truth, so the node is looked at again (docs/decisions/0004)."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.features.lifecycle.firewall import FOLDER
from phoenix_hypervisor.features.lifecycle.marks import Record, is_being_cloned, record_of
from phoenix_hypervisor.features.lifecycle.options import Wanted, mount_properties
from phoenix_hypervisor.features.lifecycle.raw import Lines
from phoenix_hypervisor.machine import Fact, answered
from phoenix_hypervisor.proxmox.guest import GuestConfig, Section, parse
from phoenix_hypervisor.proxmox.properties import PropertyError, parse_size

_VOLUME = re.compile(r"(?:mp|unused)\d+")
_LEFT = re.compile(r"unused\d+|parent|snaptime|snapstate|lock|digest")
_GUEST = """\
if lxc-ls --running -1 | grep -qx "$1"; then echo running; else echo stopped; fi
conf=etc/pve/lxc/$1.conf
shift
[ $# -eq 0 ] || zfs list -H -t snapshot -o name "$@" 2>/dev/null
echo
[ ! -e "$conf" ] || cat "$conf"
exit 0
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """A container as it is now; ``config`` is None when there is none."""

    running: bool
    snapshots: frozenset[str]
    """The ZFS snapshots that were asked for and are there."""
    config: GuestConfig | None


def _seen(result: Result) -> Seen:
    head, _, text = answered(result, "how the container is").partition("\n\n")
    state, *snapshots = head.splitlines() or [""]
    return Seen(state == "running", frozenset(snapshots), parse(text) if text.strip() else None)


class Condition(ABC):
    """One thing that must be so."""

    @abstractmethod
    def fact(self) -> Fact[Any]:
        """What is to be read."""

    @abstractmethod
    def wrong(self, seen: Any) -> str | None:
        """What is not so; None when all is well. Pure."""


@dataclass(frozen=True, slots=True)
class _OfGuest(Condition):
    ctid: int

    def zfs_snapshots(self) -> tuple[str, ...]:
        return ()

    def fact(self) -> Fact[Seen]:
        command = Command("sh", "-s", "--", str(self.ctid), *self.zfs_snapshots(), stdin=_GUEST, timeout=30.0)
        return Fact(f"container {self.ctid}", command, _seen)

    def wrong(self, seen: Seen) -> str | None:
        return f"CT {self.ctid} is not there" if seen.config is None else self.wrong_in(seen, seen.config)

    def wrong_in(self, seen: Seen, config: GuestConfig) -> str | None:  # noqa: ARG002
        return None


@dataclass(frozen=True, slots=True)
class Whole(_OfGuest):
    """The container is there, with a root file system, and nothing works on it."""

    def wrong_in(self, seen: Seen, config: GuestConfig) -> str | None:  # noqa: ARG002
        if config.current.get("rootfs") is None:
            return f"CT {self.ctid} has no root file system"
        lock = config.current.get("lock")
        return f"CT {self.ctid} is locked ({lock})" if lock else None


@dataclass(frozen=True, slots=True)
class Begun(_OfGuest):
    """The id is taken by a clone of ours that is not through."""

    def wrong_in(self, seen: Seen, config: GuestConfig) -> str | None:  # noqa: ARG002
        begun = is_being_cloned(config.current.description) and config.current.get("lock") == "create"
        return None if begun else f"CT {self.ctid} is no clone that was begun"


@dataclass(frozen=True, slots=True)
class Unlocked(_OfGuest):
    """No lock is left."""

    def wrong_in(self, seen: Seen, config: GuestConfig) -> str | None:  # noqa: ARG002
        lock = config.current.get("lock")
        return f"CT {self.ctid} is still locked ({lock})" if lock else None


@dataclass(frozen=True, slots=True)
class Gone(_OfGuest):
    """The container is no longer there."""

    def wrong(self, seen: Seen) -> str | None:
        return f"CT {self.ctid} is still there" if seen.config is not None else None


@dataclass(frozen=True, slots=True)
class Runs(_OfGuest):
    """The container runs."""

    def wrong_in(self, seen: Seen, config: GuestConfig) -> str | None:  # noqa: ARG002
        return None if seen.running else f"CT {self.ctid} does not run"


@dataclass(frozen=True, slots=True)
class IsBase(_OfGuest):
    """The container is a template of Proxmox's."""

    def wrong_in(self, seen: Seen, config: GuestConfig) -> str | None:  # noqa: ARG002
        return None if config.current.get("template") == "1" else f"CT {self.ctid} is no template"


@dataclass(frozen=True, slots=True)
class KeysAre(_OfGuest):
    """Every key is as wanted, at once or after the next start."""

    wanted: Wanted

    def wrong_in(self, seen: Seen, config: GuestConfig) -> str | None:  # noqa: ARG002
        left = self.wanted.differences(config.effective)
        return f"CT {self.ctid} still differs: {'; '.join(map(str, left))}" if left else None


@dataclass(frozen=True, slots=True)
class RecordIs(_OfGuest):
    """The mark in its description says this."""

    record: Record

    def wrong_in(self, seen: Seen, config: GuestConfig) -> str | None:  # noqa: ARG002
        found = record_of(config.current.description)
        return None if found == self.record else f"the mark in the description of CT {self.ctid} is not as written"


@dataclass(frozen=True, slots=True)
class NothingPending(_OfGuest):
    """What waited for a restart has taken effect."""

    def wrong_in(self, seen: Seen, config: GuestConfig) -> str | None:  # noqa: ARG002
        waits = sorted({*(config.pending.options if config.pending else ()), *config.pending_delete})
        return f"CT {self.ctid} still waits for a restart: {', '.join(waits)}" if waits else None


@dataclass(frozen=True, slots=True)
class RawIs(_OfGuest):
    """The raw lines of the current section are these."""

    lines: Lines

    def wrong_in(self, seen: Seen, config: GuestConfig) -> str | None:  # noqa: ARG002
        return None if config.current.raw == self.lines else f"the raw lines of CT {self.ctid} are not as written"


@dataclass(frozen=True, slots=True)
class SizeIs(_OfGuest):
    """A volume has at least so many GiB."""

    key: str
    size_gb: int

    def wrong_in(self, seen: Seen, config: GuestConfig) -> str | None:  # noqa: ARG002
        found = mount_properties(config.current.get(self.key) or "")
        try:
            enough = parse_size(found.get("size", "0")) >= self.size_gb << 30
        except PropertyError:
            enough = False
        return None if enough else f"{self.key} of CT {self.ctid} has not grown to {self.size_gb} GB"


@dataclass(frozen=True, slots=True)
class HasSnapshot(_OfGuest):
    """The snapshot is there and whole: its section, and the ZFS snapshot behind it where the volume is a dataset."""

    name: str
    dataset: str | None

    def zfs_snapshots(self) -> tuple[str, ...]:
        return (f"{self.dataset}@{self.name}",) if self.dataset else ()

    def wrong_in(self, seen: Seen, config: GuestConfig) -> str | None:
        section = config.snapshots.get(self.name)
        whole = section is not None and section.get("snapstate") is None
        behind = all(name in seen.snapshots for name in self.zfs_snapshots())
        return None if whole and behind else f"CT {self.ctid} has no whole snapshot {self.name}"


@dataclass(frozen=True, slots=True)
class NoSnapshot(_OfGuest):
    """The snapshot is gone, and nothing of its removal is left."""

    name: str

    def wrong_in(self, seen: Seen, config: GuestConfig) -> str | None:  # noqa: ARG002
        if self.name in config.snapshots:
            return f"CT {self.ctid} still has the snapshot {self.name}"
        lock = config.current.get("lock")
        return f"CT {self.ctid} is still locked ({lock})" if lock else None


@dataclass(frozen=True, slots=True)
class OnlyRoot(_OfGuest):
    """The container has no volume beside its root."""

    def wrong_in(self, seen: Seen, config: GuestConfig) -> str | None:  # noqa: ARG002
        found = {key: mount_properties(value) for key, value in config.current.options.items() if _VOLUME.match(key)}
        left = sorted(key for key, value in found.items() if not value.get("volume", "/").startswith("/"))
        return f"CT {self.ctid} still has {', '.join(left)}" if left else None


@dataclass(frozen=True, slots=True)
class RolledBack(_OfGuest):
    """The container is stopped, as Proxmox leaves it, and configured as its snapshot of that name is."""

    name: str

    def wrong_in(self, seen: Seen, config: GuestConfig) -> str | None:
        point = config.snapshots.get(self.name)
        same = point is not None and _own(config.current) == _own(point)
        return None if same and not seen.running else f"CT {self.ctid} is not as its snapshot {self.name} is"


@dataclass(frozen=True, slots=True)
class PutBack(_OfGuest):
    """The container is described as before, and has no unused volume that it did not have before."""

    description: str
    volumes: tuple[str, ...]

    def wrong_in(self, seen: Seen, config: GuestConfig) -> str | None:  # noqa: ARG002
        unused = {value for key, value in config.current.options.items() if key.startswith("unused")}
        if left := sorted(unused - set(self.volumes)) if config.current.get("protection") != "1" else []:
            return f"CT {self.ctid} still has the volume {', '.join(left)}"
        same = config.current.description.strip() == self.description.strip()
        return None if same else f"CT {self.ctid} is not described as before"


def _own(section: Section) -> tuple[dict[str, str], Lines]:
    """What a rollback takes over from a snapshot."""
    options = {key: value for key, value in section.options.items() if not _LEFT.fullmatch(key)}
    return options, section.raw


@dataclass(frozen=True, slots=True)
class FirewallIs(Condition):
    """The container's firewall file holds this; None: there is none."""

    ctid: int
    text: str | None

    def fact(self) -> Fact[str | None]:
        path = f"{FOLDER}/{self.ctid}.fw"
        command = Command("sh", "-s", "--", path, stdin='if [ -e "$1" ]; then cat "$1"; else exit 3; fi\n')
        return Fact(f"firewall of {self.ctid}", command, lambda result: None if result.rc == 3 else result.stdout)

    def wrong(self, seen: str | None) -> str | None:
        return None if seen == self.text else f"the firewall file of CT {self.ctid} is not as written"


@dataclass(frozen=True, slots=True)
class FileIsThere(Condition):
    """A file of the node is there."""

    path: str

    def fact(self) -> Fact[bool]:
        return Fact(f"file {self.path}", Command("test", "-e", self.path), lambda result: result.ok)

    def wrong(self, seen: bool) -> str | None:
        return None if seen else f"{self.path} is not on the node"
