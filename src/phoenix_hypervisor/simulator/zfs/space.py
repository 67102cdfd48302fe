"""How many bytes datasets use, refer to and may still write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator.zfs.model import EMPTY_BYTES, Dataset, Snapshot

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.zfs.datasets import Zfs


def referenced(one: Dataset | Snapshot) -> int:
    """Bytes that a dataset or snapshot refers to."""
    return EMPTY_BYTES + one.bulk + sum(len(entry.data) for entry in one.tree.values())


class Space:
    """The figures at one moment; each dataset is measured once."""

    def __init__(self, zfs: Zfs) -> None:
        self._zfs = zfs
        self._own: dict[str, int] = {}

    def own(self, dataset: Dataset) -> int:
        """Bytes of a dataset and its snapshots; what a clone shares with its origin counts there."""
        if dataset.name not in self._own:
            size = max([referenced(dataset), *map(referenced, dataset.snapshots.values())])
            shared = referenced(self._zfs.snapshot(dataset.origin)) if dataset.origin else 0
            self._own[dataset.name] = max(0, size - shared)
        return self._own[dataset.name]

    def used(self, dataset: Dataset) -> int:
        """Bytes of a dataset and of everything below it."""
        prefix = f"{dataset.name}/"
        inside = (one for name, one in self._zfs.datasets.items() if name.startswith(prefix))
        return self.own(dataset) + sum(self.own(one) for one in inside)

    def of_pool(self, name: str) -> int:
        """Bytes that a pool has allocated."""
        return self.used(self._zfs.datasets[name])

    def available(self, name: str) -> int:
        """Bytes that may still be written, as the quotas and the pool allow."""
        zfs = self._zfs
        pool = name.partition("/")[0]
        free = (zfs.pools[pool].usable or zfs.pools[pool].size) - self.used(zfs.datasets[pool])
        limit = int(zfs.effective(name, "refquota")[0])
        if limit:
            free = min(free, limit - referenced(zfs.datasets[name]))
        above = name
        while above:
            quota = int(zfs.effective(above, "quota")[0])
            if quota:
                free = min(free, quota - self.used(zfs.datasets[above]))
            above = above.rpartition("/")[0]
        return max(0, free)
