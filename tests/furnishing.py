"""Furnishes a node as if its host part had been applied, for tests of containers: pools, datasets, storages."""

from __future__ import annotations

from collections.abc import Iterable

from phoenix_hypervisor.config.site import Site
from phoenix_hypervisor.proxmox.storage import split_volume
from phoenix_hypervisor.simulator.node import Node

_DISK = 2 << 40
_CACHE = "/template/cache/"


def furnish(site: Site, node: Node) -> tuple[str, ...]:
    """Everything that the containers of the site stand on."""
    return tuple(
        line
        for part in (_bridges, _cards, _pools, _datasets, _storages, _lxc_storages, _tarballs)
        for line in part(site, node)
    )


def _bridges(site: Site, node: Node) -> Iterable[str]:
    wanted = {container.network.bridge for container in site.containers.values() if container.network}
    for bridge in sorted(wanted):
        if not node.files.exists(f"/sys/class/net/{bridge}"):
            node.add_bridge(bridge)
            yield f"bridge {bridge}"


def _cards(site: Site, node: Node) -> Iterable[str]:
    count = max((gpu + 1 for container in site.containers.values() for gpu in container.gpus), default=0)
    for _ in range(count):
        node.add_gpu()
    if count:
        yield f"{count} NVIDIA card{'s' if count > 1 else ''}"


def _pools(site: Site, node: Node) -> Iterable[str]:
    for pool in site.host.zfs.pools if site.host.zfs else ():
        disks = [node.add_disk(disk.rpartition("/")[2], _DISK) for disk in pool.disks]
        node.add_pool(pool.name, _DISK, disks=disks)
        yield f"pool {pool.name}" + (f" on {len(disks)} disk{'s' if len(disks) > 1 else ''}" if disks else "")


def _ensure_dataset(node: Node, name: str) -> Iterable[str]:
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


def _datasets(site: Site, node: Node) -> Iterable[str]:
    for dataset in site.host.zfs.datasets if site.host.zfs else ():
        parent = dataset.full_name.rpartition("/")[0]
        yield from _ensure_dataset(node, parent)
        if dataset.full_name not in node.zfs.datasets:
            node.add_dataset(dataset.full_name, **dataset.properties)
            yield f"dataset {dataset.full_name}"


def _storages(site: Site, node: Node) -> Iterable[str]:
    for storage in site.storages.values():
        if storage.id not in node.storages.all() and storage.type in ("zfspool", "dir"):
            yield from _ensure_dataset(node, storage.dataset)
            place = {"pool": storage.dataset} if storage.type == "zfspool" else {"path": f"/{storage.dataset}"}
            node.add_storage(storage.id, storage.type, sorted(storage.content), **place)
            yield f"storage {storage.id} ({storage.type}: {', '.join(sorted(storage.content))})"


def _lxc_storages(site: Site, node: Node) -> Iterable[str]:
    """Storages that containers name and no document declares: zfspools over the default dataset, or their own."""
    for name in sorted({container.storage for container in site.containers.values() if container.storage}):
        if name not in node.storages.all():
            dataset = site.host.proxmox_defaults.zfs_lxc_pool or f"tank/{name}"
            yield from _ensure_dataset(node, dataset)
            node.add_storage(name, "zfspool", "images,rootdir", pool=dataset)
            yield f"storage {name} (zfspool: images, rootdir)"


def _tarballs(site: Site, node: Node) -> Iterable[str]:
    wanted = {container.tarball for container in site.containers.values() if container.tarball}
    for tarball in sorted(wanted):
        split = split_volume(tarball)
        if split is not None and split[0] not in node.storages.all():
            node.add_storage(split[0], "dir", "vztmpl", path=f"/srv/{split[0]}")
            yield f"storage {split[0]} (dir: vztmpl)"
        node.add_tarball(tarball)
        yield f"tarball {tarball.rpartition('/')[2]}"
