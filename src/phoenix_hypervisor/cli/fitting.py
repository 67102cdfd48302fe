"""Furnishes a fresh simulated node with what a configuration takes for granted, once, and says what it was given."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from phoenix_hypervisor.config.site import Site
from phoenix_hypervisor.documents.host import HostInterface
from phoenix_hypervisor.documents.zfs import own_mountpoint
from phoenix_hypervisor.proxmox.storage import split_volume
from phoenix_hypervisor.resource import Feature

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

_DISK = 2 << 40
_BY_ID = "/dev/disk/by-id/"


def fit(site: Site, node: Node) -> tuple[str, ...]:
    """Everything that a node of this site has before Phoenix comes: its disks, cards and bridges, and what containers
    take for granted and no document declares."""
    return tuple(
        line
        for part in (_address, bridges, _cards, _disks, _downloads, undeclared_storages, _tarballs)
        for line in part(site, node)
    )


def furnish(site: Site, feature: Feature, node: Node) -> tuple[str, ...]:
    """The same for a feature that is run alone, and what others would have left: those that it needs, and those whose
    sections it reads."""
    read = {feature.sources[name] for name in feature.siblings if name in feature.sources}
    return (
        *(_admin(site, node) if "host.users.username" in read else ()),
        *(_datasets(site, node) if "host.zfs" in read else ()),
        *fit(site, node),
        *(_archives(node) if "initial_setup" in feature.needs else ()),
    )


def _admin(site: Site, node: Node) -> Iterable[str]:
    if site.host.users is not None:
        node.run(["useradd", "--create-home", site.host.users.username])
        yield f"user {site.host.users.username}"


def _datasets(site: Site, node: Node) -> Iterable[str]:
    """The declared pools and datasets, mounted where they are declared to be."""
    zfs = site.host.zfs
    for pool in zfs.pools if zfs else ():
        node.add_pool(pool.name, _DISK, disks=[node.add_disk(disk.removeprefix(_BY_ID), _DISK) for disk in pool.disks])
        yield f"pool {pool.name}"
    for dataset in zfs.datasets if zfs else ():
        yield from ensure_dataset(node, dataset.full_name)
        if (place := own_mountpoint(dataset, site.host.mount_point_base)) is not None:
            node.run(["zfs", "set", f"mountpoint={place}", dataset.full_name])


def _archives(node: Node) -> Iterable[str]:
    """Package sources that answer a node without a subscription."""
    folder = "/etc/apt/sources.list.d"
    for name in node.files.list(folder):
        if "enterprise.proxmox.com" in node.files.read(f"{folder}/{name}"):
            node.files.remove(f"{folder}/{name}")
    release = re.search(r"^VERSION_CODENAME=(\w+)$", node.files.read("/etc/os-release"), re.MULTILINE)
    keyring = "/usr/share/keyrings/proxmox-archive-keyring.gpg"
    signed = f"[signed-by={keyring}] " if node.files.exists(keyring) else ""
    archive = f"http://download.proxmox.com/debian/pve {release[1] if release else ''} pve-no-subscription"
    node.files.write(f"{folder}/pve-no-subscription.list", f"deb {signed}{archive}\n")
    yield "the repository no-subscription"


def _address(site: Site, node: Node) -> Iterable[str]:
    declared = site.host.network.interfaces
    return _given_address(node, declared) if declared is not None else ()


def _given_address(node: Node, declared: HostInterface) -> Iterable[str]:
    """The address with which it was installed, where its bridge is declared; and a gateway that answers."""
    if not node.files.exists(f"/sys/class/net/{declared.name}"):
        return
    lines = [f"\taddress {declared.address}\n", f"\tgateway {declared.gateway}\n" if declared.gateway else ""]
    path, stanza = (
        "/etc/network/interfaces",
        re.compile(rf"(iface {re.escape(declared.name)} inet static\n)(?:\s+(?:address|gateway)\s.*\n)*"),
    )
    node.files.write(path, stanza.sub(lambda found: found[1] + "".join(lines), node.files.read(path)))
    if declared.gateway:
        node.network.neighbours.add(declared.gateway)
    node.run(["ifreload", "-a"])
    yield f"the address {declared.address}"


def bridges(site: Site, node: Node) -> Iterable[str]:
    """The bridges on which containers are to hang."""
    wanted = {container.network.bridge for container in site.containers.values() if container.network}
    for bridge in sorted(wanted):
        if not node.files.exists(f"/sys/class/net/{bridge}"):
            node.add_bridge(bridge)
            yield f"bridge {bridge}"


def _cards(site: Site, node: Node) -> Iterable[str]:
    """With their driver, where the host document does not say that it is to be installed."""
    driver = site.host.nvidia_driver
    installs = driver is not None and driver.install is not False and driver.version is not None
    count = max(int(installs), cards_of(site))
    version = site.nvidia.version
    for _ in range(count):
        if installs or version is None:
            node.add_gpu(driver=not installs)
        else:
            node.add_gpu(driver=True, version=version)
    if count:
        yield f"{count} NVIDIA card{'s' if count > 1 else ''}{'' if installs else ' with the driver'}"


def cards_of(site: Site) -> int:
    """How many cards containers are to use."""
    return max((gpu + 1 for container in site.containers.values() for gpu in container.gpus), default=0)


def _disks(site: Site, node: Node) -> Iterable[str]:
    pools = site.host.zfs.pools if site.host.zfs else ()
    return _given_disks(node, [disk for pool in pools for disk in pool.disks])


def _given_disks(node: Node, disks: Iterable[str]) -> Iterable[str]:
    """Empty disks, for the names under /dev/disk/by-id that nothing has yet."""
    names = [disk.removeprefix(_BY_ID) for disk in disks if disk.startswith(_BY_ID) and not node.files.exists(disk)]
    for name in dict.fromkeys(names):
        node.add_disk(name, _DISK)
    if names:
        yield f"{len(names)} empty disk{'s' if len(names) > 1 else ''}"


def _downloads(site: Site, node: Node) -> Iterable[str]:
    """The installer of the driver, where the site says that it is to be had."""
    driver = site.nvidia
    if driver.version:
        node.add_runfile(driver.version, driver.runfile_url or "")
        yield f"a download of the NVIDIA driver {driver.version}"


def ensure_dataset(node: Node, name: str) -> Iterable[str]:
    """The dataset, its pool and what is between."""
    pool, *parts = name.split("/")
    if pool not in node.zfs.pools:
        node.add_pool(pool, _DISK)
        yield f"pool {pool}"
    for depth in range(1, len(parts) + 1):
        dataset = "/".join((pool, *parts[:depth]))
        if dataset not in node.zfs.datasets:
            node.add_dataset(dataset)
            yield f"dataset {dataset}"


def undeclared_storages(site: Site, node: Node) -> Iterable[str]:
    """Storages that containers name and no document declares: zfspools over the default dataset, or their own."""
    for name in sorted({container.storage for container in site.containers.values() if container.storage}):
        if name not in node.storages.all() and name not in site.storages:
            dataset = site.host.proxmox_defaults.zfs_lxc_pool or f"tank/{name}"
            yield from ensure_dataset(node, dataset)
            node.add_storage(name, "zfspool", "images,rootdir", pool=dataset)
            yield f"storage {name} (zfspool: images, rootdir)"


def tarballs(site: Site) -> list[str]:
    """What containers are made of, by name."""
    return sorted({container.tarball for container in site.containers.values() if container.tarball})


def _tarballs(site: Site, node: Node) -> Iterable[str]:
    for tarball in tarballs(site):
        split = split_volume(tarball)
        if split is not None and split[0] in site.storages:
            continue  # its storage is yet to be made, and can fetch it
        if any(tarball.startswith(f"{place}/") for place in site.mountpoints.values()):
            continue  # it would lie where a dataset is to be mounted
        yield from ensure_tarball(node, tarball)


def ensure_tarball(node: Node, tarball: str) -> Iterable[str]:
    """The tarball, and the storage that it names."""
    split = split_volume(tarball)
    if split is not None and split[0] not in node.storages.all():
        node.add_storage(split[0], "dir", "vztmpl", path=f"/srv/{split[0]}")
        yield f"storage {split[0]} (dir: vztmpl)"
    node.add_tarball(tarball)
    yield f"tarball {tarball.rpartition('/')[2]}"
