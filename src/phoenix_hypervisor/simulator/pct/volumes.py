"""Mount points of a container's configuration and the volumes behind them."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace

from phoenix_hypervisor.proxmox.guest import Section
from phoenix_hypervisor.proxmox.properties import parse_properties, render_size
from phoenix_hypervisor.simulator import durations
from phoenix_hypervisor.simulator.call import Call, Steps
from phoenix_hypervisor.simulator.contract import keys_of, print_properties, property_problems, split_properties
from phoenix_hypervisor.simulator.failures import ParameterError, PveError
from phoenix_hypervisor.simulator.guests import MOUNT_POINT
from phoenix_hypervisor.simulator.idmap import IdMap, IdMapError
from phoenix_hypervisor.simulator.storage import Image, Storages, Volume
from phoenix_hypervisor.simulator.tree import Entry

POINT = MOUNT_POINT
NEW = re.compile(r"^([^:\s]+):(\d+(?:\.\d+)?)$")
"""``STORAGE:GIGABYTES``: a volume to be made."""


@dataclass(frozen=True, slots=True)
class MountPoint:
    """``rootfs`` or ``mpN``: what is mounted and where inside of the container."""

    key: str
    values: Mapping[str, str]

    @property
    def volume(self) -> str:
        return self.values["volume"]

    @property
    def path(self) -> str:
        return self.values.get("mp", "/")

    @property
    def is_volume(self) -> bool:
        return not self.volume.startswith("/")

    def text(self, **changes: str) -> str:
        """The property string, with other values."""
        return print_properties({**self.values, **changes}, keys_of(self.key))


def mount_point(key: str, text: str) -> MountPoint:
    return MountPoint(key, split_properties(text, keys_of(key))[0])


def mount_points(section: Section) -> list[MountPoint]:
    """``rootfs`` first, then by number."""
    keys = [key for key in section.options if POINT.match(key)]
    keys.sort(key=lambda key: -1 if key == "rootfs" else int(key[2:]))
    return [mount_point(key, section.options[key]) for key in keys]


def configured(section: Section, key: str) -> MountPoint:
    """The mount point of a key. Raises PveError where there is none."""
    text = section.get(key)
    if text is None:
        lines = "".join(f"\n{name}: {reason}" for name, reason in property_problems("", keys_of(key)))
        raise PveError(f"format error{lines}")
    return mount_point(key, text)


def owned(section: Section, storages: Storages, ctid: int) -> Iterator[str]:
    """The ids of the volumes that a section names and the container owns, unused ones included, each once."""
    named = [point.volume for point in mount_points(section) if point.is_volume]
    unused = (text for key, text in section.options.items() if key.startswith("unused"))
    named += [parse_properties(text, "volume")["volume"] for text in unused]
    for volume in dict.fromkeys(named):
        try:
            found = storages.volume(volume)
        except PveError:
            continue
        if found.owner == ctid:
            yield volume


def root_of(section: Section) -> tuple[int, int]:
    """Who the container's root is on the node: user and group. Raises PveError."""
    try:
        return IdMap.of(section.options, section.raw).root
    except IdMapError as wrong:
        raise PveError(str(wrong)) from wrong


def unused_volume(text: str) -> str:
    """The volume of an ``unusedN``."""
    return parse_properties(text, "volume")["volume"]


def delete_volume(call: Call, volume: str) -> Steps:
    """Free a volume that is the container's own; another's is left, and told of. Raises PveError."""
    yield durations.ZFS
    if call.node.storages.owner(volume) == call.ctid:
        call.node.storages.free(volume)
    else:
        call.complain(f"ignore deletion of '{volume}', CT {call.ctid} isn't the owner!")


def check_storage(call: Call, name: str) -> None:
    """Raise where a storage cannot hold containers."""
    if "rootdir" not in call.node.storages.get(name).content:
        raise ParameterError({"storage": f"storage '{name}' does not support container directories"}, 255)


def allocate(call: Call, place: str, ctid: int, owner: tuple[int, int]) -> Generator[float, None, Volume]:
    """Make the volume that is asked for as ``STORAGE:GIGABYTES``, under the storage's lock."""
    match = NEW.match(place)
    assert match is not None  # noqa: S101
    return (yield from allocate_bytes(call, match[1], ctid, int(float(match[2]) * 1024) << 20, owner))


def allocate_bytes(
    call: Call, storage: str, ctid: int, size: int, owner: tuple[int, int]
) -> Generator[float, None, Volume]:
    """Make a volume of so many bytes whose top folder belongs to ``owner`` (user and group on the node)."""
    with (yield from call.lock_storage(storage)):
        yield durations.ALLOCATE
        volume = call.node.storages.allocate(storage, ctid, size)
    volume.tree["/"] = replace(volume.tree["/"], uid=owner[0], gid=owner[1])
    if isinstance(volume.content, Image):
        call.process.say(_formatted(call.node.storages.path(volume.id), size, call.node.entropy()))
        volume.tree["/lost+found"] = Entry("directory", mode=0o700)
        yield durations.MKFS
    return volume


def _formatted(path: str, size: int, digits: str) -> str:
    """What qemu-img and mkfs.ext4 tell of a new image."""
    block = 4096 if size >= 512 << 20 else 1024
    blocks = size // block
    uuid = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))
    groups = sorted({factor**power for factor in (3, 5, 7) for power in range(1, 20)} | {1})
    first = 1 if block == 1024 else 0
    backups = [str(group * 8 * block + first) for group in groups if group * 8 * block + first < blocks]
    return (
        f"Formatting '{path}', fmt=raw size={size} preallocation=off\n"
        f"Creating filesystem with {blocks} {block >> 10}k blocks and {blocks // 4} inodes\n"
        f"Filesystem UUID: {uuid}\nSuperblock backups stored on blocks: \n\t{', '.join(backups)}\n"
    )


def made(point: MountPoint, volume: Volume, storages: Storages) -> str:
    """The mount point's text once its volume is there."""
    size = storages.size(volume)
    return point.text(volume=volume.id, **({"size": render_size(size)} if size else {}))
