"""``sgdisk``, ``sfdisk``, ``partprobe`` and ``udevadm``."""

from __future__ import annotations

import re
from collections.abc import Callable

from phoenix_hypervisor.simulator.disks.devices import UDEV_SECONDS, Disks
from phoenix_hypervisor.simulator.disks.model import SECTOR, Device
from phoenix_hypervisor.simulator.disks.tables import LINUX, TYPE_CODES, Slice
from phoenix_hypervisor.simulator.disks.wording import Given, Refused, guarded
from phoenix_hypervisor.simulator.process import Process, Program, Run

_SECONDS = 0.05
_ZAPPED = "GPT data structures destroyed! You may now partition the disk using fdisk or\nother utilities.\n"
_STILL_USED = (
    "Warning: The kernel is still using the old partition table.\nThe new table will be used at the next reboot or "
    "after you\nrun partprobe(8) or kpartx(8)\n"
)
_GPT_SECTORS = 34
_SFDISK_LINE = re.compile(r"^\s*(?:start=\s*)?\s*,\s*(?:size=\s*)?(\d+)?([KMGT])?i?B?\s*$")
_ALIGNMENT = 2048
Busy = Callable[[Device], bool]


def sgdisk(disks: Disks, busy: Busy) -> Program:
    """``sgdisk --zap-all`` and ``-p``."""

    def run(process: Process, /) -> Run:
        yield _SECONDS
        given = Given(process, "Zzp", {"zap-all": "Z", "print": "p"}, rc=1)
        if given.has("z") or not (given.has("Z") or given.has("p")):
            raise Refused("sgdisk: only --zap-all and --print are simulated", 1)
        if len(given.names) != 1:
            raise Refused("Usage: sgdisk [OPTION...] <device>", 1)
        device = disks.at(given.names[0])
        if device is None:
            raise Refused(
                f"Problem opening {given.names[0]} for reading! Error is 2.\nThe specified file does not exist!", 2
            )
        if given.has("Z"):
            _zap(disks, process, device, busy(device))
        else:
            process.say(_printed(device))
        return 0

    return guarded(run)


def _zap(disks: Disks, process: Process, device: Device, used: bool) -> None:
    if device.table != "gpt":
        process.say("Creating new GPT entries in memory.\n")
    table = _GPT_SECTORS * SECTOR
    hit = {
        offset
        for one in device.signatures
        for offset in one.offsets
        if offset < table or offset >= device.size - table + SECTOR
    }
    parts = list(device.parts) if used else []
    for offset in sorted(hit):
        while disks.erase(device, offset):
            pass
    if used:
        device.parts = parts
    process.say((_STILL_USED if used else "") + _ZAPPED)


def _printed(device: Device) -> str:
    text = f"Disk {device.path}: {device.size // SECTOR} sectors, {_size(device.size)}\n"
    if device.table != "gpt":
        return f"Creating new GPT entries in memory.\n{text}"
    text += f"Disk identifier (GUID): {device.table_uuid.upper()}\n\n"
    text += "Number  Start (sector)    End (sector)  Size       Code  Name\n"
    for part in device.parts:
        end, size = part.start + part.size // SECTOR - 1, _size(part.size)
        code = TYPE_CODES.get(part.parttype, "FFFF")
        text += f"{part.number:4}{part.start:16}{end:16}   {size:<10}  {code}  {part.partlabel}".rstrip() + "\n"
    return text


def _size(size: int) -> str:
    power = max(0, min((size.bit_length() - 1) // 10, 4))
    return f"{size / (1 << 10 * power):.1f} {('bytes', 'KiB', 'MiB', 'GiB', 'TiB')[power]}"


def sfdisk(disks: Disks, busy: Busy) -> Program:
    """``sfdisk`` with a script of a label and of sizes on standard input."""

    def run(process: Process, /) -> Run:
        yield _SECONDS
        given = Given(process, "q", {"quiet": "q"})
        if len(given.names) != 1:
            raise Refused("sfdisk: bad usage\nTry 'sfdisk --help' for more information.")
        device = disks.at(given.names[0])
        if device is None:
            raise Refused(f"sfdisk: cannot open {given.names[0]}: No such file or directory")
        if busy(device):
            raise Refused(
                "Checking that no-one is using this disk right now ... FAILED\n\n"
                "This disk is currently in use - repartitioning is probably a bad idea.\n"
                "Umount all file systems, and swapoff all swap partitions on this disk.\n"
                "Use the --no-reread flag to suppress this check.\n\n"
                "sfdisk: Use the --force flag to overrule all checks."
            )
        table, slices = _script(process.stdin, device.size // SECTOR)
        disks.partition(device, slices, table)
        if not given.has("q"):
            process.say(
                "\nThe partition table has been altered.\nCalling ioctl() to re-read partition table.\nSyncing disks.\n"
            )
        return 0

    return guarded(run)


def _script(text: str, sectors: int) -> tuple[str, list[Slice]]:
    table, slices, start = "dos", list[Slice](), _ALIGNMENT
    for row, line in enumerate(filter(None, map(str.strip, text.splitlines())), 1):
        if line.startswith("label:"):
            table = line.partition(":")[2].strip()
            if table not in ("gpt", "dos"):
                raise Refused(f"line {row}: unsupported label '{table}'")
            continue
        match = _SFDISK_LINE.match(line)
        if match is None:
            raise Refused(f"line {row}: unsupported command")
        unit = 1024 ** " KMGT".index(match[2]) if match[2] else SECTOR
        length = int(match[1]) * unit // SECTOR if match[1] else sectors - start - _GPT_SECTORS + 1
        length -= 0 if match[1] else length % _ALIGNMENT
        if length < 1 or start + length > sectors:
            raise Refused(f"Failed to add #{len(slices) + 1} partition: No space left on device")
        slices.append(Slice(len(slices) + 1, start, length, LINUX if table == "gpt" else "0x83"))
        start += length + -length % _ALIGNMENT
    return table, slices


def partprobe(disks: Disks) -> Program:
    """``partprobe``: the kernel reads the partition tables again."""

    def run(process: Process, /) -> Run:
        yield _SECONDS
        given = Given(process, "dsh", {"dry-run": "d", "summary": "s"})
        for name in given.names:
            device = disks.at(name)
            if device is None:
                raise Refused(f"Error: Could not stat device {name} - No such file or directory.")
            if not device.table and not disks.is_used(device):
                disks.drop_parts(device)
        return 0

    return guarded(run)


def udevadm(disks: Disks) -> Program:
    """``udevadm settle`` and ``udevadm trigger``."""

    def run(process: Process, /) -> Run:
        yield _SECONDS
        verb = process.argv[1] if len(process.argv) > 1 else ""
        if verb not in ("settle", "trigger"):
            raise Refused("udevadm: No command specified." if not verb else f"Unknown command verb {verb}.")
        process.argv = [process.argv[0], *process.argv[2:]]
        if verb == "settle":
            Given(process, "t:E:", {"timeout=": "t", "exit-if-exists=": "E"})
            yield UDEV_SECONDS
            for device in disks.every():
                disks.settle(device)
            return 0
        longs = {"settle": "w", "subsystem-match=": "s", "action=": "c", "type=": "t", "name-match=": "y"}
        given = Given(process, "ws:c:t:y:", longs)
        for device in disks.every():
            device.written = disks.clock()
            if given.has("w"):
                disks.settle(device)
        return 0

    return guarded(run)
