"""``zfs list`` and ``zfs get``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from phoenix_hypervisor.simulator.tables import aligned
from phoenix_hypervisor.simulator.zfs import properties
from phoenix_hypervisor.simulator.zfs.datasets import Zfs
from phoenix_hypervisor.simulator.zfs.model import Dataset, Snapshot, ZfsError
from phoenix_hypervisor.simulator.zfs.space import Space, referenced

_HEADERS = {"available": "AVAIL", "referenced": "REFER", "compressratio": "RATIO", "recordsize": "RECSIZE"}
_RIGHT = frozenset({"used", "available", "referenced", "quota", "refquota", "usedbydataset", "written"})
_ALL = ("type", "creation", "used", "available", "referenced", "compressratio", "mounted", "origin")

Row = tuple[str, Dataset, Snapshot | None]


def value(zfs: Zfs, row: Row, key: str, space: Space) -> tuple[str, str]:
    """A property of a dataset or snapshot, as ``-p`` prints it, and its source."""
    name, dataset, snapshot = row
    if key == "name":
        return name, "-"
    if key in properties.READ_ONLY:
        return _computed(zfs, row, key, space), "-"
    if snapshot is not None:
        if key in snapshot.properties:
            return snapshot.properties[key], "local"
        if not properties.is_user(key):
            return "-", "-"
        found, source = zfs.effective(dataset.name, key)
        return found, f"inherited from {dataset.name}" if source == "local" else source
    return zfs.effective(name, key)


def _computed(zfs: Zfs, row: Row, key: str, space: Space) -> str:
    name, dataset, snapshot = row
    one = snapshot or dataset
    if snapshot is not None and not properties.applies_to_snapshot(key):
        return "-"
    if key == "used":
        return "0" if snapshot else str(space.used(dataset))
    if key in ("referenced", "usedbydataset", "written"):
        return str(referenced(one))
    simple = {
        "type": "snapshot" if snapshot else "filesystem",
        "creation": str(one.creation),
        "createtxg": str(one.txg),
        "guid": str(one.guid),
        "origin": dataset.origin if not snapshot and dataset.origin else "-",
        "compressratio": "1.00",
        "mounted": "yes" if zfs.mountpoint(name) else "no",
    }
    return simple[key] if key != "available" else str(space.available(name))


def printed(key: str, text: str, parsable: bool) -> str:
    if parsable:
        return text
    if key == "creation" and text.isdigit():
        return datetime.fromtimestamp(int(text), UTC).strftime("%a %b %e %H:%M %Y")
    return properties.readable(key, text)


def rows(zfs: Zfs, names: Sequence[str], kinds: set[str], depth: int | None) -> Iterator[Row]:
    """Datasets and snapshots in the order in which ZFS prints them; ``depth`` None is without limit."""
    for root in names or sorted(zfs.pools):
        if "@" in root:
            yield root, zfs.datasets[root.partition("@")[0]], zfs.snapshot(root)
            continue
        for dataset in [zfs.dataset(root), *zfs.below(root)]:
            level = dataset.name.count("/") - root.count("/")
            if depth is not None and level > depth:
                continue
            if "filesystem" in kinds:
                yield dataset.name, dataset, None
            if "snapshot" in kinds and (depth is None or level < depth):
                for short, snapshot in dataset.snapshots.items():
                    yield f"{dataset.name}@{short}", dataset, snapshot


def kinds_of(text: str) -> set[str]:
    """The types of ``-t``."""
    found: set[str] = set()
    names = {"fs": "filesystem", "snap": "snapshot", "vol": "volume"}
    for word in text.split(","):
        kind = names.get(word, word)
        if kind == "all":
            found |= {"filesystem", "snapshot", "volume"}
        elif kind in ("filesystem", "snapshot", "volume", "bookmark"):
            found.add(kind)
        else:
            raise ZfsError(f"invalid type '{word}'", 2)
    return found


def columns_of(text: str) -> list[str]:
    """The properties of ``-o`` in ``zfs list``; ZfsError for one that is unknown."""
    found = [properties.canonical(name) for name in text.split(",")]
    for name in found:
        if not properties.is_known(name):
            raise ZfsError(f"bad property list: invalid property '{name}'", 2)
    return found


def listing(zfs: Zfs, found: Sequence[Row], columns: Sequence[str], *, bare: bool, parsable: bool) -> str:
    """What ``zfs list`` prints."""
    space = zfs.space()
    cells = [[printed(key, value(zfs, row, key, space)[0], parsable) for key in columns] for row in found]
    if bare:
        return "".join("\t".join(line) + "\n" for line in cells)
    head = [_HEADERS.get(key, key if properties.is_user(key) else key.upper()) for key in columns]
    return aligned([head, *cells], right=[key in _RIGHT for key in columns])


def gotten(
    zfs: Zfs, found: Sequence[Row], keys: Sequence[str], fields: Sequence[str], *, bare: bool, parsable: bool
) -> str:
    """What ``zfs get`` prints: one line per dataset and property, with the fields of ``-o``."""
    lines, space = [], zfs.space()
    for row in found:
        for key in _wanted(row, keys):
            text, source = value(zfs, row, key, space)
            cells = {"name": row[0], "property": key, "value": printed(key, text, parsable), "source": source}
            lines.append([cells[field] for field in fields])
    if bare:
        return "".join("\t".join(line) + "\n" for line in lines)
    return aligned([[field.upper() for field in fields], *lines])


def _wanted(row: Row, keys: Sequence[str]) -> Iterator[str]:
    for key in keys:
        if key != "all":
            yield key
            continue
        one = row[2] or row[1]
        yield from (name for name in _ALL if row[2] is None or properties.applies_to_snapshot(name))
        yield from (() if row[2] else sorted(properties.NATIVE))
        yield from sorted(name for name in one.properties if properties.is_user(name))
