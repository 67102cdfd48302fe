"""What can be built into a node: disks, graphics cards, bridges, pools, datasets, storages, tarballs.

Each refuses what no real node could have, with ValueError.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from phoenix_hypervisor.proxmox import names
from phoenix_hypervisor.proxmox.storage import ALLOWED_CONTENT, Storage
from phoenix_hypervisor.simulator import tarballs
from phoenix_hypervisor.simulator.zfs.model import Pool, ZfsError

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.filesystem import Filesystem
    from phoenix_hypervisor.simulator.storage import Storages
    from phoenix_hypervisor.simulator.zfs.datasets import Zfs

GPU_VENDOR, GPU_CLASS = "0x10de", "0x030000"
GPU_SLOTS = range(1, 32)
SECTOR = 512


def _check(problem: str | None, what: str) -> None:
    if problem:
        raise ValueError(f"{what}: {problem}")


class Fittings(ABC):
    """The part of a node that is put together with a screwdriver, or by its administrator beforehand."""

    files: Filesystem
    zfs: Zfs
    storages: Storages

    @abstractmethod
    def entropy(self) -> str:
        """Digits that nobody foresees: 64 hexadecimal ones."""

    def add_disk(self, by_id: str, size: int) -> str:
        """Put in a disk of so many bytes; the path under /dev/disk/by-id."""
        if not by_id or "/" in by_id or by_id.startswith("."):
            raise ValueError(f"disk {by_id!r}: not a name under /dev/disk/by-id")
        if size < 64 << 20:
            raise ValueError(f"disk {by_id!r}: {size} bytes are too few for a disk")
        path = f"/dev/disk/by-id/{by_id}"
        if self.files.exists(path):
            raise ValueError(f"disk {by_id!r}: it is in the node already")
        count = len([name for name in self.files.list("/dev") if name.startswith("sd")])
        letters = chr(97 + count) if count < 26 else chr(96 + count // 26) + chr(97 + count % 26)
        self.files.device(f"b 8 {16 * count}", f"/dev/sd{letters}")
        self.files.link(f"../../sd{letters}", path)
        self._write(f"/sys/block/sd{letters}/size", f"{size // SECTOR}\n")
        self._write(f"/sys/block/sd{letters}/device/model", f"{by_id}\n")
        return path

    def add_gpu(self, slot: int | None = None, *, driver: bool = False) -> str:
        """Put in an NVIDIA card; its PCI address. With ``driver`` the host's driver has made its device nodes."""
        taken = self.files.glob("/sys/bus/pci/devices/*")
        used = {int(path.rpartition("/")[2][5:7], 16) for path in taken}
        number = next(free for free in GPU_SLOTS if free not in used) if slot is None else slot
        if number not in GPU_SLOTS:
            raise ValueError(f"GPU slot {number}: there are slots {GPU_SLOTS.start} to {GPU_SLOTS.stop - 1}")
        if number in used:
            raise ValueError(f"GPU slot {number}: there is a card in it already")
        address = f"0000:{number:02x}:00.0"
        facts = {"vendor": GPU_VENDOR, "class": GPU_CLASS, "device": "0x2b85"}
        for name, text in facts.items():
            self._write(f"/sys/bus/pci/devices/{address}/{name}", f"{text}\n")
        if driver:
            index = sum(
                self.files.read(f"{path}/vendor").strip() == GPU_VENDOR
                for path in self.files.glob("/sys/bus/pci/devices/*")
            )
            self._nvidia_nodes(index - 1)
        return address

    def _nvidia_nodes(self, index: int) -> None:
        nodes = {f"nvidia{index}": f"c 195 {index}", "nvidiactl": "c 195 255", "nvidia-modeset": "c 195 254"}
        nodes |= {"nvidia-uvm": "c 511 0", "nvidia-uvm-tools": "c 511 1"}
        for name, numbers in nodes.items():
            if not self.files.exists(f"/dev/{name}"):
                self.files.device(numbers, f"/dev/{name}", 0o666)

    def add_bridge(self, name: str, address: str = "", gateway: str = "") -> None:
        """Set up a Linux bridge, with an address when one is given."""
        _check(names.check_interface(name), f"bridge {name!r}")
        path = f"/sys/class/net/{name}"
        if self.files.exists(path):
            raise ValueError(f"bridge {name!r}: there is an interface of that name already")
        digits = self.entropy()
        mac = "bc:24:11:" + ":".join(digits[at : at + 2] for at in (0, 2, 4))
        for file, text in {"bridge/bridge_id": "8000.000000000000", "address": mac, "operstate": "up"}.items():
            self._write(f"{path}/{file}", f"{text}\n")
        lines = [f"\taddress {address}\n" if address else "", f"\tgateway {gateway}\n" if gateway else ""]
        kind = "static" if address else "manual"
        stanza = f"auto {name}\niface {name} inet {kind}\n{''.join(lines)}\tbridge-ports none\n\tbridge-stp off\n\n"
        self.files.write("/etc/network/interfaces", stanza, append=True)

    def add_pool(self, name: str, size: int, *, disks: Sequence[str] = (), layout: str = "") -> None:
        """Make a ZFS pool of so many usable bytes, mounted at /NAME."""
        _check(names.check_pool(name), f"pool {name!r}")
        if name in self.zfs.pools:
            raise ValueError(f"pool {name!r}: it is there already")
        if size < 64 << 20:
            raise ValueError(f"pool {name!r}: {size} bytes are too few for a pool")
        paths = [disk if disk.startswith("/") else f"/dev/disk/by-id/{disk}" for disk in disks]
        for path in paths:
            if not self.files.exists(path):
                raise ValueError(f"pool {name!r}: there is no disk {path}")
            owner = next((pool.name for pool in self.zfs.pools.values() if path in pool.disks), None)
            if owner:
                raise ValueError(f"pool {name!r}: {path} belongs to pool {owner!r}")
        guid = int(self.entropy()[:16], 16) >> 1
        self.zfs.add_pool(Pool(name, size, guid, layout, paths), {})

    def add_dataset(self, name: str, **properties: str) -> None:
        """Make a ZFS dataset."""
        try:
            self.zfs.create(name, properties)
        except ZfsError as refused:
            raise ValueError(f"dataset {name!r}: {refused.text}") from refused

    def add_storage(
        self, name: str, kind: str, content: Iterable[str] | str, *, pool: str = "", path: str = "", **options: str
    ) -> None:
        """Declare a storage of type ``zfspool`` (over ``pool``) or ``dir`` (over ``path``), ``nfs`` and the like."""
        _check(names.check_storage_id(name), f"storage {name!r}")
        storages = dict(self.storages.all())
        words = content.split(",") if isinstance(content, str) else list(content)
        if name in storages and name != "local":
            raise ValueError(f"storage {name!r}: it is declared already")
        if kind not in ALLOWED_CONTENT:
            raise ValueError(f"storage {name!r}: {kind!r} is no type of storage")
        if unfit := [word for word in words if word not in ALLOWED_CONTENT[kind]]:
            raise ValueError(f"storage {name!r}: a {kind} storage cannot have content {', '.join(unfit)}")
        where = self._place_of(name, kind, pool, path)
        storages[name] = Storage(name, kind, {**where, "content": ",".join(words), **options})
        self.storages.write(storages)

    def _place_of(self, name: str, kind: str, pool: str, path: str) -> dict[str, str]:
        if kind == "zfspool":
            if pool not in self.zfs.datasets:
                raise ValueError(f"storage {name!r}: there is no dataset {pool!r}")
            return {"pool": pool, "mountpoint": self.zfs.mountpoint(pool) or f"/{pool}", "sparse": "1"}
        if not path.startswith("/"):
            raise ValueError(f"storage {name!r}: a {kind} storage needs an absolute path")
        for folder in ("", "/template/cache", "/images", "/dump"):
            self.files.mkdir(path + folder, parents=True)
        return {"path": path}

    def add_tarball(self, place: str, size: int | None = None) -> str:
        """Put an OS tarball at a volume id or an absolute path; ``size`` is that of the packed file in bytes."""
        path = place
        if not place.startswith("/"):
            storage = self.storages.all().get(place.partition(":")[0])
            if storage is None:
                raise ValueError(f"tarball {place!r}: there is no storage {place.partition(':')[0]!r}")
            if "vztmpl" not in storage.content:
                raise ValueError(f"tarball {place!r}: storage {storage.id!r} has no content vztmpl")
            path = self.storages.path(place)
        if not tarballs.is_name(path):
            raise ValueError(f"tarball {place!r}: a tarball ends with .tar.gz, .tar.xz, .tar.zst or .tar.bz2")
        self._write(path, tarballs.text(path.rpartition("/")[2], size))
        return path

    def _write(self, path: str, text: str) -> None:
        self.files.mkdir(path.rpartition("/")[0], parents=True)
        self.files.write(path, text)
