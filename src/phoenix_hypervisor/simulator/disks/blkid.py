"""``blkid``: what a direct look finds on devices. Source: util-linux 2.41, blkid(8)."""

from __future__ import annotations

from collections.abc import Mapping

from phoenix_hypervisor.simulator.disks.devices import Disks
from phoenix_hypervisor.simulator.disks.model import KINDS, SECTOR, TABLES, Device, Signature
from phoenix_hypervisor.simulator.disks.wording import Given, Refused, guarded
from phoenix_hypervisor.simulator.process import Process, Program, Run

_SECONDS = 0.005
_LONGS = {"probe": "p", "output=": "o", "match-tag=": "s", "cache-file=": "c", "label=": "L", "uuid=": "U"}
_FORMATS = ("full", "value", "export", "device", "udev")
_NOTHING = 2


def program(disks: Disks, version: int) -> Program:
    """``blkid`` of a node of a Proxmox release."""

    def run(process: Process, /) -> Run:
        yield _SECONDS
        given = Given(process, "po:s:c:L:U:", _LONGS, rc=4)
        if given.last("o", "full") not in _FORMATS:
            raise Refused(f"blkid: unsupported output format {given.last('o')}", 4)
        for letter, tag in (("L", "LABEL"), ("U", "UUID")):
            if wanted := given.last(letter):
                found = [one for one in disks.every() if cached(one).get(tag) == wanted]
                process.say("".join(f"{one.path}\n" for one in found[:1]))
                return 0 if found else _NOTHING
        if given.has("p") and not given.names:
            raise Refused("blkid: The low-level probing mode requires a device", 4)
        return _tell(disks, process, given, version)

    return guarded(run)


def _tell(disks: Disks, process: Process, given: Given, version: int) -> int:
    rc, told = 0, []
    for name in given.names or [one.path for one in disks.every()]:
        device = disks.at(name)
        if device is None:
            if given.has("p"):
                process.complain(f"blkid: error: {name}: No such file or directory\n")
            rc = _NOTHING
            continue
        if given.has("p") and _is_ambivalent(device):
            process.complain(
                f"blkid: {name}: ambivalent result (probably more filesystems on the device, "
                "use wipefs(8) to see more details)\n"
            )
            return 8
        tags = probed(device, disks.whole(device), version) if given.has("p") else cached(device)
        wanted = given.all("s")
        tags = {key: value for key, value in tags.items() if not wanted or key in wanted}
        if tags and (given.names or tags.keys() - {"PTUUID", "PTTYPE"}):
            told.append(_formatted(name, tags, given.last("o", "full")))
        elif given.names:
            rc = _NOTHING
    process.say(("\n" if given.last("o") == "export" else "").join(told))
    return rc if given.names else (0 if told else _NOTHING)


def _is_ambivalent(device: Device) -> bool:
    return len([one for one in device.signatures if one.type not in TABLES]) > 1


def cached(device: Device) -> Mapping[str, str]:
    """The tags of the device that ``blkid`` keeps."""
    found = device.content
    tags: dict[str, str] = _named(found) if found else {}
    if found:
        tags |= {"BLOCK_SIZE": str(found.block)} if found.block else {}
        tags["TYPE"] = found.type
    elif device.table:
        tags |= {"PTUUID": device.table_uuid, "PTTYPE": device.table}
    tags |= {"PARTLABEL": device.partlabel} if device.partlabel else {}
    return tags | ({"PARTUUID": device.partuuid} if device.partuuid else {})


def _named(found: Signature) -> dict[str, str]:
    names = {"LABEL": found.label, "UUID": found.uuid, "UUID_SUB": found.sub}
    return {key: value for key, value in names.items() if value}


def probed(device: Device, whole: Device, version: int) -> Mapping[str, str]:
    """The tags of a low-level probe."""
    found = device.content
    tags: dict[str, str] = {}
    if found:
        own, kind = _named(found), KINDS[found.type]
        is_zfs = found.type == "zfs_member"
        revision = {"VERSION": kind.version} if kind.version else {}
        tags = {**revision, **own} if is_zfs else {**own, **revision}
        if found.block:
            tags |= {"FSBLOCKSIZE": str(found.block)} if version > 8 else {}
            tags["BLOCK_SIZE"] = str(found.block)
        if found.type == "ext4" and version > 8:
            tags |= {"FSLASTBLOCK": str(device.size // found.block), "FSSIZE": str(device.size)}
        tags |= {"ENDIANNESS": "LITTLE"} if is_zfs and version > 8 else {}
        tags |= {"TYPE": found.type, "USAGE": kind.usage}
    elif device.table:
        tags = {"PTUUID": device.table_uuid, "PTTYPE": device.table}
    return tags | (_entry(device, whole) if device.type == "part" else {})


def _entry(device: Device, whole: Device) -> dict[str, str]:
    """What the partition table says of a partition."""
    entry = {"SCHEME": whole.table, "NAME": device.partlabel, "UUID": device.partuuid, "TYPE": device.parttype}
    entry |= {"NUMBER": str(device.number), "OFFSET": str(device.start), "SIZE": str(device.size // SECTOR)}
    entry["DISK"] = whole.numbers
    return {f"PART_ENTRY_{key}": value for key, value in entry.items() if value}


def _formatted(name: str, tags: Mapping[str, str], form: str) -> str:
    if form == "value":
        return "".join(f"{value}\n" for value in tags.values())
    if form == "export":
        return "".join(f"{key}={value}\n" for key, value in {"DEVNAME": name, **tags}.items())
    if form == "udev":
        return "".join(f"{key if key.startswith('PART_') else f'ID_FS_{key}'}={value}\n" for key, value in tags.items())
    if form == "device":
        return f"{name}\n"
    return f"{name}: " + " ".join(f'{key}="{value}"' for key, value in tags.items()) + "\n"
