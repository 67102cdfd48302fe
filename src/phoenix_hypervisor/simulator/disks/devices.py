"""The block devices of the node, and their nodes, links and facts under /dev and /sys."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence

from phoenix_hypervisor.simulator.disks.model import SECTOR, Device, Known, Signature, sign
from phoenix_hypervisor.simulator.disks.tables import Slice
from phoenix_hypervisor.simulator.filesystem import Filesystem, Tree

UDEV_SECONDS = 0.5
"""How long udev takes to look at a device after it was written."""
BY_ID = "/dev/disk/by-id"
LOOPS = 8
"""How many loop devices a node has; the nodes of those in use are shown."""
_MAJORS = {"sd": 8, "nvme": 259, "vd": 253, "loop": 7, "dm": 252, "md": 9}


class Disks:
    """All block devices. The files under /dev, /sys/block and /sys/class/block follow them."""

    def __init__(self, files: Filesystem, clock: Callable[[], float], entropy: Callable[[], str]) -> None:
        self.devices: dict[str, Device] = {}
        self.groups: dict[str, str] = {}
        """The volume group of each LVM member, by the member's name."""
        self.clock = clock
        self.entropy = entropy
        self._files = files

    # -- looking

    def every(self) -> Iterator[Device]:
        """Each device and each partition, in the order of their names."""
        for name in sorted(self.devices, key=_natural):
            yield from self.devices[name].everything()

    def at(self, path: str) -> Device | None:
        """The device behind a path; None where there is none."""
        if not self._files.exists(path):
            return None
        place = self._files.resolve(path)
        return next((one for one in self.every() if place in (one.path, f"/dev/{one.name}")), None)

    def whole(self, device: Device) -> Device:
        """The disk that a partition lies on; a disk itself."""
        return next(one for one in self.devices.values() if device in one.everything())

    def is_used(self, device: Device) -> bool:
        """Whether something holds it, so that it cannot be opened exclusively: a mount, swap, LVM, md."""
        return any(one.mounts or one.swapping or one.users for one in device.everything())

    def known(self, device: Device) -> Known:
        """What udev remembers of a device by now."""
        if device.written is not None and self.clock() - device.written >= UDEV_SECONDS:
            self.settle(device)
        return device.known

    def settle(self, device: Device) -> None:
        """Let udev look at a device that was written."""
        if device.written is not None:
            device.known, device.written = device.present(), None

    def uuid(self) -> str:
        return shaped(self.entropy())

    # -- coming and going

    def add(self, by_id: str, size: int, serial: str, model: str) -> Device:
        """Put in a disk; its kernel name follows from its name by id."""
        name, minor = self._free_name(by_id)
        prefix = re.sub(r"[^a-z].*", "", name)
        stem = "sd" if prefix.startswith("sd") else "vd" if prefix.startswith("vd") else prefix
        device = Device(name, size, "disk", f"{_MAJORS[stem]}:{minor}", by_id, serial, model)
        self.devices[name] = device
        self._publish(device, device)
        return device

    def _free_name(self, by_id: str) -> tuple[str, int]:
        for row in range(1000):
            letters = chr(97 + row) if row < 26 else chr(96 + row // 26) + chr(97 + row % 26)
            name = f"{'vd' if by_id.startswith('virtio-') else 'sd'}{letters}"
            if by_id.startswith("nvme-"):
                name = f"nvme{row}n1"
            if name not in self.devices:
                return name, row * (64 if name.startswith("nvme") else 16)
        raise ValueError("there is no room for another disk")

    def add_loop(self, number: int, back: str, size: int) -> Device:
        """Attach a file of so many bytes to a loop device."""
        device = Device(f"loop{number}", size, "loop", f"{_MAJORS['loop']}:{number}", back=back)
        self.devices[device.name] = device
        self._publish(device, device)
        return device

    def add_virtual(self, device: Device, below: Sequence[Device]) -> None:
        """Let a device of LVM or md stand on others."""
        self.devices[device.name] = device
        for one in below:
            one.users.append(device.name)
            self._publish(one, self.whole(one))
        self._publish(device, device)

    def next_virtual(self, stem: str) -> tuple[str, str]:
        """The next free name and number: ``dm-0``, ``md0``."""
        names = (f"dm-{row}" if stem == "dm" else f"{stem}{row}" for row in range(1000))
        name = next(one for one in names if one not in self.devices)
        return name, f"{_MAJORS[stem]}:{re.sub(r'[^0-9]', '', name)}"

    def remove(self, device: Device) -> None:
        """Take a device out, with its nodes."""
        self.drop_parts(device)
        self._withdraw(device)
        del self.devices[device.name]
        for one in self.every():
            if device.name in one.users:
                one.users.remove(device.name)
                self._publish(one, self.whole(one))

    # -- writing

    def write(self, device: Device, *signatures: Signature) -> None:
        """Put content on a device in the place of all that it had; udev sees it later."""
        self.known(device)
        if device.parts or device.table:
            self.drop_parts(device)
        device.table, device.table_uuid, device.signatures = "", "", list(signatures)
        device.residue = device.residue or bool(signatures)
        device.tree = Tree()
        device.written = self.clock()

    def partition(self, device: Device, slices: Sequence[Slice], table: str = "gpt", seed: str = "") -> None:
        """Write a partition table in the place of all that was there."""
        self.write(device)
        device.table, device.residue = table, True
        names = ("gpt", "PMBR") if table == "gpt" else ("dos",)
        device.signatures = [sign(device.size, name) for name in names]
        seed = seed or self.entropy()
        device.table_uuid = shaped(_digest(seed)) if table == "gpt" else _digest(seed)[:8]
        major, minor = device.numbers.split(":")
        for one in slices:
            partuuid = shaped(_digest(f"{seed}:{one.number}"))
            part = Device(
                device.partition_name(one.number),
                one.sectors * SECTOR,
                "part",
                f"{major}:{int(minor) + one.number}",
                f"{device.by_id}-part{one.number}" if device.by_id else "",
                number=one.number,
                start=one.start,
                parttype=one.type,
                partlabel=one.name,
                partuuid=partuuid if table == "gpt" else f"{device.table_uuid}-{one.number:02d}",
                written=self.clock(),
            )
            device.parts.append(part)
            self._publish(part, device)
        device.known = Known(pttype=table)

    def drop_parts(self, device: Device) -> None:
        """Forget the partitions that the kernel knows."""
        for part in device.parts:
            self._withdraw(part, device)
        device.parts = []

    def erase(self, device: Device, offset: int) -> Signature | None:
        """Overwrite the magic at a place; the signature that was there, None where there was none."""
        found = next((one for one in device.signatures if offset in one.offsets), None)
        if found is None:
            return None
        left = tuple(one for one in found.offsets if one != offset)
        kept = [Signature(found.type, left, found.uuid, found.label, found.sub, found.block)] if left else []
        row = device.signatures.index(found)
        device.signatures[row : row + 1] = kept
        if found.type in ("gpt", "dos") and not left:
            self.drop_parts(device)
            device.table, device.table_uuid = "", ""
        self.known(device)
        device.written = self.clock()
        return found

    # -- files

    def _publish(self, device: Device, whole: Device) -> None:
        if not self._files.exists(f"/dev/{device.name}"):
            self._files.device(f"b {device.numbers.replace(':', ' ')}", f"/dev/{device.name}")
        if device.by_id and self._files.stat(f"{BY_ID}/{device.by_id}", follow=False) is None:
            self._files.link(f"../../{device.name}", f"{BY_ID}/{device.by_id}")
        if device.mapped and self._files.stat(device.path, follow=False) is None:
            self._files.mkdir("/dev/mapper", parents=True)
            self._files.link(f"../{device.name}", device.path)
        folder = f"/sys/block/{whole.name}" + (f"/{device.name}" if device is not whole else "")
        facts = {"size": f"{device.size // SECTOR}", "dev": device.numbers, "ro": "0"}
        if device.type == "part":
            facts |= {"partition": str(device.number), "start": str(device.start)}
        if device.type == "disk":
            facts |= {"removable": "0", "device/model": device.model, "device/serial": device.serial}
        for name, text in facts.items():
            self._put(f"{folder}/{name}", f"{text}\n")
        self._files.mkdir(f"{folder}/holders", parents=True)
        for name in set(self._files.list(f"{folder}/holders")) ^ set(device.users):
            if name in device.users:
                self._files.link(f"../../../{name}", f"{folder}/holders/{name}")
            else:
                self._files.remove(f"{folder}/holders/{name}")
        self._files.mkdir("/sys/class/block", parents=True)
        if self._files.stat(f"/sys/class/block/{device.name}", follow=False) is None:
            self._files.link(f"../..{folder.removeprefix('/sys')}", f"/sys/class/block/{device.name}")

    def _withdraw(self, device: Device, whole: Device | None = None) -> None:
        folder = f"/sys/block/{whole.name}/{device.name}" if whole else f"/sys/block/{device.name}"
        for path in (f"{BY_ID}/{device.by_id}" if device.by_id else "", device.path, f"/dev/{device.name}", folder):
            if path and self._files.stat(path, follow=False) is not None:
                self._files.remove(path, recursive=True)
        if self._files.stat(f"/sys/class/block/{device.name}", follow=False) is not None:
            self._files.remove(f"/sys/class/block/{device.name}")

    def _put(self, path: str, text: str) -> None:
        self._files.mkdir(path.rpartition("/")[0], parents=True)
        self._files.write(path, text)


def shaped(digits: str) -> str:
    """A UUID of hexadecimal digits."""
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"


def _digest(seed: str) -> str:
    return hashlib.sha256(seed.encode()).hexdigest()


def _natural(name: str) -> tuple[str | int, ...]:
    return tuple(int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name))


def identity(by_id: str) -> tuple[str, str]:
    """Serial number and model, as udev made the name by id of them: ``BUS-MODEL_SERIAL``."""
    bus, _, rest = by_id.partition("-")
    if not rest or bus == "virtio":
        return rest or by_id, ""
    model, _, serial = rest.rpartition("_")
    return serial, model.replace("_", " ")
