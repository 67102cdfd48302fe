"""Furnishes a node as if its host part had been applied, for tests of containers: pools, datasets, storages."""

from __future__ import annotations

from collections.abc import Iterable

from phoenix_hypervisor.cli.fitting import (
    bridges,
    cards_of,
    ensure_dataset,
    ensure_tarball,
    tarballs,
    undeclared_storages,
)
from phoenix_hypervisor.config.site import Site
from phoenix_hypervisor.simulator.node import Node

_DISK = 2 << 40


def furnish(site: Site, node: Node) -> tuple[str, ...]:
    """Everything that the containers of the site stand on."""
    return tuple(
        line
        for part in (bridges, _cards, _pools, _datasets, _storages, undeclared_storages, _tarballs)
        for line in part(site, node)
    )


def _cards(site: Site, node: Node) -> Iterable[str]:
    """With the driver of the host, which makes their device nodes."""
    declared = site.nvidia
    for _ in range(cards_of(site)):
        named = declared.version
        yield f"NVIDIA card {node.add_gpu(driver=True, version=named) if named else node.add_gpu(driver=True)}"
    if declared.version:
        yield f"a download: {node.add_runfile(declared.version, declared.runfile_url or '')}"


def _pools(site: Site, node: Node) -> Iterable[str]:
    for pool in site.host.zfs.pools if site.host.zfs else ():
        disks = [node.add_disk(disk.rpartition("/")[2], _DISK) for disk in pool.disks]
        node.add_pool(pool.name, _DISK, disks=disks)
        yield f"pool {pool.name}" + (f" on {len(disks)} disk{'s' if len(disks) > 1 else ''}" if disks else "")


def _datasets(site: Site, node: Node) -> Iterable[str]:
    for dataset in site.host.zfs.datasets if site.host.zfs else ():
        parent = dataset.full_name.rpartition("/")[0]
        yield from ensure_dataset(node, parent)
        if dataset.full_name not in node.zfs.datasets:
            node.add_dataset(dataset.full_name, **dataset.properties)
            yield f"dataset {dataset.full_name}"


def _storages(site: Site, node: Node) -> Iterable[str]:
    for storage in site.storages.values():
        if storage.id not in node.storages.all() and storage.type in ("zfspool", "dir"):
            yield from ensure_dataset(node, storage.dataset)
            place = {"pool": storage.dataset} if storage.type == "zfspool" else {"path": f"/{storage.dataset}"}
            node.add_storage(storage.id, storage.type, sorted(storage.content), **place)
            yield f"storage {storage.id} ({storage.type}: {', '.join(sorted(storage.content))})"


def _tarballs(site: Site, node: Node) -> Iterable[str]:
    for tarball in tarballs(site):
        yield from ensure_tarball(node, tarball)
