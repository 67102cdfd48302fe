"""``lsblk``: the block devices as the kernel and udev's memory know them. Source: util-linux 2.41, lsblk(8)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from phoenix_hypervisor.simulator import durations
from phoenix_hypervisor.simulator.disks.devices import Disks
from phoenix_hypervisor.simulator.disks.model import SECTOR, Device, Known
from phoenix_hypervisor.simulator.disks.tables import TYPE_NAMES
from phoenix_hypervisor.simulator.disks.wording import Given, Refused, as_json, guarded
from phoenix_hypervisor.simulator.process import Process, Program, Run
from phoenix_hypervisor.simulator.zfs.properties import nice

_DEFAULT = "NAME,MAJ:MIN,RM,SIZE,RO,TYPE,MOUNTPOINTS"
_RIGHT = frozenset({"SIZE", "RM", "RO", "START", "PARTN", "MAJ:MIN"})
_LONGS = {
    "json": "J", "bytes": "b", "output=": "o", "paths": "p", "noheadings": "n", "nodeps": "d", "list": "l",
    "pairs": "P", "raw": "r", "all": "a", "exclude=": "e", "include=": "I", "fs": "f",
}  # fmt: skip


@dataclass
class Item:
    """A device in the tree, below another one or at the top."""

    device: Device
    known: Known
    parent: Device | None = None
    disk: Device | None = None
    children: list[Item] = field(default_factory=list)


def _mounts(item: Item) -> list[str]:
    return [*item.device.mounts, *(["[SWAP]"] if item.device.swapping else [])]


def _table(item: Item) -> str:
    """The partition table: a disk's own, a partition's that of its disk; both as udev remembers."""
    if item.device.type == "part":
        return item.disk.table if item.disk and item.device.written is None else ""
    return item.known.pttype


def _type_name(item: Item) -> str:
    return TYPE_NAMES.get(item.known.parttype, "")


Cell = Callable[[Item], Any]
_COLUMNS: Mapping[str, Cell] = {
    "NAME": lambda item: item.device.mapped or item.device.name,
    "KNAME": lambda item: item.device.name,
    "PATH": lambda item: item.device.path,
    "MAJ:MIN": lambda item: item.device.numbers,
    "TYPE": lambda item: item.device.type,
    "SIZE": lambda item: item.device.size,
    "FSTYPE": lambda item: item.known.fstype,
    "LABEL": lambda item: item.known.label,
    "UUID": lambda item: item.known.uuid,
    "MOUNTPOINT": lambda item: next(iter(_mounts(item)), ""),
    "MOUNTPOINTS": _mounts,
    "SERIAL": lambda item: item.device.serial,
    "MODEL": lambda item: item.device.model,
    "PTTYPE": _table,
    "PTUUID": lambda item: item.disk.table_uuid if item.disk and _table(item) else "",
    "PKNAME": lambda item: item.parent.name if item.parent else "",
    "PARTTYPE": lambda item: item.known.parttype,
    "PARTTYPENAME": _type_name,
    "PARTLABEL": lambda item: item.known.partlabel,
    "PARTUUID": lambda item: item.device.partuuid if item.device.written is None else "",
    "PARTN": lambda item: item.device.number or "",
    "START": lambda item: item.device.start or "",
    "RO": lambda _item: False,
    "RM": lambda _item: False,
    "ROTA": lambda item: item.device.name.startswith("sd"),
    "HOTPLUG": lambda _item: False,
    "PHY-SEC": lambda item: SECTOR if item.device.type == "loop" else 4096,
    "LOG-SEC": lambda _item: SECTOR,
    "TRAN": lambda item: _transport(item.device),
    "WWN": lambda _item: "",
    "ID-LINK": lambda item: item.device.by_id,
}


def _transport(device: Device) -> str:
    if device.type != "disk":
        return ""
    return next((word for word in ("nvme", "virtio", "usb") if device.by_id.startswith(word)), "sata")


def program(disks: Disks, version: int) -> Program:
    """``lsblk`` of a node of a Proxmox release."""

    def run(process: Process, /) -> Run:
        yield durations.LXC_TOOL
        given = Given(process, "JbpndlPrafo:e:I:", _LONGS)
        if given.has("f"):
            raise Refused("lsblk: --fs: not simulated, name the columns with --output")
        columns = given.last("o", _DEFAULT).upper().split(",")
        for name in columns:
            if name not in _COLUMNS:
                raise Refused(f"lsblk: unknown column: {name}")
        tops, missing = _chosen(disks, given.names)
        tops = [one for one in tops if _is_wanted(one.device, given)]
        if given.has("d"):
            for item in tops:
                item.children.clear()
        process.say(_shown(tops, columns, given, version) if tops else "")
        for name in missing:
            process.complain(f"lsblk: {name}: not a block device\n")
        return (32 if len(missing) == len(given.names) else 64) if missing else 0

    return guarded(run)


def _chosen(disks: Disks, names: Sequence[str]) -> tuple[list[Item], list[str]]:
    """The trees of the named devices, of all that stand on no other when none is named; the names that are none."""
    found: list[Device] = []
    missing = []
    for name in names:
        device = disks.at(name)
        found += [device] if device else []
        missing += [] if device else [name]
    if not names:
        above = {user for one in disks.every() for user in one.users}
        found = [one for _name, one in sorted(disks.devices.items()) if one.name not in above]
    return [_item(disks, one) for one in found if one.type != "loop" or one.size], missing


def _item(disks: Disks, device: Device, parent: Device | None = None) -> Item:
    disk = disks.whole(device)
    item = Item(device, disks.known(device), parent or (disk if disk is not device else None), disk)
    item.children = [_item(disks, part, device) for part in device.parts]
    item.children += [_item(disks, disks.devices[name], device) for name in device.users]
    return item


def _is_wanted(device: Device, given: Given) -> bool:
    major = device.numbers.partition(":")[0]
    if (only := given.last("I")) and major not in only.split(","):
        return False
    return major not in given.last("e").split(",")


def _shown(tops: Sequence[Item], columns: Sequence[str], given: Given, version: int) -> str:
    if given.has("J"):
        flat = given.has("l") or "NAME" not in columns
        items = _listed(tops) if flat else tops
        return as_json("blockdevices", [_as_row(item, columns, given, version, flat) for item in items])
    rows = [("" if given.has("l") else marks, item) for top in tops for item, marks in _walk(top)]
    if given.has("P") or given.has("r"):
        return "".join(_line(item, columns, given) for _mark, item in rows)
    cells = [[_text(item, name, given, mark if name == "NAME" else "") for name in columns] for mark, item in rows]
    head = [] if given.has("n") else [list(columns)]
    return _aligned([*head, *cells], columns)


def _listed(tops: Sequence[Item]) -> list[Item]:
    """Each device once, in the order of the tree."""
    every = {one.device.name: one for top in tops for one, _marks in _walk(top)}
    return list(every.values())


def _walk(item: Item, marks: str = "") -> Iterator[tuple[Item, str]]:
    """An item and what is below it; ``marks`` are the branches of the tree that stand before its name."""
    yield item, marks
    for row, child in enumerate(item.children):
        last = row == len(item.children) - 1
        yield from _walk(child, marks.replace("├─", "│ ").replace("└─", "  ") + ("└─" if last else "├─"))


def _cell(item: Item, name: str, given: Given) -> Any:
    value = _COLUMNS[name](item)
    if name in ("NAME", "KNAME", "PKNAME") and given.has("p") and value:
        return item.device.path if name == "NAME" else f"/dev/{value}"
    return (value if given.has("b") else nice(value).removesuffix("B")) if name == "SIZE" else value


def _as_row(item: Item, columns: Sequence[str], given: Given, version: int, flat: bool) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name in columns:
        value = _cell(item, name, given)
        if name == "MOUNTPOINTS":
            row["mountpoints"] = value or ([None] if version == 8 else [])
        else:
            row[name.lower()] = None if value == "" else value
    if item.children and not flat:
        row["children"] = [_as_row(child, columns, given, version, flat) for child in item.children]
    return row


def _text(item: Item, name: str, given: Given, mark: str = "") -> str:
    value = _cell(item, name, given)
    if isinstance(value, bool):
        return str(int(value))
    return mark + ("\n".join(value) if isinstance(value, list) else str(value))


def _line(item: Item, columns: Sequence[str], given: Given) -> str:
    texts = [_text(item, name, given) for name in columns]
    if given.has("P"):
        return " ".join(f'{name}="{text}"' for name, text in zip(columns, texts, strict=True)) + "\n"
    return " ".join(text.replace(" ", "\\x20").replace("\n", "\\x0a") for text in texts) + "\n"


def _aligned(rows: Sequence[Sequence[str]], columns: Sequence[str]) -> str:
    """Columns one space apart; a cell of several lines goes on below."""
    split = [[cell.split("\n") for cell in row] for row in rows]
    widths = [max(len(line) for row in split for line in row[at]) for at in range(len(columns))]
    lines = []
    for row in split:
        for depth in range(max(map(len, row))):
            cells = [cell[depth] if depth < len(cell) else "" for cell in row]
            sides = zip(cells, widths, columns, strict=True)
            padded = [text.rjust(width) if name in _RIGHT else text.ljust(width) for text, width, name in sides]
            lines.append(" ".join(padded).rstrip() + "\n")
    return "".join(lines)
