"""Disks, and pools that are not imported, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from phoenix_hypervisor.simulator.disks.model import from_json, to_json
from phoenix_hypervisor.simulator.trees import TreeReader, TreeWriter
from phoenix_hypervisor.simulator.zfs.model import Group, Leaf, Pool

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node


def disks_to_json(node: Node, trees: TreeWriter) -> dict[str, Any]:
    """The devices with the files of their file systems, LVM's groups, the memory and the ARC's limits."""
    devices = list(node.disks.every())
    return {
        "devices": [to_json(one) for one in node.disks.devices.values()],
        "files": {one.name: trees.add(one.tree, None, "disk") for one in devices if len(one.tree) > 1},
        "groups": node.disks.groups,
        "arc": vars(node.arc),
        "off": sorted(node.zfs.mounting.off),
    }


def disks_from_json(node: Node, value: Mapping[str, Any], trees: TreeReader) -> None:
    """Give a node the disks that ``disks_to_json`` wrote."""
    node.disks.devices = {one["name"]: from_json(one) for one in value["devices"]}
    node.disks.groups = dict(value["groups"])
    node.zfs.mounting.off = set(value["off"])
    vars(node.arc).update(value["arc"])
    for device in node.disks.every():
        if device.name in value["files"]:
            device.tree = trees.tree(value["files"][device.name])
        for place in device.mounts:
            node.files.mount(place, device.tree, device.path)


def pool_to_json(pool: Pool) -> dict[str, Any]:
    return asdict(pool)


def pool_from_json(value: Mapping[str, Any]) -> Pool:
    groups = [Group(**{**one, "leaves": [Leaf(**leaf) for leaf in one["leaves"]]}) for one in value["groups"]]
    return Pool(**{**value, "groups": groups})
