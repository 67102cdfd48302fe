"""What can be built into a node: disks, graphics cards, bridges, pools, datasets, storages, tarballs.

Each refuses what no real node could have, with ValueError.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from phoenix_hypervisor.proxmox import names
from phoenix_hypervisor.proxmox.storage import ALLOWED_CONTENT, Storage
from phoenix_hypervisor.simulator import tarballs
from phoenix_hypervisor.simulator.debian.packages import ARCHIVE
from phoenix_hypervisor.simulator.disks import contents
from phoenix_hypervisor.simulator.disks.devices import BY_ID, identity
from phoenix_hypervisor.simulator.disks.model import SECTOR
from phoenix_hypervisor.simulator.hardware import boottools, cards, keys
from phoenix_hypervisor.simulator.hardware.ifupdown import bring_up
from phoenix_hypervisor.simulator.hardware.interfaces import FILE, Interfaces
from phoenix_hypervisor.simulator.hardware.nvidia import runfile
from phoenix_hypervisor.simulator.zfs import lifecycle
from phoenix_hypervisor.simulator.zfs.model import Pool, ZfsError
from phoenix_hypervisor.simulator.zfs.vdevs import Wanted

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.disks.devices import Disks
    from phoenix_hypervisor.simulator.disks.model import Device
    from phoenix_hypervisor.simulator.filesystem import Filesystem
    from phoenix_hypervisor.simulator.node import Node
    from phoenix_hypervisor.simulator.sharing.netmounts import NfsServer
    from phoenix_hypervisor.simulator.storage import Storages
    from phoenix_hypervisor.simulator.zfs.arc import Arc
    from phoenix_hypervisor.simulator.zfs.datasets import Zfs


def _check(problem: str | None, what: str) -> None:
    if problem:
        raise ValueError(f"{what}: {problem}")


class Fittings(ABC):
    """The part of a node that is put together with a screwdriver, or by its administrator beforehand."""

    files: Filesystem
    disks: Disks
    zfs: Zfs
    arc: Arc
    storages: Storages
    archive: dict[str, str]
    """The versions that archives have beside those of the installation's time, by package."""

    @abstractmethod
    def _node(self) -> Node:
        """The node itself."""

    @abstractmethod
    def entropy(self) -> str:
        """Digits that nobody foresees: 64 hexadecimal ones."""

    def add_disk(self, by_id: str, size: int, *, serial: str = "", model: str = "") -> str:
        """Put in an empty disk of so many bytes; the path under /dev/disk/by-id.

        Its kernel name follows from the name by id (``nvme-``, ``virtio-``, others ``sd``), as do, where they are not
        given, serial number and model.
        """
        if not by_id or "/" in by_id or by_id.startswith("."):
            raise ValueError(f"disk {by_id!r}: not a name under /dev/disk/by-id")
        if size < 64 << 20:
            raise ValueError(f"disk {by_id!r}: {size} bytes are too few for a disk")
        path = f"{BY_ID}/{by_id}"
        if self.files.exists(path):
            raise ValueError(f"disk {by_id!r}: it is in the node already")
        known = identity(by_id)
        self.disks.add(by_id, size - size % SECTOR, serial or known[0], model or known[1])
        return path

    def remove_disk(self, by_id: str) -> None:
        """Pull a disk out."""
        self.disks.remove(self._disk(by_id))

    def put_on_disk(self, by_id: str, kind: str) -> None:
        """Let an empty disk carry something; ``disks.contents.KINDS`` has the words for it."""
        device = self._disk(by_id)
        if kind not in contents.KINDS:
            raise ValueError(f"disk {by_id!r}: {kind!r} is nothing that a disk can carry")
        if device.table or device.signatures:
            raise ValueError(f"disk {by_id!r}: it is not empty")
        contents.KINDS[kind](self._node(), device)

    def disk_content(self, by_id: str) -> dict[str, Any]:
        """All that is on a disk and what uses it, to be compared with what was there before."""
        return contents.readable(self._node(), self._disk(by_id))

    def _disk(self, by_id: str) -> Device:
        device = self.disks.at(f"{BY_ID}/{by_id}")
        if device is None:
            raise ValueError(f"disk {by_id!r}: it is not in the node")
        return device

    def set_memory(self, size: int) -> None:
        """Give the node so many bytes of memory."""
        if size < 1 << 30:
            raise ValueError(f"memory: {size} bytes are too few")
        self.arc.memory = size

    def add_gpu(
        self,
        slot: int | None = None,
        *,
        device: str = "2b85",
        nouveau: Literal["idle", "in use"] | None = "idle",
        driver: bool = False,
        version: str = "580.105.08",
    ) -> str:
        """Put in an NVIDIA card; its PCI address.

        ``nouveau``: whether the kernel's own driver takes it, and has the console on it; None where it does not know
        the card. With ``driver`` the host's driver of that version is installed, has the card and made its nodes.
        """
        return cards.add(self._node(), slot, device, nouveau, version if driver else "")

    def set_secure_boot(self, on: bool) -> None:
        """Turn secure boot on or off in the firmware; it counts at once."""
        self._write(boottools.SECURE_BOOT, f"\x06\x00\x00\x00{chr(on)}")

    def enroll_key(self) -> None:
        """Enroll the key that DKMS signs modules with, as somebody at the console does."""
        keys.enroll(self._node())

    def add_runfile(self, version: str, url: str = "") -> str:
        """Put the runfile of an NVIDIA driver on the simulated internet; its address."""
        place = url or runfile.URL.format(version)
        self._node().internet[place] = runfile.content(version)
        return place

    def add_bridge(self, name: str, address: str = "", gateway: str = "", *, port: str = "") -> None:
        """Set up a Linux bridge, with an address when one is given, in the file and running."""
        _check(names.check_interface(name), f"bridge {name!r}")
        network = self._node().network
        if network.exists(name):
            raise ValueError(f"bridge {name!r}: there is an interface of that name already")
        digits = self.entropy()
        mac = "bc:24:11:" + ":".join(digits[at : at + 2] for at in (0, 2, 4))
        network.add(name, mac, bridge=True)
        lines = [f"\taddress {address}\n" if address else "", f"\tgateway {gateway}\n" if gateway else ""]
        lines.append(f"\tbridge-ports {port or 'none'}\n\tbridge-stp off\n\tbridge-fd 0\n")
        stanza = f"auto {name}\niface {name} inet {'static' if address else 'manual'}\n{''.join(lines)}"
        text, source, rest = self.files.read(FILE).partition("\nsource ")
        self.files.write(FILE, f"{text.rstrip()}\n\n{stanza}{source}{rest}")
        bring_up(self._node(), Interfaces(self.files).stanzas[name])

    def add_pool(self, name: str, size: int, *, disks: Sequence[str] = (), layout: str = "") -> None:
        """Make a ZFS pool of so many usable bytes, mounted at /NAME."""
        _check(names.check_pool(name), f"pool {name!r}")
        if name in self.zfs.pools:
            raise ValueError(f"pool {name!r}: it is there already")
        if size < 64 << 20:
            raise ValueError(f"pool {name!r}: {size} bytes are too few for a pool")
        paths = [disk if disk.startswith("/") else f"{BY_ID}/{disk}" for disk in disks]
        for path in paths:
            device = self.disks.at(path)
            if device is None:
                raise ValueError(f"pool {name!r}: there is no disk {path}")
            owner = lifecycle.active(self.zfs, device)
            if owner:
                raise ValueError(f"pool {name!r}: {path} belongs to pool {owner.name!r}")
        paths = paths or [self.add_disk(f"ata-DISK_OF_{name}", size + (1 << 30))]
        pool = Pool(name, 0, int(self.entropy()[:16], 16) >> 1)
        kind = "raidz1" if layout == "raidz" else layout
        groups = [Wanted(kind, tuple(paths))] if kind else [Wanted("", (path,)) for path in paths]
        lifecycle.add_groups(self.zfs, pool, groups)
        pool.size = pool.usable = size
        for group in pool.groups:
            group.size = size // len(pool.groups)
        for device in self.disks.every():
            self.disks.settle(device)
        self.zfs.add_pool(pool, {})

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

    def add_nfs_server(self, address: str, *exports: str) -> NfsServer:
        """Put a machine into the network that exports folders to everybody; it can be switched off."""
        return self._node().netmounts.add_server(address, *exports)

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

    def add_upgrade(self, package: str, version: str) -> None:
        """Let the archives have another version of a package, which the next ``apt-get update`` sees."""
        if package not in ARCHIVE:
            raise ValueError(f"package {package!r}: no archive has it")
        self.archive[package] = version

    def _write(self, path: str, text: str) -> None:
        self.files.mkdir(path.rpartition("/")[0], parents=True)
        self.files.write(path, text)
