"""Names and snapshots that move: ``zfs rename`` and ``zfs promote``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator.zfs import naming
from phoenix_hypervisor.simulator.zfs.model import Dataset, ZfsError
from phoenix_hypervisor.simulator.zfs.space import referenced

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.zfs.datasets import Zfs


def rename(zfs: Zfs, name: str, new: str) -> None:
    """Give a dataset, with all that is in it, or a snapshot, another name."""
    if "@" in name:
        _snapshot(zfs, name, new)
        return
    moved = [zfs.dataset(name), *zfs.below(name)]
    naming.check_dataset(new, "rename to")
    if new in zfs.datasets:
        raise ZfsError(f"cannot rename '{name}': dataset already exists")
    zfs.check_new(new)
    if new.rpartition("/")[0] not in zfs.datasets:
        raise ZfsError(f"cannot create '{new}': parent does not exist")
    for dataset in moved:
        old, dataset.name = dataset.name, new + dataset.name[len(name) :]
        zfs.datasets[dataset.name] = zfs.datasets.pop(old)
        for clone in zfs.datasets.values():
            if clone.origin.startswith(f"{old}@"):
                clone.origin = dataset.name + clone.origin[len(old) :]
    zfs.remount()


def _snapshot(zfs: Zfs, name: str, new: str) -> None:
    snapshot = zfs.snapshot(name)
    dataset = zfs.datasets[name.partition("@")[0]]
    short = new.rpartition("@")[2]
    if short in dataset.snapshots:
        raise ZfsError(f"cannot rename to '{dataset.name}@{short}': dataset already exists")
    for clone in zfs.clones(name):
        clone.origin = f"{dataset.name}@{short}"
    dataset.snapshots = {short if old == snapshot.name else old: one for old, one in dataset.snapshots.items()}
    snapshot.name = short


def promote(zfs: Zfs, name: str) -> None:
    """Turn a clone and its origin round: the snapshots up to the one it came from become the clone's.

    Source: zfs_promote() of libzfs_dataset.c, dsl_dataset_promote_check() of dsl_dataset.c.
    """
    if "@" in name:
        raise ZfsError(f"cannot open '{name}': snapshot delimiter '@' is not expected here")
    clone = zfs.dataset(name)
    if not clone.origin:
        raise ZfsError(f"cannot promote '{name}': not a cloned filesystem")
    source, _, short = clone.origin.partition("@")
    origin = zfs.datasets[source]
    taken = list(origin.snapshots)
    moving = taken[: taken.index(short) + 1]
    for taken_twice in (one for one in reversed(moving) if one in clone.snapshots):
        raise ZfsError(f"cannot promote '{name}': conflicting snapshot '{taken_twice}' from parent '{clone.origin}'")
    _check_room(zfs, clone, origin, moving)
    for one in moving:
        for other in zfs.clones(f"{source}@{one}"):
            other.origin = f"{name}@{one}"
    clone.snapshots = {one: origin.snapshots.pop(one) for one in moving} | clone.snapshots
    clone.origin, origin.origin = origin.origin, f"{name}@{short}"


def _check_room(zfs: Zfs, clone: Dataset, origin: Dataset, moving: list[str]) -> None:
    """The quotas that only the clone is under must hold what it takes over."""
    space = zfs.space()
    size = max(referenced(origin.snapshots[one]) for one in moving)
    size -= referenced(zfs.snapshot(origin.origin)) if origin.origin else 0
    above = clone.name
    while above and not f"{origin.name}/".startswith(f"{above}/"):
        quota = int(zfs.effective(above, "quota")[0])
        if quota and quota - space.used(zfs.datasets[above]) < size:
            raise ZfsError(f"cannot promote '{clone.name}': out of space")
        above = above.rpartition("/")[0]
