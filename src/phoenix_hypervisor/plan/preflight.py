"""What is wrong with a configuration on this very node: said before anything is touched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from phoenix_hypervisor.config.checks.view import Question
from phoenix_hypervisor.config.site import Container, Site
from phoenix_hypervisor.errors import Problem
from phoenix_hypervisor.features.lifecycle.node import Node
from phoenix_hypervisor.plan.survey import Survey, Way


def answer(questions: Iterable[Question], node: Node) -> Iterator[Problem]:
    """What the node's answers leave of the questions."""
    for question in questions:
        problem = question.yes if _holds(question, node) else question.no
        if problem is not None:
            yield problem


def _holds(question: Question, node: Node) -> bool:
    match question.kind:
        case "storage":
            return question.name in node.storages
        case "guest":
            return int(question.name) in node.guests or int(question.name) in node.elsewhere
        case "script":
            return question.name in node.scripts
        case "gpu":
            return int(question.name) < node.gpus


def preflight(site: Site, ctids: Iterable[int], node: Node) -> Iterator[Problem]:
    """Problems of containers that are yet to be made: the node lacks what they are made of."""
    survey = Survey(site, node)
    for ctid in sorted(ctids):
        container = site.containers[ctid]
        guest = node.guests.get(ctid)
        source, _ = survey.sources[ctid]
        yield from _ways(container, survey)
        yield from _folders(container, node, site)
        yield from _network(container, node)
        if guest is not None and guest.rootfs:
            continue
        yield from _storage(container, node)
        if source is None:
            yield from _tarball(container, node)
        else:
            yield from _cloning(container, site.containers[source], survey)


def _problem(container: Container, field: str, code: str, message: str, hint: str) -> Problem:
    path = f"lxc_configs.{container.ctid}.{field}"
    return Problem(code, f"container {container.ctid}: {message}", hint, "error", container.place(field), path)


def _storage(container: Container, node: Node) -> Iterator[Problem]:
    name = container.storage
    if name is None:
        hint = 'Give it a "storage_pool", or "proxmox_defaults.zfs_lxc_pool" in the host file.'
        yield _problem(container, "storage_pool", "missing-field", "it names no storage", hint)
    elif name not in node.storages:
        known = ", ".join(sorted(node.storages))
        message = f'storage "{name}" is not on the node'
        yield _problem(container, "storage_pool", "storage-not-declared", message, f"The node has: {known}.")
    elif "rootdir" not in node.storages[name].content:
        message = f'storage "{name}" on the node does not take container volumes'
        hint = f"pvesm set {name} --content rootdir,images"
        yield _problem(container, "storage_pool", "storage-without-rootdir", message, hint)
    if container.size_gb is None:
        message, hint = "it says no size for its root file system", 'Give it a "storage_size_gb".'
        yield _problem(container, "storage_size_gb", "missing-field", message, hint)


def _tarball(container: Container, node: Node) -> Iterator[Problem]:
    tarball = container.tarball
    if tarball is None:
        message = "it has no source to clone, and no tarball to be made from"
        hint = 'Give it a "clone_from_ctid" or a "template".'
        yield _problem(container, "template", "missing-field", message, hint)
    elif not node.has_tarball(tarball) and node.tarball_volume(tarball) is None:
        message = f'the tarball "{tarball}" is not on the node, and no storage of the node could fetch it'
        hint = "Copy it there, or name it as STORAGE:vztmpl/NAME with a storage that takes vztmpl."
        yield _problem(container, "template", "tarball-missing", message, hint)


def _network(container: Container, node: Node) -> Iterator[Problem]:
    network = container.network
    if network is not None and network.bridge not in node.interfaces:
        message = f'bridge "{network.bridge}" is not on the node'
        hint = "Create it under Network on the node, or name one that is there."
        yield _problem(container, "network_config", "bridge-missing", message, hint)


def _ways(container: Container, survey: Survey) -> Iterator[Problem]:
    """A template of Proxmox's takes no snapshots, so its clones cannot be made in both of these ways."""
    ways = survey.ways_of_clones(container.ctid)
    if Way.NATIVE in ways and Way.SNAPSHOT in ways:
        native, snapshot = (", ".join(map(str, ways[way])) for way in (Way.NATIVE, Way.SNAPSHOT))
        message = f"it is to be cloned natively by {native} and by snapshot by {snapshot}; it can only be one of them"
        hint = 'Give all its clones the same "cloning"; "full" goes with both.'
        yield _problem(container, "is_template", "cloning-conflict", message, hint)


def _cloning(container: Container, source: Container, survey: Survey) -> Iterator[Problem]:
    """The storages on the node must be able to do it in the way that is asked for."""
    way, _ = survey.way(container)
    storage = survey.node.storages.get(container.storage or "")
    other = survey.node.storages.get(source.storage or "")
    if storage is None:
        return
    if way is Way.SNAPSHOT and storage.type != "zfspool":
        message = f'storage "{storage.id}" is of type {storage.type}; cloning by snapshot needs a zfspool'
        yield _problem(container, "storage_pool", "cloning-not-available", message, 'Use a zfspool storage, or "full".')
    elif way is Way.NATIVE and not storage.links_clones:
        message = f'storage "{storage.id}" is of type {storage.type}, which makes no linked clones of containers'
        yield _problem(container, "storage_pool", "cloning-not-available", message, 'Use "full".')
    elif way is Way.NATIVE and container.storage != source.storage:
        message = f'a linked clone stays on the storage of its source {source.ctid}, "{source.storage}"'
        yield _problem(container, "storage_pool", "cloning-not-available", message, 'Use that storage, or "full".')
    elif way is Way.SNAPSHOT and container.storage != source.storage and (other is None or other.pool != storage.pool):
        message = f'a ZFS clone stays on the dataset of its source {source.ctid}, which is on "{source.storage}"'
        hint = f'Use "{source.storage}" for both, or "full".'
        yield _problem(container, "storage_pool", "cloning-not-available", message, hint)


def _folders(container: Container, node: Node, site: Site) -> Iterator[Problem]:
    """A folder below a declared dataset is never made while the dataset is not there: it would be in its way."""
    declared = {dataset.full_name for dataset in site.host.zfs.datasets} if site.host.zfs else set()
    for mount in container.mounts:
        for name in sorted(declared - set(node.datasets)):
            if mount.host_path == f"/{name}" or mount.host_path.startswith(f"/{name}/"):
                message = f'it mounts "{mount.host_path}", and the dataset {name} is not on the node'
                hint = f"Create it first: zfs create -p {name}."
                yield _problem(container, "mount_points", "dataset-missing", message, hint)
