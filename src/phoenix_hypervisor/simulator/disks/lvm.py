"""LVM: ``pvcreate``, ``vgcreate``, ``lvcreate``, ``vgremove`` and ``pvremove``, a physical volume to a group."""

from __future__ import annotations

import re
from collections.abc import Callable

from phoenix_hypervisor.simulator.disks.devices import Disks
from phoenix_hypervisor.simulator.disks.model import Device, sign
from phoenix_hypervisor.simulator.disks.wording import Given, Refused, guarded
from phoenix_hypervisor.simulator.process import Process, Program, Run

_SECONDS, _FAILED = 0.1, 5
_EXTENT = 4 << 20
_SIZE = re.compile(r"^(\d+)([kmgtKMGT])?$")
Busy = Callable[[Device], bool]


def _program(letters: str, act: Callable[[Process, Given], None]) -> Program:
    def run(process: Process, /) -> Run:
        yield _SECONDS
        given = Given(process, letters, {"yes": "y", "quiet": "q", "force": "f", "name=": "n", "size=": "L"}, rc=3)
        if not given.names:
            raise Refused("  No command with matching syntax recognised.", 3)
        act(process, given)
        return 0

    return guarded(run)


def pvcreate(disks: Disks, busy: Busy) -> Program:
    """``pvcreate``: an answer is not given where signatures are found and ``-y`` is not."""

    def act(process: Process, given: Given) -> None:
        for name in given.names:
            device = disks.at(name)
            if device is None:
                raise Refused(f"  No device found for {name}.", _FAILED)
            if busy(device):
                raise Refused(f"  Can't open {name} exclusively.  Mounted filesystem?", _FAILED)
            if device.table:
                raise Refused(f"  Cannot use {name}: device is partitioned", _FAILED)
            if device.content and not given.has("y"):
                raise Refused(
                    f"WARNING: {device.content.type} signature detected on {name} at offset "
                    f"{device.content.offsets[0]}. Wipe it? [y/n]: [n]\n  Aborted wiping of {device.content.type}.\n"
                    "  1 existing signature left on the device.",
                    _FAILED,
                )
            digits = disks.entropy()
            uuid = "-".join(
                digits[at : at + size] for at, size in ((0, 6), (6, 4), (10, 4), (14, 4), (18, 4), (22, 4), (26, 6))
            )
            disks.write(device, sign(device.size, "LVM2_member", uuid=uuid))
            disks.settle(device)
            process.say(f'  Physical volume "{name}" successfully created.\n')

    return _program("qfyn:L:", act)


def vgcreate(disks: Disks) -> Program:
    """``vgcreate GROUP DEVICE``."""

    def act(process: Process, given: Given) -> None:
        group, *names = given.names
        if group in disks.groups.values():
            raise Refused(f"  A volume group called {group} already exists.", _FAILED)
        for name in names:
            device = disks.at(name)
            if device is None or device.find("LVM2_member") is None:
                raise Refused(f"  No physical volume on {name}.", _FAILED)
            if device.name in disks.groups:
                raise Refused(
                    f"  Physical volume '{name}' is already in volume group '{disks.groups[device.name]}'", _FAILED
                )
            disks.groups[device.name] = group
        process.say(f'  Volume group "{group}" successfully created\n')

    return _program("qyn:L:f", act)


def _members(disks: Disks, group: str) -> list[Device]:
    found = [device for device in disks.every() if disks.groups.get(device.name) == group]
    if not found:
        raise Refused(f'  Volume group "{group}" not found\n  Cannot process volume group {group}', _FAILED)
    return found


def lvcreate(disks: Disks) -> Program:
    """``lvcreate -n NAME -L SIZE GROUP``."""

    def act(process: Process, given: Given) -> None:
        members = _members(disks, given.names[0])
        match = _SIZE.match(given.last("L"))
        if match is None or not given.last("n"):
            raise Refused("  Please specify a size, and a name: not simulated without", 3)
        asked = int(match[1]) << 10 * (" kmgt".index(match[2].lower()) if match[2] else 2)
        size = asked + -asked % _EXTENT
        if size != asked:
            process.say(f"  Rounding up size to full physical extent {size / (1 << 20):.2f} MiB\n")
        name, numbers = disks.next_virtual("dm")
        mapped = f"{given.names[0].replace('-', '--')}-{given.last('n').replace('-', '--')}"
        disks.add_virtual(Device(name, size, "lvm", numbers, mapped=mapped), members[:1])
        process.say(f'  Logical volume "{given.last("n")}" created.\n')

    return _program("qyn:L:", act)


def vgremove(disks: Disks) -> Program:
    """``vgremove``, with ``-f`` the logical volumes first."""

    def act(process: Process, given: Given) -> None:
        group = given.names[0]
        members = _members(disks, group)
        inside = [disks.devices[name] for member in members for name in member.users]
        if inside and not (given.has("f") or given.has("y")):
            raise Refused(
                f'  Do you really want to remove volume group "{group}"? [y/n]: [n]\n'
                f'  Volume group "{group}" not removed',
                _FAILED,
            )
        if any(disks.is_used(one) for one in inside):
            raise Refused(f"  Logical volume {group} contains a filesystem in use.", _FAILED)
        for one in inside:
            disks.remove(one)
            process.say(f'  Logical volume "{one.mapped.partition("-")[2]}" successfully removed.\n')
        for member in members:
            del disks.groups[member.name]
        process.say(f'  Volume group "{group}" successfully removed\n')

    return _program("qyfn:L:", act)


def pvremove(disks: Disks) -> Program:
    """``pvremove``."""

    def act(process: Process, given: Given) -> None:
        for name in given.names:
            device = disks.at(name)
            label = device.find("LVM2_member") if device else None
            if device is None or label is None:
                raise Refused(f"  No PV found on device {name}.", _FAILED)
            if device.name in disks.groups:
                raise Refused(
                    f"  PV {name} is used by VG {disks.groups[device.name]} so please use vgreduce first.", _FAILED
                )
            disks.erase(device, label.offsets[0])
            disks.settle(device)
            process.say(f'  Labels on physical volume "{name}" successfully wiped.\n')

    return _program("qyfn:L:", act)
