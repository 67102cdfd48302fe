"""Nodes with disks, and slices of ``zfs``, for its tests."""

from __future__ import annotations

from typing import Any

from features.host.converging import look
from phoenix_hypervisor.features.host.zfs import Zfs, resources
from phoenix_hypervisor.resource import Resource, Verdict
from phoenix_hypervisor.simulator.disks.model import Device
from phoenix_hypervisor.simulator.node import Node

BY_ID = "/dev/disk/by-id"
SIZE = 1 << 40
DISKS = tuple(f"{BY_ID}/nvme-Lab_1TB_A{number}" for number in range(1, 7))


def node(count: int = 2, version: int = 9) -> Node:
    """A plain node with so many empty disks."""
    made = Node.new(version=version)
    for disk in DISKS[:count]:
        made.add_disk(disk.rpartition("/")[2], SIZE)
    return made


def with_paths() -> Node:
    """A plain node with one disk that is seen by two paths."""
    made = node(2)
    both = Device("dm-0", SIZE, "mpath", "252:0", mapped="mpatha")
    made.disks.add_virtual(both, [made.disks.devices["nvme0n1"], made.disks.devices["nvme1n1"]])
    return made


def wanted(**fields: Any) -> dict[str, Resource]:
    """The resources of a slice, by id."""
    return {each.id: each for each in resources(Zfs.model_validate(fields))}


def verdicts(made: Node, asked: dict[str, Resource]) -> dict[str, Verdict]:
    """What is said of each resource on the node as it is."""
    facts = look(made, asked.values())
    return {name: each.verdict(facts) for name, each in asked.items()}


def pool(*disks: str, name: str = "swift", **fields: Any) -> dict[str, Any]:
    return {"name": name, "disks": list(disks), **fields}


def dataset(name: str = "files", in_pool: str = "swift", **fields: Any) -> dict[str, Any]:
    return {"name": name, "pool": in_pool, **fields}


def reasons(verdict: Verdict) -> str:
    return "\n".join(each.reason for each in verdict.obstacles)


def kept(verdict: Verdict) -> str:
    return "\n".join(f"{each.what}: {each.reason}" for each in verdict.kept)
