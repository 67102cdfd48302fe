"""Storages and the volumes on them: ``/etc/pve/storage.cfg`` is the truth, ZFS and the files hold the content."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from phoenix_hypervisor.proxmox.storage import Storage, parse_storages, render_storages
from phoenix_hypervisor.simulator.failures import PveError
from phoenix_hypervisor.simulator.tree import Tree
from phoenix_hypervisor.simulator.zfs.datasets import Zfs
from phoenix_hypervisor.simulator.zfs.model import Dataset, ZfsError

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.filesystem import Filesystem

CONFIGURATION = "/etc/pve/storage.cfg"
FOLDERS = {
    "vztmpl": "template/cache",
    "iso": "template/iso",
    "backup": "dump",
    "snippets": "snippets",
    "import": "import",
    "images": "images",
    "rootdir": "private",
}
_ZFS_NAME = re.compile(r"^(?:(basevol-\d+-\S+?)/)?((subvol|basevol|vm|base)-(\d+)-[^/\s]+)$")
_IMAGE_NAME = re.compile(r"^(\d+)/((vm|base)-\d+-\S+\.raw)$")


@dataclass
class Image:
    """A raw image on a directory storage: a file system in a file. It knows no snapshots."""

    size: int
    tree: Tree
    bulk: int = 0
    system: str = ""


@dataclass(frozen=True, slots=True)
class Volume:
    """A container's volume: its id (``store:subvol-900-disk-0``), storage, owner and content."""

    id: str
    storage: Storage
    owner: int
    content: Dataset | Image

    @property
    def tree(self) -> Tree:
        return self.content.tree

    @property
    def dataset(self) -> Dataset | None:
        return self.content if isinstance(self.content, Dataset) else None

    @property
    def name(self) -> str:
        return self.id.partition(":")[2]

    @property
    def is_base(self) -> bool:
        return self.name.rpartition("/")[2].startswith("base")

    @property
    def is_raw_base(self) -> bool:
        """An image that is mounted for reading only."""
        return self.dataset is None and self.is_base


class Storages:
    """The node's storages."""

    def __init__(self, files: Filesystem, zfs: Zfs) -> None:
        self._files = files
        self._zfs = zfs
        self.images: dict[str, Image] = {}
        self._read: tuple[str, dict[str, Storage]] = ("", {})

    # -- the configuration

    def all(self) -> dict[str, Storage]:
        """The storages of the file; ``local`` is there even when the file does not name it."""
        text = self._files.read(CONFIGURATION) if self._files.exists(CONFIGURATION) else ""
        if text != self._read[0] or not self._read[1]:
            found = parse_storages(text)
            local = {"path": "/var/lib/vz", "content": "backup,iso,vztmpl"}
            found.setdefault("local", Storage("local", "dir", local))
            self._read = (text, found)
        return self._read[1]

    def write(self, storages: dict[str, Storage]) -> None:
        self._files.write(CONFIGURATION, render_storages(storages))

    def get(self, name: str) -> Storage:
        found = self.all().get(name)
        if found is None:
            raise PveError(f"storage '{name}' does not exist")
        return found

    # -- volumes

    def volume(self, volume: str) -> Volume:
        """The volume of an id. Raises PveError where there is none."""
        storage, owner, key = self._locate(volume)
        content = self._content(storage, key)
        if content is None:
            reason = (
                f"zfs error: cannot open '{key}': dataset does not exist"
                if storage.type == "zfspool"
                else (f"volume '{volume}' does not exist")
            )
            raise PveError(reason)
        return Volume(volume, storage, owner, content)

    def _content(self, storage: Storage, key: str) -> Dataset | Image | None:
        """What is behind a dataset or file; None where there is nothing."""
        if storage.type == "zfspool":
            return self._zfs.datasets.get(key)
        return self.images.get(key) if self._files.exists(key) else None

    def _locate(self, volume: str) -> tuple[Storage, int, str]:
        """The storage, the owning guest, and the dataset or file of a volume id."""
        name, _, inner = volume.partition(":")
        storage = self.get(name)
        if storage.type == "zfspool":
            match = _ZFS_NAME.match(inner)
            if match is None:
                raise PveError(f"unable to parse zfs volume name '{inner}'")
            return storage, int(match[4]), f"{storage.pool}/{match[2]}"
        match = _IMAGE_NAME.match(inner)
        if match is None:
            raise PveError(f"unable to parse directory volume name '{inner}'")
        return storage, int(match[1]), f"{storage.path}/images/{inner}"

    def owner(self, volume: str) -> int:
        """The guest that the name of a volume says, whether it is there or not."""
        return self._locate(volume)[1]

    def path(self, volume: str) -> str:
        """Where a volume lies in the node's files."""
        name, _, inner = volume.partition(":")
        storage = self.get(name)
        kind, slash, file = inner.partition("/")
        if slash and kind in ("vztmpl", "iso", "backup", "snippets", "import") and storage.path:
            return f"{storage.path}/{FOLDERS[kind]}/{file}"
        found, _owner, key = self._locate(volume)
        return self._zfs.mountpoint(key) or f"/{key}" if found.type == "zfspool" else key

    def of_guest(self, ctid: int) -> list[Volume]:
        """All volumes that the storages hold for a guest id."""
        return [volume for name in self.all() for volume in self.volumes(name) if volume.owner == ctid]

    def volumes(self, name: str) -> Iterator[Volume]:
        """The guest volumes of a storage, in the order of their names."""
        storage = self.get(name)
        if storage.type == "zfspool":
            for key in sorted(self._zfs.datasets):
                parent, _, leaf = key.rpartition("/")
                match = _ZFS_NAME.match(leaf)
                if parent == storage.pool and match:
                    dataset = self._zfs.datasets[key]
                    yield Volume(f"{name}:{self._under_base(dataset)}{leaf}", storage, int(match[4]), dataset)
        elif storage.path:
            for path in sorted(self.images):
                inner = path.removeprefix(f"{storage.path}/images/")
                match = _IMAGE_NAME.match(inner)
                if inner != path and match and self._files.exists(path):
                    yield Volume(f"{name}:{inner}", storage, int(match[1]), self.images[path])

    @staticmethod
    def _under_base(dataset: Dataset) -> str:
        base, _, short = dataset.origin.partition("@")
        return f"{base.rpartition('/')[2]}/" if short == "__base__" else ""

    def size(self, volume: Volume) -> int:
        if volume.dataset is None:
            assert isinstance(volume.content, Image)  # noqa: S101
            return volume.content.size
        return int(volume.dataset.properties.get("refquota", "0"))

    # -- changing

    def allocate(self, name: str, ctid: int, size: int, wanted: str | None = None) -> Volume:
        """Make an empty volume of so many bytes for a guest: the first free disk number, or the wanted name."""
        storage = self.get(name)
        prefix, suffix = ("subvol", "") if storage.type == "zfspool" else ("vm", ".raw")
        leaf = wanted or self._free_name(name, prefix, ctid, suffix)
        if storage.type == "zfspool":
            values = {"acltype": "posixacl", "xattr": "sa", "refquota": str(size) if size else "none"}
            try:
                self._zfs.create(f"{storage.pool}/{leaf}", values)
            except ZfsError as refused:
                raise PveError(f"zfs error: {refused.text}") from refused
            return self.volume(f"{name}:{leaf}")
        volume = f"{name}:{ctid}/{leaf}"
        path = self._locate(volume)[2]
        self.images[path] = Image(size, Tree())
        self._files.mkdir(path.rpartition("/")[0], parents=True)
        self._files.write(path, "")
        return self.volume(volume)

    @staticmethod
    def _is_taken(leaf: str, taken: set[str]) -> bool:
        return leaf in taken or leaf.replace("subvol", "basevol").replace("vm-", "base-") in taken

    def free(self, volume: str) -> None:
        """Destroy a volume; one that is not there is none to destroy. Raises PveError while clones hang on it."""
        if self._content(*self._locate(volume)[::2]) is None:
            return
        found = self.volume(volume)
        if found.dataset is None:
            path = self._locate(volume)[2]
            del self.images[path]
            folder = path.rpartition("/")[0]
            self._files.remove(path)
            if not self._files.list(folder):
                self._files.remove(folder)
            return
        if found.is_base and self._zfs.clones(f"{found.dataset.name}@__base__"):
            raise PveError(f"base volume '{found.name.rpartition('/')[2]}' is still in use by linked clones")
        try:
            self._zfs.destroy(found.dataset.name, recursive=True)
        except ZfsError as refused:
            raise _from_zfs(refused) from refused

    def hand_over(self, volume: str, ctid: int) -> str:
        """Give a volume the name of another guest's; its new id. Its content stays where it is."""
        found = self.volume(volume)
        leaf = found.name.rpartition("/")[2]
        kind, suffix = leaf.partition("-")[0], ".raw" if found.dataset is None else ""
        new = self._free_name(found.storage.id, kind, ctid, suffix)
        if found.dataset is not None:
            self._zfs.rename(found.dataset.name, f"{found.dataset.parent}/{new}")
            return volume.removesuffix(leaf) + new
        old, path = self._locate(volume)[2], f"{found.storage.path}/images/{ctid}/{new}"
        self._files.mkdir(path.rpartition("/")[0], parents=True)
        self._files.rename(old, path)
        self.images[path] = self.images.pop(old)
        return f"{found.storage.id}:{ctid}/{new}"

    def _free_name(self, name: str, kind: str, ctid: int, suffix: str) -> str:
        """The first name of a guest's volume that none has."""
        taken = {volume.name.rpartition("/")[2] for volume in self.volumes(name)}
        numbered = (f"{kind}-{ctid}-disk-{number}{suffix}" for number in range(1000))
        return next(free for free in numbered if not self._is_taken(free, taken))

    def rename_to_base(self, volume: Volume) -> str:
        """Give a volume the name of a base volume, the first half of making one; its new id."""
        leaf = volume.name.rpartition("/")[2]
        base = leaf.replace("subvol-", "basevol-", 1) if leaf.startswith("subvol-") else leaf.replace("vm-", "base-", 1)
        if volume.dataset is not None:
            self._zfs.rename(volume.dataset.name, f"{volume.dataset.parent}/{base}")
        else:
            path = self._locate(volume.id)[2]
            new = f"{path.removesuffix(leaf)}{base}"
            self._files.rename(path, new)
            self.images[new] = self.images.pop(path)
        return volume.id.removesuffix(leaf) + base

    def freeze_base(self, volume: str) -> None:
        """The second half: what clones hang on."""
        found = self.volume(volume)
        if found.dataset is not None:
            self._zfs.take(f"{found.dataset.name}@__base__", {})
        else:
            self._files.chmod(self._locate(volume)[2], 0o444)

    def resize(self, volume: Volume, size: int) -> None:
        if volume.dataset is not None:
            self._zfs.assign(volume.dataset.name, {"refquota": str(size)})
        elif isinstance(volume.content, Image):
            volume.content.size = size


class ZfsFailure(PveError):
    """``zfs`` failed under a Proxmox command: its last line is the error, those before went to standard output."""

    def __init__(self, text: str) -> None:
        lines = text.splitlines()
        super().__init__(f"zfs error: {lines[-1]}")
        self.before = "".join(f"{line}\n" for line in lines[:-1])


def _from_zfs(refused: ZfsError) -> ZfsFailure:
    return ZfsFailure(refused.text)
