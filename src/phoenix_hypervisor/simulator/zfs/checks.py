"""What ``zpool create`` and ``zpool add`` look at before they write, and no more. Source: zpool_vdev.c."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from phoenix_hypervisor.simulator.disks.model import Device
from phoenix_hypervisor.simulator.zfs import lifecycle, vdevs
from phoenix_hypervisor.simulator.zfs.datasets import Zfs
from phoenix_hypervisor.simulator.zfs.model import ZfsError
from phoenix_hypervisor.simulator.zfs.vdevs import Wanted

_NO_EFI = "does not contain an EFI label but it may contain partition\ninformation in the MBR."
_FOLDERS = ("/dev/disk/by-vdev", "/dev/mapper", "/dev/disk/by-id", "/dev/disk/by-path", "/dev")


def located(zfs: Zfs, groups: Sequence[Wanted], exists: Callable[[str], bool]) -> list[Wanted]:
    """The groups with full paths, each of a block device. ``exists`` tells whether anything is at a path."""
    result = []
    for one in groups:
        paths = [name if name.startswith("/") else _short(zfs, name) for name in one.names]
        for name, path in zip(one.names, paths, strict=True):
            if not path:
                raise ZfsError(
                    f"cannot open '{name}': no such device in /dev\nmust be a full path or shorthand device name"
                )
            if zfs.disks.at(path) is None:
                if exists(path):
                    raise ZfsError(f"cannot use '{path}': must be a block device or regular file")
                raise ZfsError(f"cannot resolve path '{path}'")
        result.append(Wanted(one.kind, tuple(paths), one.role))
    return result


def _short(zfs: Zfs, name: str) -> str:
    return next((f"{folder}/{name}" for folder in _FOLDERS if zfs.disks.at(f"{folder}/{name}")), "")


def check(zfs: Zfs, groups: Sequence[Wanted], *, force: bool) -> None:
    """Raise ZfsError where the devices are in use, or hold what only ``force`` overrides."""
    problems: list[str] = []
    for path in (path for one in groups for path in one.names):
        device = zfs.disks.at(path)
        assert device is not None  # noqa: S101
        if device.is_whole and (zfs.disks.is_used(device) or lifecycle.active(zfs, device)):
            content = device.content
            raise ZfsError(f"{path} is in use and contains a {content.type if content else 'unknown'} filesystem.")
        if device.is_whole and device.table == "dos" and not force:
            problems.append(f"{path} {_NO_EFI}")
        for name, part in _slices(path, device):
            if problem := _problem(zfs, name, part, force):
                problems.append(problem)
    if not problems and not force:
        sizes = {path: device.size for one in groups for path in one.names if (device := zfs.disks.at(path))}
        problems = list(filter(None, [vdevs.check_replication(groups, sizes)]))
    if problems:
        head = (
            "the following errors must be manually repaired:" if force else "use '-f' to override the following errors:"
        )
        raise ZfsError("\n".join(["invalid vdev specification", head, *problems]))


def _slices(path: str, device: Device) -> list[tuple[str, Device]]:
    """What is looked at: a device as it is, of a whole disk with a GPT its partitions."""
    if not device.is_whole or device.table != "gpt":
        return [(path, device)]
    infix = "-part" if path.startswith("/dev/disk/") else "p" if path[-1].isdigit() else ""
    return [(f"{path}{infix}{part.number}", part) for part in device.parts]


def _problem(zfs: Zfs, path: str, device: Device, force: bool) -> str:
    content = device.content
    if content is None:
        return ""
    if content.type != "zfs_member":
        return "" if force else f"{path} contains a filesystem of type '{content.type}'"
    state, name = lifecycle.label_state(zfs, device)
    return f"{path} is part of {state} pool '{name}'" if state == "active" or (state and not force) else ""
