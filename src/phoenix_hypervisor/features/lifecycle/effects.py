"""What must hold of files and volumes after a change, beside a container's configuration (docs/decisions/0004)."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.features.lifecycle.commands import UNNAMED
from phoenix_hypervisor.features.lifecycle.conditions import Condition
from phoenix_hypervisor.features.lifecycle.identity import IDENTITY, ROOT_OF
from phoenix_hypervisor.features.lifecycle.marks import CREATING, LAYERS
from phoenix_hypervisor.machine import Fact, answered
from phoenix_hypervisor.transport.container import inside


def _lines(name: str, script: str, *arguments: str, ctid: int | None = None) -> Fact[tuple[str, ...]]:
    """What a script tells, line by line; on the node, or in a container."""
    command = Command("sh", "-s", "--", *arguments, stdin=script, timeout=60.0)
    where = command if ctid is None else inside(ctid, command)
    return Fact(name, where, lambda result: tuple(answered(result, name).splitlines()))


@dataclass(frozen=True, slots=True)
class _Told(Condition):
    """A condition whose look tells what is wrong, a line each."""

    def wrong(self, seen: tuple[str, ...]) -> str | None:
        return "; ".join(seen) or None


@dataclass(frozen=True, slots=True)
class Unmarked(_Told):
    """The mark of a creation that was under way is gone."""

    ctid: int

    def fact(self) -> Fact[tuple[str, ...]]:
        script = '[ ! -e "/$1/$2" ] || echo "the mark of the creation of CT $2 is still there"\n'
        return _lines(f"mark of {self.ctid}", script, CREATING, str(self.ctid))


@dataclass(frozen=True, slots=True)
class NoDatasets(_Told):
    """None of these file systems is there."""

    names: tuple[str, ...]

    def fact(self) -> Fact[tuple[str, ...]]:
        script = 'for name; do ! zfs list -H -o name "$name" >/dev/null 2>&1 || echo "$name is still there"; done\n'
        return _lines(f"absence of {shlex.join(self.names)}", script, *self.names)


@dataclass(frozen=True, slots=True)
class Datasets(_Told):
    """All of these file systems are there."""

    names: tuple[str, ...]

    def fact(self) -> Fact[tuple[str, ...]]:
        script = 'for name; do zfs list -H -o name "$name" >/dev/null 2>&1 || echo "$name is not there"; done\n'
        return _lines(f"presence of {shlex.join(self.names)}", script, *self.names)


@dataclass(frozen=True, slots=True)
class NothingUnnamed(_Told):
    """The storages hold nothing of the container that its creation has allocated and no configuration names."""

    ctid: int
    storages: tuple[str, ...]

    def fact(self) -> Fact[tuple[str, ...]]:
        script = f'{UNNAMED}unnamed | sed "s/$/ is still there/"\n'
        return _lines(f"volumes of {self.ctid}", script, str(self.ctid), CREATING, *self.storages)


@dataclass(frozen=True, slots=True)
class OwnIdentity(_Told):
    """The container's SSH host keys are its own, and it has no machine-id before its first start."""

    root: str
    hostname: str
    ctid: int | None = None
    """Where only its configuration tells the volume, below ``root``."""

    def fact(self) -> Fact[tuple[str, ...]]:
        arguments = (self.root, self.hostname, *((str(self.ctid),) if self.ctid is not None else ()))
        script = (ROOT_OF if self.ctid is not None else "set -eu\nroot=$1 name=$2\n") + IDENTITY
        return _lines(f"identity below {self.root}", script, *arguments)


@dataclass(frozen=True, slots=True)
class Stamped(_Told):
    """A layer of the container is stamped with its digest."""

    ctid: int
    layer: str
    digest: str

    def fact(self) -> Fact[tuple[str, ...]]:
        script = '[ "$(cat "/$1/$2" 2>/dev/null)" = "$3" ] || echo "$2 is not stamped"\n'
        return _lines(f"stamp {self.layer} of {self.ctid}", script, LAYERS, self.layer, self.digest, ctid=self.ctid)


@dataclass(frozen=True, slots=True)
class Holds(_Told):
    """A file has this content (SHA-256); of the container, or of the node where that is None."""

    ctid: int | None
    path: str
    digest: str

    def fact(self) -> Fact[tuple[str, ...]]:
        script = 'found=$(sha256sum <"$1") && [ "${found%% *}" = "$2" ] || echo "$1 is not the one that was planned"\n'
        return _lines(f"content of {self.path}", script, self.path, self.digest, ctid=self.ctid)


@dataclass(frozen=True, slots=True)
class FolderIs(_Told):
    """A folder of the node is there and has this owner (``UID:GID``)."""

    path: str
    owner: str

    def fact(self) -> Fact[tuple[str, ...]]:
        script = '[ -d "$1" ] && [ "$(stat -c %u:%g "$1")" = "$2" ] || echo "$1 is no folder of $2"\n'
        return _lines(f"folder {self.path}", script, self.path, self.owner)


@dataclass(frozen=True, slots=True)
class IdsAllowed(_Told):
    """A file such as /etc/subuid lets root map these ranges (first id, how many)."""

    file: str
    ranges: tuple[tuple[int, int], ...]

    def fact(self) -> Fact[tuple[str, ...]]:
        script = 'file=$1; shift\nfor range; do grep -qsxF "root:$range" "$file" || echo "$file lacks $range"; done\n'
        return _lines(f"ranges in {self.file}", script, self.file, *_ranges(self.ranges))


def _ranges(ranges: Iterable[tuple[int, int]]) -> tuple[str, ...]:
    return tuple(f"{first}:{count}" for first, count in ranges)
