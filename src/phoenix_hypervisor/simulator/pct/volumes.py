"""Mount points of a container's configuration and the volumes behind them."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass

from phoenix_hypervisor.proxmox.guest import Section
from phoenix_hypervisor.proxmox.properties import parse_properties, render_size
from phoenix_hypervisor.simulator import durations
from phoenix_hypervisor.simulator.call import Call
from phoenix_hypervisor.simulator.contract import keys_of, print_properties, split_properties
from phoenix_hypervisor.simulator.failures import ParameterError, PveError
from phoenix_hypervisor.simulator.storage import Storages, Volume

POINT = re.compile(r"^(rootfs|mp\d+)$")
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


def check_storage(call: Call, name: str) -> None:
    """Raise where a storage cannot hold containers."""
    if "rootdir" not in call.node.storages.get(name).content:
        raise ParameterError({"storage": f"storage '{name}' does not support container directories"}, 255)


def allocate(call: Call, point: MountPoint, ctid: int) -> Generator[float, None, Volume]:
    """Make the volume that a mount point asks for as ``STORAGE:GIGABYTES``, under the storage's lock."""
    match = NEW.match(point.volume)
    assert match is not None  # noqa: S101
    with (yield from call.lock_storage(match[1])):
        yield durations.ALLOCATE
        return call.node.storages.allocate(match[1], ctid, int(float(match[2]) * (1 << 30)))


def made(point: MountPoint, volume: Volume, storages: Storages) -> str:
    """The mount point's text once its volume is there."""
    size = storages.size(volume)
    return point.text(volume=volume.id, **({"size": render_size(size)} if size else {}))
