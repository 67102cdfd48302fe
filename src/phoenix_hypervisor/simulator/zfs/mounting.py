"""Which datasets are mounted where in the node's files."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from phoenix_hypervisor.simulator.filesystem import Filesystem
from phoenix_hypervisor.simulator.zfs.model import Dataset, ZfsError


class Mounting:
    """The mounted datasets. ``off`` are those that stay unmounted because somebody unmounted them."""

    def __init__(self, files: Filesystem) -> None:
        self._files = files
        self._points: dict[str, str] = {}
        self.off: set[str] = set()
        self.is_busy: Callable[[str], bool] = lambda _leaf: False

    @property
    def names(self) -> list[str]:
        return list(self._points)

    def at(self, name: str) -> str | None:
        """Where a dataset is mounted; None when it is not."""
        return self._points.get(name)

    def mount(self, dataset: Dataset, point: str) -> bool:
        """Show a dataset's files at a place; False where something stands there already."""
        if point == "/" or any(mount.path == point for mount in self._files.mounts):
            return False
        self._files.mount(point, dataset.tree, dataset.name)
        self._points[dataset.name] = point
        return True

    def unmount(self, names: Iterable[str]) -> list[str]:
        """Take datasets out of the files, those at the deepest places first; the names of those that were mounted."""
        found = sorted((name for name in names if name in self._points), key=self._points.__getitem__, reverse=True)
        for name in found:
            self._files.unmount(self._points.pop(name))
        return found

    def is_shown_elsewhere(self, dataset: Dataset) -> bool:
        """Whether something else than ZFS has mounted it too."""
        own = self._points.get(dataset.name)
        return any(mount.tree is dataset.tree and mount.path != own for mount in self._files.mounts)

    def check_idle(
        self, datasets: Iterable[Dataset], text: str = "cannot unmount '{}': pool or dataset is busy"
    ) -> None:
        """Raise ZfsError when a container runs from one of them, or something else is mounted on one."""
        leaving = sorted(datasets, key=lambda one: self._points.get(one.name, ""), reverse=True)
        points = {self._points[one.name] for one in leaving if one.name in self._points}
        for one in leaving:
            point = self._points.get(one.name)
            on_it = (mount.path for mount in self._files.mounts if point and mount.path.startswith(f"{point}/"))
            busy = self.is_busy(one.name.rpartition("/")[2]) or self.is_shown_elsewhere(one)
            if busy or any(path not in points for path in on_it):
                raise ZfsError(text.format(point or one.name))
