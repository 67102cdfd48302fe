"""What hangs on what: snapshots, the clones of them, and the clones of those."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from phoenix_hypervisor.simulator.zfs.model import Dataset, ZfsError

Datasets = Mapping[str, Dataset]


def below(datasets: Datasets, name: str) -> list[Dataset]:
    """The datasets under one, in the order of their names, without itself."""
    prefix = f"{name}/"
    return [datasets[key] for key in sorted(datasets) if key.startswith(prefix)]


def clones(datasets: Datasets, snapshot: str) -> list[Dataset]:
    """The datasets that were cloned from a snapshot."""
    return [dataset for dataset in datasets.values() if dataset.origin == snapshot]


def later(dataset: Dataset, short: str) -> list[str]:
    """The names of the snapshots that were taken after one."""
    taken = list(dataset.snapshots)
    return taken[taken.index(short) + 1 :]


def snapshots_of(found: Iterable[Dataset]) -> list[str]:
    """The full names of the snapshots of some datasets."""
    return [f"{dataset.name}@{short}" for dataset in found for short in dataset.snapshots]


def names(found: Iterable[Dataset]) -> Iterator[str]:
    """Each dataset after its snapshots, as ``zfs destroy`` lists them."""
    for dataset in found:
        yield from snapshots_of([dataset])
        yield dataset.name


def dependents(datasets: Datasets, snapshots: Iterable[str], without: frozenset[str] = frozenset()) -> list[Dataset]:
    """The clones of the snapshots, each after the clones of its own."""
    found: list[Dataset] = []
    for snapshot in snapshots:
        for clone in clones(datasets, snapshot):
            if clone.name not in without and clone not in found:
                found += [*dependents(datasets, snapshots_of([clone]), without), clone]
    return found


def has_children(name: str, inside: Iterable[str]) -> ZfsError:
    listed = "".join(f"\n{inner}" for inner in inside)
    return ZfsError(
        f"cannot destroy '{name}': filesystem has children\nuse '-r' to destroy the following datasets:{listed}"
    )


def has_clones(name: str, kind: str, dependent: Iterable[Dataset]) -> ZfsError:
    listed = "".join(f"\n{inner}" for inner in names(dependent))
    return ZfsError(
        f"cannot destroy '{name}': {kind} has dependent clones\nuse '-R' to destroy the following datasets:{listed}"
    )
