"""What ``zfs destroy`` takes away, and what it refuses to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator.zfs import lineage
from phoenix_hypervisor.simulator.zfs.model import Dataset, ZfsError

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.zfs.datasets import Zfs


def destroy(zfs: Zfs, name: str, *, recursive: bool, clones: bool) -> None:
    """Destroy a dataset or snapshot; ``recursive`` with what is in it, ``clones`` with what hangs on it."""
    if "@" in name:
        _snapshot(zfs, name, clones)
        return
    doomed = [zfs.dataset(name), *zfs.below(name)]
    inside = [*lineage.snapshots_of(doomed[:1]), *lineage.names(doomed[1:])]
    if inside and not (recursive or clones):
        raise lineage.has_children(name, inside)
    own = frozenset(one.name for one in doomed)
    dependent = lineage.dependents(zfs.datasets, lineage.snapshots_of(doomed), own)
    if dependent and not clones:
        raise lineage.has_clones(name, "filesystem", dependent)
    for one in doomed:
        if zfs.mounting.is_busy(one.name.rpartition("/")[2]) or zfs.mounting.is_shown_elsewhere(one):
            raise ZfsError(f"cannot destroy '{one.name}': dataset is busy")
    _all(zfs, dependent)
    for one in reversed(doomed):
        _drop(zfs, one)


def _snapshot(zfs: Zfs, name: str, clones: bool) -> None:
    dataset, _, short = name.partition("@")
    if short not in zfs.dataset(dataset).snapshots:
        raise ZfsError("could not find any snapshots to destroy; check snapshot names.")
    dependent = lineage.dependents(zfs.datasets, [name])
    if dependent and not clones:
        raise lineage.has_clones(name, "snapshot", dependent)
    _all(zfs, dependent)
    del zfs.datasets[dataset].snapshots[short]


def _all(zfs: Zfs, dependent: list[Dataset]) -> None:
    for one in dependent:
        if one.name in zfs.datasets:
            destroy(zfs, one.name, recursive=True, clones=True)


def _drop(zfs: Zfs, dataset: Dataset) -> None:
    zfs.mounting.unmount([dataset.name])
    zfs.mounting.off.discard(dataset.name)
    del zfs.datasets[dataset.name]
