"""``losetup``: loop devices over files. What is written to one is not in its file."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from phoenix_hypervisor.simulator.disks.devices import LOOPS, Disks
from phoenix_hypervisor.simulator.disks.model import SECTOR, Device
from phoenix_hypervisor.simulator.disks.wording import Given, Refused, as_json, guarded
from phoenix_hypervisor.simulator.process import Process, Program, Run
from phoenix_hypervisor.simulator.tables import aligned

_SECONDS = 0.01
_NODE = re.compile(r"^/dev/loop(\d+)$")
_LONGS = {
    "detach=": "d",
    "detach-all": "D",
    "find": "f",
    "list": "l",
    "json": "J",
    "partscan": "P",
    "show": "s",
    "all": "a",
}
_HEAD = ("NAME", "SIZELIMIT", "OFFSET", "AUTOCLEAR", "RO", "BACK-FILE", "DIO", "LOG-SEC")


def program(disks: Disks, busy: Callable[[Device], bool]) -> Program:
    """``losetup``."""

    def run(process: Process, /) -> Run:
        yield _SECONDS
        given = Given(process, "d:DflJPa", _LONGS)
        loops = [one for one in disks.every() if one.type == "loop"]
        doomed = [_loop(disks, name) for name in given.all("d")] + (loops if given.has("D") else [])
        for device in doomed:
            if busy(device):
                raise Refused(f"losetup: {device.path}: detach failed: Device or resource busy")
            disks.remove(device)
        if doomed or given.has("D"):
            return 0
        if given.names:
            _attach(disks, process, given)
        elif given.has("f"):
            process.say(f"/dev/loop{_free(disks)}\n")
        else:
            process.say(_listed(loops, given))
        return 0

    return guarded(run)


def _loop(disks: Disks, name: str) -> Device:
    device = disks.at(name)
    if device is None or device.type != "loop":
        raise Refused(f"losetup: {name}: detach failed: No such device or address")
    return device


def _free(disks: Disks) -> int:
    return next(number for number in range(256) if f"loop{number}" not in disks.devices)


def _attach(disks: Disks, process: Process, given: Given) -> None:
    names = list(given.names)
    node = f"/dev/loop{_free(disks)}" if given.has("f") else names.pop(0)
    match = _NODE.match(node)
    if match is None or len(names) != 1 or int(match[1]) >= LOOPS:
        raise Refused(f"losetup: {node}: failed to use device: No such device")
    entry = process.files.stat(names[0])
    if entry is None or entry.kind != "file":
        raise Refused(f"losetup: {names[0]}: failed to set up loop device: No such file or directory")
    if f"loop{match[1]}" in disks.devices:
        raise Refused(f"losetup: {names[0]}: failed to set up loop device: Device or resource busy")
    disks.add_loop(int(match[1]), names[0], entry.size - entry.size % SECTOR)
    if given.has("s"):
        process.say(f"{node}\n")


def _listed(loops: list[Device], given: Given) -> str:
    rows: list[dict[str, Any]] = []
    for one in loops:
        cells = (one.path, 0, 0, False, False, one.back, False, SECTOR)
        rows.append(dict(zip(map(str.lower, _HEAD), cells, strict=True)))
    if given.has("J"):
        return as_json("loopdevices", rows) if rows else ""
    if not rows:
        return ""
    lines = [[str(int(cell)) if isinstance(cell, bool) else str(cell) for cell in row.values()] for row in rows]
    return aligned([_HEAD, *lines], gap=" ")
