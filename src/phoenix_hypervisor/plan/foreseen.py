"""What containers need of the node, and the node as its own part of a plan leaves it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from phoenix_hypervisor.config.site import Site
from phoenix_hypervisor.features.lifecycle.node import Dataset, Node
from phoenix_hypervisor.proxmox.storage import Storage


def needed_by(site: Site, ctids: Iterable[int]) -> Mapping[int, frozenset[str]]:
    """CTID to the ids of the resources of the node that the container cannot do without."""
    return {ctid: frozenset(_needed_by(site, ctid)) for ctid in ctids}


def _needed_by(site: Site, ctid: int) -> Iterator[str]:
    container = site.containers[ctid]
    tarball = (container.tarball or "").partition(":")[0] if container.source is None else ""
    for name in (container.storage, tarball, *(volume.storage for volume in container.volumes)):
        if name in site.storages:
            yield f"pve.storage:{name}"
    for dataset, place in site.mountpoints.items():
        if any(f"{mount.host_path}/".startswith(f"{place}/") for mount in container.mounts):
            yield f"zfs.dataset:{dataset}"
    driver = site.host.nvidia_driver
    if container.gpus and driver is not None and driver.version:
        yield f"nvidia.driver:{driver.version}"
        yield "nvidia.nodes:all"


def foreseen(site: Site, node: Node, chosen: frozenset[str]) -> Node:
    """The node with the datasets and storages that its own part of the plan is to make."""
    names = {name: place for name, place in site.mountpoints.items() if f"zfs.dataset:{name}" in chosen}
    datasets = {name: Dataset(name, None, place) for name, place in names.items() if name not in node.datasets}
    storages = {
        each.id: Storage(each.id, each.type, _options(site, each.type, each.dataset, each.content))
        for each in site.storages.values()
        if f"pve.storage:{each.id}" in chosen and each.id not in node.storages
    }
    return replace(
        node,
        datasets={**node.datasets, **datasets},
        storages={**node.storages, **storages},
        folders={**{each.mountpoint: (0, 0) for each in datasets.values() if each.mountpoint}, **node.folders},
    )


def _options(site: Site, kind: str, dataset: str, content: frozenset[str]) -> Mapping[str, str]:
    """A storage's options as far as they matter for what is planned on it."""
    place = {"pool": dataset} if kind == "zfspool" else {"path": site.mountpoints.get(dataset, "")}
    return {**place, "content": ",".join(sorted(content))}
