"""``wipefs``: signatures with their places, listed or erased. Source: util-linux 2.41, wipefs(8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from phoenix_hypervisor.simulator.disks.devices import Disks
from phoenix_hypervisor.simulator.disks.model import KINDS, Device, Signature
from phoenix_hypervisor.simulator.disks.wording import Given, Refused, as_json, guarded
from phoenix_hypervisor.simulator.process import Process, Program, Run
from phoenix_hypervisor.simulator.tables import aligned

_SECONDS = 0.005
_LONGS = {
    "json": "J", "all": "a", "no-act": "n", "offset=": "o", "force": "f", "quiet": "q", "noheadings": "i",
    "output=": "O", "types=": "t",
}  # fmt: skip
_COLUMNS = ("DEVICE", "OFFSET", "TYPE", "UUID", "LABEL", "LENGTH", "USAGE")
_DEFAULT = "DEVICE,OFFSET,TYPE,UUID,LABEL"
Found = tuple[Device, Signature, int]


def program(disks: Disks, busy: Any) -> Program:
    """``wipefs``; ``busy`` tells whether a device cannot be opened exclusively."""

    def run(process: Process, /) -> Run:
        yield _SECONDS
        given = Given(process, "Janfqio:O:t:", _LONGS)
        if not given.names:
            raise Refused("wipefs: no device specified\nTry 'wipefs --help' for more information.")
        if given.has("a") and given.has("o"):
            raise Refused("wipefs: mutually exclusive arguments: --all --offset")
        erases = given.has("a") or given.has("o")
        found: list[Found] = []
        for name in given.names:
            device = disks.at(name)
            if device is None:
                there = process.files.exists(name)
                reason = "Not a block device" if there else "No such file or directory"
                raise Refused(f"wipefs: error: {name}: probing initialization failed: {reason}")
            if erases and not given.has("f") and not given.has("n") and busy(device):
                raise Refused(f"wipefs: error: {name}: probing initialization failed: Device or resource busy")
            own = _signatures(device, given)
            if erases:
                _erase(disks, process, given, name, own)
            found += own
        if not erases:
            process.say(_listed(found, given))
        return 0

    return guarded(run)


def _signatures(device: Device, given: Given) -> list[Found]:
    """Every place of every signature that the options choose."""
    types = [word for text in given.all("t") for word in text.split(",")]
    offsets = [int(text, 0) for text in given.all("o")]
    return [
        (device, one, offset)
        for one in device.signatures
        for offset in one.offsets
        if (not types or one.type in types) and (not offsets or offset in offsets)
    ]


def _erase(disks: Disks, process: Process, given: Given, name: str, found: Sequence[Found]) -> None:
    had_table = bool(found and found[0][0].table)
    for device, one, offset in found:
        magic = KINDS[one.type].magic
        count = len(magic.split())
        if not given.has("q"):
            process.say(f"{name}: {count} bytes were erased at offset 0x{offset:08x} ({one.type}): {magic}\n")
        if not given.has("n"):
            disks.erase(device, offset)
    if had_table and not found[0][0].table and not given.has("q"):
        process.say(f"{name}: calling ioctl to re-read partition table: Success\n")


def _listed(found: Sequence[Found], given: Given) -> str:
    columns = given.last("O", _DEFAULT).upper().split(",")
    for name in columns:
        if name not in _COLUMNS:
            raise Refused(f"wipefs: unknown column: {name}")
    rows = [_row(one) for one in found]
    if given.has("J"):
        return as_json("signatures", [{name.lower(): row[name] or None for name in columns} for row in rows])
    if not rows:
        return ""
    cells = [[row[name] for name in columns] for row in rows]
    return aligned([*([] if given.has("i") else [columns]), *cells], gap=" ")


def _row(found: Found) -> dict[str, str]:
    device, one, offset = found
    kind = KINDS[one.type]
    length = str(len(kind.magic.split()))
    values = (device.name, f"0x{offset:x}", one.type, one.uuid, one.label, length, kind.usage)
    return dict(zip(_COLUMNS, values, strict=True))
