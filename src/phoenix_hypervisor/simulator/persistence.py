"""The node as a file: JSON with a format version, written at once or not at all.

File trees share nearly all their entries with the tree they were copied from (a snapshot's with its dataset's, a
clone's with its origin's), so each is kept as its difference from that one.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.simulator.cluster import ClusterTree
from phoenix_hypervisor.simulator.disks.keeping import disks_from_json, disks_to_json, pool_from_json, pool_to_json
from phoenix_hypervisor.simulator.faults import Faults
from phoenix_hypervisor.simulator.guests import Running
from phoenix_hypervisor.simulator.hardware.timers import Timer
from phoenix_hypervisor.simulator.releases import RELEASES
from phoenix_hypervisor.simulator.storage import Image
from phoenix_hypervisor.simulator.tree import Tree
from phoenix_hypervisor.simulator.trees import TreeReader, TreeWriter
from phoenix_hypervisor.simulator.zfs.model import Away, Dataset, Snapshot

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

FORMAT, VERSION = "phoenix simulated node", 2


class NodeFileError(NodeError):
    """A file that should hold a simulated node holds something else, or cannot be read or written."""


def save(node: Node, path: Path) -> None:
    """Write the node to a file beside the target, force it to the disk, then put it in the target's place."""
    text = dumps(node)
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as wrong:
        raise NodeFileError(f"{path}: the simulated node cannot be written: {wrong.strerror}.") from wrong
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as wrong:
        raise NodeFileError(f"{path}: the simulated node cannot be written: {wrong.strerror}.") from wrong
    finally:
        temporary.unlink(missing_ok=True)


def dumps(node: Node) -> str:
    """The node as the text that ``save`` writes, in ASCII."""
    return json.dumps(to_json(node), ensure_ascii=True, separators=(",", ":"))


def loads(text: str, kind: type[Node]) -> Node:
    """The node that ``dumps`` wrote, of this version of the program."""
    return _node_from_json(json.loads(text), kind)


def load(path: Path, kind: type[Node]) -> Node:
    """The node that ``save`` wrote."""
    try:
        value = json.loads(path.read_text(encoding="ascii"))
    except OSError as wrong:
        raise NodeFileError(f"{path}: the simulated node cannot be read: {wrong.strerror}.") from wrong
    except (ValueError, RecursionError) as wrong:
        raise NodeFileError(f"{path}: this is no simulated node.", "Make one with: phoenix sim new FILE") from wrong
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise NodeFileError(f"{path}: this is no simulated node.", "Make one with: phoenix sim new FILE")
    if value.get("version") != VERSION:
        raise NodeFileError(
            f"{path}: a simulated node of format version {value.get('version')}; this program reads version {VERSION}."
        )
    try:
        return _node_from_json(value, kind)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OSError) as wrong:
        raise NodeFileError(f"{path}: the simulated node is damaged: {wrong!r}.") from wrong


def to_json(node: Node) -> dict[str, Any]:
    """The node as ``save`` writes it down; it shares what can change with the node."""
    trees = TreeWriter()
    datasets = _datasets_to_json(node.zfs.datasets, trees)
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": node.name,
        "pve": node.release.version,
        "seed": node.seed,
        "clock": node.clock,
        "started": node.started,
        "drawn": node.drawn,
        "txg": node.zfs.txg,
        "root": trees.add(node.root),
        "cluster": {
            "files": trees.add(node.cluster),
            "counts": node.cluster.counts,
            "guests": {str(ctid): list(known) for ctid, known in node.cluster.guests.items()},
        },
        "pools": [pool_to_json(pool) for pool in node.zfs.pools.values()],
        "away": [_away_to_json(one, trees) for one in node.zfs.away.values()],
        "disks": disks_to_json(node, trees),
        "datasets": datasets,
        "images": {
            path: {"size": image.size, "bulk": image.bulk, "system": image.system, "tree": trees.add(image.tree)}
            for path, image in node.storages.images.items()
        },
        "running": {str(ctid): _running_to_json(one, trees) for ctid, one in node.guests.running.items()},
        "netmounts": node.netmounts.to_json(trees),
        "faults": node.faults.to_json(),
        "archive": node.archive,
        "network": node.network.to_json(),
        "timers": [timer.to_json() for timer in node.timers],
        "internet": node.internet,
        "trees": trees.trees,
        "texts": trees.texts,
    }


def _datasets_to_json(datasets: Mapping[str, Dataset], trees: TreeWriter) -> dict[str, Any]:
    """The datasets in an order in which each origin comes before its clones."""
    names = sorted(datasets, key=lambda name: datasets[name].txg)
    return {name: _dataset_to_json(datasets, datasets[name], trees) for name in names}


def _away_to_json(away: Away, trees: TreeWriter) -> dict[str, Any]:
    datasets = _datasets_to_json(away.datasets, trees)
    return {"pool": pool_to_json(away.pool), "state": away.state, "datasets": datasets}


def _dataset_to_json(datasets: Mapping[str, Dataset], dataset: Dataset, trees: TreeWriter) -> dict[str, Any]:
    origin, _, short = dataset.origin.partition("@")
    base = datasets[origin].snapshots[short].tree if origin else None
    snapshots = []
    for one in dataset.snapshots.values():
        snapshots.append({**_fields(one), "name": one.name, "tree": trees.add(one.tree, base, dataset.system)})
        base = one.tree
    return {
        **_fields(dataset),
        "received": dataset.received,
        "origin": dataset.origin,
        "system": dataset.system,
        "snapshots": snapshots,
        "tree": trees.add(dataset.tree, base, dataset.system),
    }


def _fields(one: Dataset | Snapshot) -> dict[str, Any]:
    return {
        "creation": one.creation,
        "txg": one.txg,
        "guid": one.guid,
        "bulk": one.bulk,
        "properties": one.properties,
    }


def _running_to_json(running: Running, trees: TreeWriter) -> dict[str, Any]:
    return {
        "started": running.started,
        "pid": running.pid,
        "hostname": running.hostname,
        "options": running.options,
        "ends": running.ends,
        "raw": [list(pair) for pair in running.raw],
        "volatile": trees.add(running.volatile, None, "volatile"),
    }


def _node_from_json(value: Mapping[str, Any], kind: type[Node]) -> Node:
    trees = TreeReader(value["trees"], value["texts"])
    cluster = _cluster_from_json(value["name"], value["cluster"], trees)
    node = kind(
        value["name"],
        seed=value["seed"],
        clock=float(value["clock"]),
        started=float(value["started"]),
        root=trees.tree(value["root"]),
        cluster=cluster,
        release=RELEASES[value.get("pve", 9)],
    )
    node.drawn = int(value["drawn"])
    node.zfs.txg = int(value["txg"])
    node.zfs.pools = {fields["name"]: pool_from_json(fields) for fields in value["pools"]}
    node.zfs.datasets = _datasets_from_json(value["datasets"], trees)
    for one in value["away"]:
        pool = pool_from_json(one["pool"])
        node.zfs.away[pool.guid] = Away(pool, _datasets_from_json(one["datasets"], trees), one["state"])
    disks_from_json(node, value["disks"], trees)
    for name, dataset in node.zfs.datasets.items():
        if name.partition("/")[0] not in node.zfs.pools or (dataset.parent and dataset.parent not in node.zfs.datasets):
            raise ValueError(f"dataset {name!r} has no parent")
        if dataset.origin:
            node.zfs.datasets[dataset.origin.partition("@")[0]].snapshots[dataset.origin.partition("@")[2]]
    node.zfs.remount()
    for path, fields in value["images"].items():
        node.storages.images[path] = Image(**{**fields, "tree": trees.tree(fields["tree"])})
    for ctid, fields in value["running"].items():
        node.guests.running[int(ctid)] = _running_from_json(fields, trees)
    node.netmounts.from_json(value.get("netmounts", {"servers": {}, "mounted": []}), trees)
    node.faults = Faults.from_json(value.get("faults", ()))
    node.archive = {str(name): str(version) for name, version in value.get("archive", {}).items()}
    node.network.from_json(value["network"])
    node.timers = [Timer.from_json(one) for one in value["timers"]]
    node.internet = dict(value["internet"])
    return node


def _cluster_from_json(name: str, value: Mapping[str, Any], trees: TreeReader) -> ClusterTree:
    cluster = ClusterTree(name)
    dict.clear(cluster)
    dict.update(cluster, trees.tree(value["files"]))
    cluster.counts = {str(key): int(count) for key, count in value["counts"].items()}
    cluster.guests = {int(ctid): (str(a), str(b), int(c)) for ctid, (a, b, c) in value["guests"].items()}
    return cluster


def _datasets_from_json(value: Mapping[str, Any], trees: TreeReader) -> dict[str, Dataset]:
    return {name: _dataset_from_json(name, one, trees) for name, one in value.items()}


def _dataset_from_json(name: str, value: Mapping[str, Any], trees: TreeReader) -> Dataset:
    fields = dict(value)
    tree: Tree = trees.tree(fields.pop("tree"))
    snapshots = {one["name"]: Snapshot(**{**one, "tree": trees.tree(one["tree"])}) for one in fields.pop("snapshots")}
    return Dataset(name=name, tree=tree, snapshots=snapshots, **fields)


def _running_from_json(value: Mapping[str, Any], trees: TreeReader) -> Running:
    fields = dict(value)
    volatile = trees.tree(fields.pop("volatile"))
    raw = tuple((str(key), str(text)) for key, text in fields.pop("raw"))
    return Running(volatile=volatile, raw=raw, **fields)
