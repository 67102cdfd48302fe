"""The pools and datasets of a node, and what can be done to them. Errors are ZfsError with ZFS's own text."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from phoenix_hypervisor.simulator.disks.devices import Disks
from phoenix_hypervisor.simulator.filesystem import Filesystem
from phoenix_hypervisor.simulator.tree import Tree
from phoenix_hypervisor.simulator.zfs import destroying, lineage, naming, properties, renaming, room
from phoenix_hypervisor.simulator.zfs.model import EMPTY_BYTES, Away, Dataset, Pool, Snapshot, ZfsError, missing
from phoenix_hypervisor.simulator.zfs.mounting import Mounting
from phoenix_hypervisor.simulator.zfs.space import Space, referenced


class Zfs:
    """All pools of the node. Datasets are mounted in the node's files as they come and go."""

    def __init__(
        self, files: Filesystem, disks: Disks, clock: Callable[[], float], identity: Callable[[], int], version: str
    ) -> None:
        self.pools: dict[str, Pool] = {}
        self.away: dict[int, Away] = {}
        """The pools that are on the disks without being imported, by their numbers."""
        self.datasets: dict[str, Dataset] = {}
        self.disks = disks
        self.txg = 4
        self.version = version
        self.mounting = Mounting(files)
        self.clock = clock
        self.identity = identity

    # -- looking

    def dataset(self, name: str) -> Dataset:
        found = self.datasets.get(name)
        if found is None:
            raise missing(name)
        return found

    def snapshot(self, name: str) -> Snapshot:
        """The snapshot of a full name, ``tank/a@b``."""
        dataset, _, short = name.partition("@")
        found = self.datasets.get(dataset)
        if found is None or short not in found.snapshots:
            raise missing(name)
        return found.snapshots[short]

    def below(self, name: str) -> list[Dataset]:
        """The datasets under one, in the order of their names, without itself."""
        return lineage.below(self.datasets, name)

    def clones(self, snapshot: str) -> list[Dataset]:
        return lineage.clones(self.datasets, snapshot)

    def effective(self, name: str, key: str) -> tuple[str, str]:
        """A native or user property's value and its source as ``zfs get`` prints it."""
        found = self._set_at(name, key, own=True)
        known = properties.NATIVE.get(key)
        if found is None and (known is None or known.inherit):
            above = name.rpartition("/")[0]
            while above and found is None:
                if (there := self._set_at(above, key)) is not None:
                    found = properties.descend(key, there[0], name[len(above) :]), f"inherited from {above}"
                above = above.rpartition("/")[0]
        if key == "mountpoint":
            value, source = found or (f"/{name}", "default")
            root = self.pools[name.partition("/")[0]].altroot
            return (root + value.rstrip("/") if root and value.startswith("/") else value), source
        return found or ((known.default, "default") if known else ("-", "-"))

    def _set_at(self, name: str, key: str, own: bool = False) -> tuple[str, str] | None:
        """The value that a dataset itself has, and its source."""
        dataset = self.dataset(name) if own else self.datasets[name]
        if key in dataset.properties:
            return dataset.properties[key], "local"
        return (dataset.received[key], "received") if key in dataset.received else None

    def mountpoint(self, name: str) -> str | None:
        """Where a dataset is mounted; None when it is not."""
        return self.mounting.at(name)

    def space(self) -> Space:
        """The figures of space as they are now."""
        return Space(self)

    # -- changing

    def add_pool(self, pool: Pool, values: Mapping[str, str]) -> Dataset:
        """Make a pool's root; ``values`` as they read back."""
        self.pools[pool.name] = pool
        return self._add(pool.name, dict(values))

    def create(self, name: str, values: Mapping[str, str], *, parents: bool = False) -> Dataset:
        """Make a file system; ``values`` as the user wrote them."""
        self.check_new(name)
        wanted = self._wanted(name, values, parents)
        room.check_new(self, name, wanted, used=EMPTY_BYTES, refers=EMPTY_BYTES)
        return self._add(name, wanted)

    def clone(self, source: str, name: str, values: Mapping[str, str], *, parents: bool = False) -> Dataset:
        """Make a file system of a snapshot: constant in time and space."""
        snapshot = self.snapshot(source)
        self.check_new(name)
        if name.partition("/")[0] != source.partition("/")[0]:
            raise ZfsError(f"cannot create '{name}': source and target pools differ")
        wanted = self._wanted(name, values, parents)
        room.check_new(self, name, wanted, used=0, refers=referenced(snapshot))
        made = self._add(name, wanted, snapshot.tree.copy())
        made.origin, made.bulk = source, snapshot.bulk
        made.system = self.datasets[source.partition("@")[0]].system
        return made

    def take(self, name: str, values: Mapping[str, str]) -> Snapshot:
        """Take the snapshot ``DATASET@NAME``."""
        dataset_name, _, short = name.partition("@")
        naming.check_snapshot(name, short)
        dataset = self.datasets.get(dataset_name)
        if dataset is None:
            raise ZfsError(f"cannot create snapshot '{name}': dataset does not exist")
        if short in dataset.snapshots:
            raise ZfsError(f"cannot create snapshot '{name}': dataset already exists")
        wanted = self._checked(name, values, "create snapshot")
        self.txg += 1
        made = Snapshot(
            short, dataset.tree.copy(), int(self.clock()), self.txg, self.identity(), dataset.bulk, dict(wanted)
        )
        dataset.snapshots[short] = made
        return made

    def assign(self, name: str, values: Mapping[str, str]) -> None:
        """Set properties; nothing is set when one is refused."""
        if "@" in name:
            self.snapshot(name).properties.update(self._checked(name, values, "set property for"))
            return
        dataset = self.dataset(name)
        wanted = self._checked(name, values, "set property for")
        room.check_set(self, dataset, wanted)
        if {"mountpoint", "canmount"} & wanted.keys():
            self._check_movable(name)
        dataset.properties.update(wanted)
        if {"mountpoint", "canmount"} & wanted.keys():
            self.remount(name)

    def inherit(self, name: str, key: str, *, received: bool = False) -> None:
        """Take away what was set; with ``received`` what was received counts again."""
        dataset = self.dataset(name)
        if key in ("mountpoint", "canmount"):
            self._check_movable(name)
        dataset.properties.pop(key, None)
        if not received:
            dataset.received.pop(key, None)
        if key in ("mountpoint", "canmount"):
            self.remount(name)

    def _check_movable(self, name: str) -> None:
        try:
            self.mounting.check_idle([self.dataset(name), *self.below(name)])
        except ZfsError as busy:
            raise ZfsError(busy.text, 255) from busy

    def rollback(self, name: str, *, newer: bool = False) -> None:
        """Put a dataset back to a snapshot; ``newer`` destroys the snapshots taken after it."""
        snapshot = self.snapshot(name)
        dataset = self.datasets[name.partition("@")[0]]
        later = lineage.later(dataset, snapshot.name)
        if later and not newer:
            listed = "".join(f"\n{dataset.name}@{short}" for short in later)
            raise ZfsError(
                f"cannot rollback to '{name}': more recent snapshots or bookmarks exist\n"
                f"use '-r' to force deletion of the following snapshots and bookmarks:{listed}"
            )
        for short in later:
            self.destroy(f"{dataset.name}@{short}")
        dataset.tree.clear()
        dataset.tree.update(snapshot.tree)
        dataset.bulk = snapshot.bulk

    def destroy(self, name: str, *, recursive: bool = False, clones: bool = False) -> None:
        """Destroy a dataset or snapshot; ``recursive`` with what is in it, ``clones`` with what hangs on it."""
        destroying.destroy(self, name, recursive=recursive, clones=clones)

    def rename(self, name: str, new: str) -> None:
        """Give a dataset, with all that is in it, or a snapshot, another name."""
        renaming.rename(self, name, new)

    # -- checks and mounts

    def check_new(self, name: str) -> None:
        """Raise ZfsError where a dataset of that name cannot be made."""
        naming.check_dataset(name, "create")
        pool = name.partition("/")[0]
        if pool not in self.pools:
            raise ZfsError(f"cannot create '{name}': no such pool '{pool}'")
        if name in self.datasets:
            raise ZfsError(f"cannot create '{name}': dataset already exists")

    def _wanted(self, name: str, values: Mapping[str, str], parents: bool) -> dict[str, str]:
        """What a new dataset is set to; its parent is there, or made."""
        wanted = self._checked(name, values, "create")
        parent = name.rpartition("/")[0]
        if parent not in self.datasets:
            if not parents:
                raise ZfsError(f"cannot create '{name}': parent does not exist")
            self.create(parent, {}, parents=True)
        return wanted

    def _checked(self, name: str, values: Mapping[str, str], action: str) -> dict[str, str]:
        try:
            return properties.all_normalised(values, self.version)
        except ZfsError as refused:
            rc = refused.rc if action.startswith("set") else 1
            raise ZfsError(f"cannot {action} '{name}': {refused.text}", rc) from refused

    def _add(self, name: str, values: dict[str, str], tree: Tree | None = None) -> Dataset:
        self.txg += 1
        made = Dataset(name, int(self.clock()), self.txg, self.identity(), tree or Tree(), values)
        self.datasets[name] = made
        self._mount(made)
        return made

    def _mount(self, dataset: Dataset) -> None:
        point = self.effective(dataset.name, "mountpoint")[0]
        wanted = point.startswith("/") and self.effective(dataset.name, "canmount")[0] == "on"
        if wanted and dataset.name not in self.mounting.off:
            self.mounting.mount(dataset, point)

    def remount(self, top: str = "") -> None:
        """Bring what is mounted in line with the properties: all, or a dataset with what is below it."""
        wanted = [name for name in sorted(self.datasets) if not top or name == top or name.startswith(f"{top}/")]
        self.mounting.unmount([*wanted, *(name for name in self._gone() if not top)])
        for name in wanted:
            self._mount(self.datasets[name])

    def _gone(self) -> list[str]:
        return [name for name in self.mounting.names if name not in self.datasets]
