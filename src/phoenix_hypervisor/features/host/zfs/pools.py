"""The pools of a node, by ``zpool list``, ``zpool status`` and ``zpool import``.

The text is read, as ZFS 2.2 has no other. Source: zpool_main.c (print_status_config, show_import) of OpenZFS.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.features.host.zfs.states import LIMIT, NOT_FOUND
from phoenix_hypervisor.machine import Fact, answered

_READ = """\
command -v zpool >/dev/null || exit 127
zpool list -H -p -o name,health,ashift,autotrim || exit 1
status=$(zpool status -P) || exit 1
printf '%s\\n' "$status" | grep -o '/[^[:space:]]*' | sort -u | while read -r path; do
  printf 'place\\t%s\\t%s\\n' "$path" "$(readlink -m ".$path")"
done
printf '%s\\n' "$status"
"""
_IMPORTS = """\
command -v zpool >/dev/null || exit 0
pools=$(zpool list -H -o name) || exit 1
printf '%s\\n' "$pools" | grep -qxF -e "$1" && exit 0
zpool import 2>&1
zpool import -D 2>&1
exit 0
"""
_ROW = re.compile(r"^\t( *)(\S+)(?:\s+(\S+))?(.*)$")
_GROUP = re.compile(r"(mirror|raidz[1-3]?|draid[1-3]?[^ ]*|replacing|spare|indirect)-\d+")
_ASIDE = frozenset({"logs", "cache", "spares", "special", "dedup"})
_WAS = re.compile(r"was (/\S+)")


@dataclass(frozen=True, slots=True)
class Group:
    """Devices that stand together: ``disk`` for one alone, else ``mirror``, ``raidz1``; paths as ZFS names them."""

    kind: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool that is in use: state, properties, the groups that hold its data, and the paths of all its devices."""

    name: str
    health: str
    ashift: int
    autotrim: str
    groups: tuple[Group, ...] = ()
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pools:
    """The pools by name, and the kernel's name of each device by its path; None for ``pools`` without ZFS."""

    pools: Mapping[str, Pool] | None
    places: Mapping[str, str]

    def user(self, names: frozenset[str]) -> str | None:
        """The pool that uses one of the devices of these kernel names."""
        for pool in (self.pools or {}).values():
            if any(self.places.get(path) in names for path in pool.paths):
                return pool.name
        return None


def _pools(result: Result) -> Pools:
    if result.rc == NOT_FOUND:
        return Pools(None, {})
    heads: dict[str, tuple[str, int, str]] = {}
    places: dict[str, str] = {}
    lines = answered(result, "its pools (zpool list, zpool status)").splitlines()
    for number, line in enumerate(lines):
        words = line.split("\t")
        if len(words) == 3 and words[0] == "place":
            places[words[1]] = words[2].rpartition("/")[2]
        elif len(words) == 4 and words[0] and words[2].isdigit():
            heads[words[0]] = (words[1], int(words[2]), words[3])
        else:
            parts = dict(_sections(lines[number:]))
            break
    else:
        parts = {}
    if lost := sorted(heads.keys() - parts.keys()):
        raise NodeError(f"The node's state of the pool {lost[0]} (zpool status) cannot be read.")
    return Pools({name: _pool(name, head, parts[name]) for name, head in heads.items()}, places)


def _sections(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Each pool's name and the lines of its configuration."""
    name: str = ""
    rows: list[str] = []
    for line in [*lines, "  pool: "]:
        if line.startswith("  pool: "):
            if name:
                yield name, rows
            name, rows = line.removeprefix("  pool: ").strip(), []
        elif line.startswith("\t") and line.strip():
            rows.append(line)


def _pool(name: str, head: tuple[str, int, str], rows: list[str]) -> Pool:
    """The first row is the head of the columns, the second the pool itself."""
    groups: list[tuple[str, list[str]]] = []
    paths: list[str] = []
    aside = False
    for number, match in enumerate(filter(None, map(_ROW.match, rows))):
        depth, word, rest = len(match[1]), match[2], f"{match[3] or ''}{match[4]}"
        if depth == 0:
            aside = number > 1 and word in _ASIDE
            continue
        is_group = _GROUP.fullmatch(word) is not None
        if not is_group:
            was = _WAS.search(rest)
            paths.append(was[1] if was else word)
        if aside:
            continue
        if depth == 2:
            groups.append((word.rpartition("-")[0], []) if is_group else ("disk", [paths[-1]]))
        elif not is_group and groups:
            groups[-1][1].append(paths[-1])
    data = tuple(Group(kind, tuple(members)) for kind, members in groups if kind != "indirect")
    return Pool(name, *head, data, tuple(paths))


POOLS: Fact[Pools] = Fact("pools", Command("sh", "-s", stdin=_READ, timeout=LIMIT), _pools)


@dataclass(frozen=True, slots=True)
class Import:
    """A pool that is not in use, by its labels: name, number, whether destroyed, whether another system had it last."""

    name: str
    number: str
    destroyed: bool
    foreign: bool


def _imports(result: Result) -> tuple[Import, ...]:
    found: dict[str, Import] = {}
    for text in re.split(r"^ +pool: ", answered(result, "which pools could be imported (zpool import)"), flags=re.M)[
        1:
    ]:
        name = text.partition("\n")[0].strip()
        number = re.search(r"^ +id: (\d+)", text, re.MULTILINE)
        state = re.search(r"^ +state: (.*)", text, re.MULTILINE)
        destroyed = "(DESTROYED)" in (state[1] if state else "")
        key = number[1] if number else name
        found[key] = Import(name, key, destroyed, "last accessed by another system" in text)
    return tuple(found.values())


def imports_beside(name: str) -> Fact[tuple[Import, ...]]:
    """The pools that could be imported; not looked for where the pool of that name is in use."""
    command = Command("sh", "-s", "--", name, stdin=_IMPORTS, timeout=2 * LIMIT)
    return Fact(f"pools beside {name}", command, _imports)
