"""``mkfs.ext4``, ``mkswap``, ``swapon``, ``swapoff``, and ``mount`` and ``umount`` of block devices."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator import durations
from phoenix_hypervisor.simulator.disks.devices import Disks
from phoenix_hypervisor.simulator.disks.model import KINDS, Device, sign
from phoenix_hypervisor.simulator.disks.wording import Given, Refused, guarded
from phoenix_hypervisor.simulator.process import Process, Program, Run
from phoenix_hypervisor.simulator.tables import aligned
from phoenix_hypervisor.simulator.zfs.properties import nice

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

_SECONDS = 0.01
_SMALL = 512 << 20
_MOUNTABLE = ("ext4", "xfs", "vfat", "btrfs")
_FAILED = 32
Busy = Callable[[Device], bool]


def mkfs_ext4(disks: Disks, busy: Busy) -> Program:
    """``mkfs.ext4``."""

    def run(process: Process, /) -> Run:
        yield durations.MKFS
        given = Given(process, "qFL:U:b:m:E:O:", {})
        if len(given.names) != 1:
            raise Refused("Usage: mkfs.ext4 [-q] [-F] [-L volume-label] device [ blocks-count ]")
        name = given.names[0]
        device = disks.at(name)
        if device is None:
            raise Refused(f"The file {name} does not exist and no size was specified.")
        version = "" if given.has("q") else "mke2fs 1.47.2 (1-Jan-2025)\n"
        if device.mounts:
            raise Refused(f"{version}{name} is mounted; will not make a filesystem here!")
        if busy(device):
            raise Refused(f"{version}{name} is apparently in use by the system; will not make a filesystem here!")
        block = int(given.last("b") or (1024 if device.size < _SMALL else 4096))
        uuid = given.last("U") or disks.uuid()
        disks.write(device, sign(device.size, "ext4", uuid=uuid, label=given.last("L"), block=block))
        if version:
            process.complain(version)
            blocks = device.size // block
            process.say(f"Creating filesystem with {blocks} {block // 1024}k blocks\nFilesystem UUID: {uuid}\n\n")
        return 0

    return guarded(run)


def mkswap(disks: Disks, busy: Busy) -> Program:
    """``mkswap``."""

    def run(process: Process, /) -> Run:
        yield _SECONDS
        given = Given(process, "fL:U:q", {"force": "f", "label=": "L", "uuid=": "U"})
        if len(given.names) != 1:
            raise Refused("mkswap: error: Nowhere to set up swap on?")
        device = _found(disks, "mkswap: cannot open {}: No such file or directory", given.names[0])
        if busy(device):
            raise Refused(f"mkswap: error: {given.names[0]} is mounted; will not make swapspace")
        uuid, label = given.last("U") or disks.uuid(), given.last("L")
        disks.write(device, sign(device.size, "swap", uuid=uuid, label=label, block=4096))
        size = device.size - 4096
        text = f"{nice(device.size).removesuffix('B')}iB".replace("M", " M").replace("G", " G")
        process.say(f"Setting up swapspace version 1, size = {text} ({size} bytes)\n")
        process.say(f"{f'LABEL={label}' if label else 'no label'}, UUID={uuid}\n")
        return 0

    return guarded(run)


def _found(disks: Disks, text: str, name: str, rc: int = 1) -> Device:
    device = disks.at(name)
    if device is None:
        raise Refused(text.format(name), rc)
    return device


def swapon(disks: Disks) -> Program:
    """``swapon``: use swap, or with ``--show`` tell what is used."""

    def run(process: Process, /) -> Run:
        yield _SECONDS
        words = [f"--show={word[7:]}" if word.startswith("--show=") else word for word in process.argv[1:]]
        columns = next((word[7:] for word in words if word.startswith("--show=")), "NAME,TYPE,SIZE,USED,PRIO")
        process.argv[1:] = ["--show" if word.startswith("--show=") else word for word in words]
        given = Given(process, "as", {"show": "S", "noheadings": "n", "raw": "r", "bytes": "b", "all": "a"})
        for name in given.names:
            device = _found(disks, "swapon: cannot open {}: No such file or directory", name, 255)
            if device.find("swap") is None:
                raise Refused(f"swapon: {name}: read swap header failed", 255)
            if device.swapping:
                raise Refused(f"swapon: {name}: swapon failed: Device or resource busy", 255)
            device.swapping = True
        if not given.names and not given.has("a"):
            process.say(_swaps(disks, columns.upper().split(","), given))
        return 0

    return guarded(run)


def _swaps(disks: Disks, columns: list[str], given: Given) -> str:
    rows = []
    for device in (one for one in disks.every() if one.swapping):
        size = device.size - 4096
        cells = {"NAME": device.path, "TYPE": "partition", "USED": "0" if given.has("b") else "0B", "PRIO": "-2"}
        cells |= {"SIZE": str(size) if given.has("b") else nice(size)}
        cells |= {"UUID": device.signatures[0].uuid, "LABEL": device.signatures[0].label}
        if unknown := [name for name in columns if name not in cells]:
            raise Refused(f"swapon: unknown column: {unknown[0]}")
        rows.append([cells[name] for name in columns])
    head = [] if given.has("n") or not rows else [columns]
    return aligned([*head, *rows], [name in ("SIZE", "USED", "PRIO") for name in columns], " ") if rows else ""


def swapoff(disks: Disks) -> Program:
    """``swapoff``."""

    def run(process: Process, /) -> Run:
        yield _SECONDS
        given = Given(process, "a", {"all": "a"})
        chosen = [
            _found(disks, "swapoff: {}: swapoff failed: No such file or directory", name, 4) for name in given.names
        ]
        for name, device in zip(given.names, chosen, strict=True):
            if not device.swapping:
                raise Refused(f"swapoff: {name}: swapoff failed: Invalid argument", 4)
        for device in [*disks.every()] if given.has("a") else chosen:
            device.swapping = False
        return 0

    return guarded(run)


def mount(disks: Disks, busy: Busy) -> Program:
    """``mount DEVICE FOLDER``."""

    def run(process: Process, /) -> Run:
        yield _SECONDS
        given = Given(process, "t:o:", {"types=": "t", "options=": "o"})
        if not given.names:
            rows = process.files.mounts
            process.say(
                "".join(
                    f"{one.source or '/dev/root'} on {one.path} type {kind_of(disks, one.source)}\n" for one in rows
                )
            )
            return 0
        if len(given.names) != 2:
            raise Refused(f"mount: {given.names[0]}: can't find in /etc/fstab.")
        name, place = given.names
        if not process.files.is_dir(place):
            raise Refused(f"mount: {place}: mount point does not exist.", 32)
        device = _found(disks, f"mount: {place}: special device {{}} does not exist.", name, 32)
        if (device.content.type if device.content else "") not in _MOUNTABLE:
            what = f"unknown filesystem type '{device.content.type}'" if device.content else "wrong fs type, bad option"
            raise Refused(f"mount: {place}: {what}.", 32)
        if device.mounts or busy(device):
            raise Refused(f"mount: {place}: {name} already mounted or mount point busy.", 32)
        place = process.files.resolve(place)
        process.files.mount(place, device.tree, device.path, read_only="ro" in given.last("o").split(","))
        device.mounts.append(place)
        return 0

    return guarded(run)


def umount(node: Node) -> Program:
    """``umount`` by folder or device, of datasets and of what lies on servers too."""
    disks = node.disks

    def run(process: Process, /) -> Run:
        yield _SECONDS
        given = Given(process, "l", {"lazy": "l"})
        if not given.names:
            raise Refused("umount: bad usage\nTry 'umount --help' for more information.")
        for name in given.names:
            path = process.files.resolve(name) if process.files.exists(name) else name
            device = next(
                (one for one in disks.every() if path in one.mounts or (path == one.path and one.mounts)), None
            )
            if device is not None:
                place = path if path in device.mounts else device.mounts[-1]
                _leave(place, process.files.unmount)
                device.mounts.remove(place)
            else:
                _unmount(node, name, path)
        return 0

    return guarded(run)


def _unmount(node: Node, name: str, path: str) -> None:
    """Take away a mount that is of no device."""
    found = next((mount for mount in node.files.mounts if mount.path == path and path != "/"), None)
    if found is None:
        reason = "not mounted." if node.files.exists(name) else "no mount point specified."
        raise Refused(f"umount: {name}: {reason}", _FAILED)
    if node.zfs.mountpoint(found.source) == path:
        _leave(path, lambda _place: node.zfs.mounting.off.update(node.zfs.mounting.unmount([found.source])))
    else:
        _leave(path, node.netmounts.unmount)


def _leave(place: str, unmount: Callable[[str], object]) -> None:
    try:
        unmount(place)
    except OSError as wrong:
        raise Refused(f"umount: {place}: target is busy.", _FAILED) from wrong


def kind_of(disks: Disks, source: str) -> str:
    """The type of the file system of a mount, by its source."""
    if not source.startswith("/dev/"):
        remote = "cifs" if source.startswith("//") else "nfs4" if ":/" in source else "zfs"
        return remote if source else "ext4"
    device = next((one for one in disks.every() if one.path == source), None)
    content = device.content if device else None
    return content.type if content and content.type in KINDS else "fuse"
