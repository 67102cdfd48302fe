"""Whether what is asked for has room. Source: zfs_create_error and zfs_setprop_error of libzfs, ENOSPC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator.zfs.model import Dataset, ZfsError
from phoenix_hypervisor.simulator.zfs.space import referenced

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.zfs.datasets import Zfs

_RESERVATIONS = ("reservation", "refreservation")


def check_new(zfs: Zfs, name: str, wanted: Mapping[str, str], *, used: int, refers: int) -> None:
    """Raise ZfsError where a new dataset of so many bytes has no room, or less than it asks for."""
    free = zfs.space().available(name.rpartition("/")[0])
    sizes = {key: int(wanted.get(key, "0")) for key in ("quota", "refquota", *_RESERVATIONS)}
    short = 0 < sizes["quota"] < used or 0 < sizes["refquota"] < refers
    if short or free <= used or any(sizes[key] > free for key in _RESERVATIONS):
        raise ZfsError(f"cannot create '{name}': out of space")


def check_set(zfs: Zfs, dataset: Dataset, wanted: Mapping[str, str]) -> None:
    """Raise ZfsError where a limit is below what is there, or a reservation above what is left."""
    space = zfs.space()
    for key, measure in (("quota", space.used), ("refquota", referenced)):
        if int(wanted.get(key, "0")) and int(wanted[key]) < measure(dataset):
            raise _refused(dataset, "size is less than current used or reserved space")
    for key in _RESERVATIONS:
        more = int(wanted.get(key, "0")) - space.used(dataset)
        if more > space.available(dataset.parent or dataset.name):
            raise _refused(dataset, "size is greater than available space")


def _refused(dataset: Dataset, reason: str) -> ZfsError:
    return ZfsError(f"cannot set property for '{dataset.name}': {reason}", 255)
