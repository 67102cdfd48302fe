"""Slices of ``zfs`` that do not say what storages are called, or where datasets are mounted: the node is asked."""

from __future__ import annotations

from typing import Any

import pytest

from features.host.converging import changes, converge
from features.host.zfs_nodes import DISKS, dataset, node, pool, reasons, verdicts
from phoenix_hypervisor.features.host.zfs import Zfs, lacks, resources
from phoenix_hypervisor.resource import Resource
from phoenix_hypervisor.simulator.node import Node

POOLS = [pool(DISKS[0], raid_level="single")]
ISO = dataset("iso", proxmox_storage_type="dir", proxmox_content_type="iso")
LXC = dataset("lxc", proxmox_storage_type="zfspool", proxmox_content_type="rootdir")


def part(**fields: Any) -> dict[str, Resource]:
    """The resources of a slice that was given by itself, by id."""
    return {each.id: each for each in resources(Zfs.model_validate({"pools": POOLS, **fields}).as_part())}


def whole(**fields: Any) -> list[Resource]:
    return list(resources(Zfs.model_validate({"pools": POOLS, **fields})))


@pytest.fixture
def moved() -> Node:
    """A node whose datasets and storages have places and names of their own."""
    made = node(1)
    ids = {"swift_iso": "images", "swift_lxc": "guests"}
    converge(made, whole(datasets=[ISO, LXC], mount_point_base="/mnt/pve", proxmox_storage_ids=ids))
    return made


def test_what_is_there_keeps_its_place_and_its_name(moved: Node) -> None:
    assert changes(moved, part(datasets=[ISO, LXC]).values()) == []
    taken = {**ISO, "proxmox_content_type": "iso,vztmpl"}
    assert [command.argv[:4] for command in changes(moved, part(datasets=[taken]).values())] == [
        ("pvesm", "set", "images", "--content")
    ]


def test_what_is_new_is_mounted_as_zfs_does_and_the_storage_lies_there(moved: Node) -> None:
    below = dataset("iso/new", proxmox_storage_type="dir", proxmox_content_type="iso")
    beside = dataset("other", proxmox_storage_type="dir", proxmox_content_type="iso")
    ids = {"swift_iso": "images", "swift_iso/new": "new"}
    converge(moved, part(datasets=[ISO, below, beside], proxmox_storage_ids=ids).values())
    storages = moved.files.read("/etc/pve/storage.cfg")
    assert "path /mnt/pve/swift/iso/new\n" in storages and "path /swift/other\n" in storages


def test_a_declared_name_is_not_given_up_for_another_that_lies_there(moved: Node) -> None:
    argv = [each.argv for each in changes(moved, part(datasets=[LXC], proxmox_storage_ids={}).values())]
    assert [words[:4] for words in argv] == [("pvesm", "add", "zfspool", "swift-lxc")]


def test_the_name_that_it_would_have_is_taken_by_another_storage(moved: Node) -> None:
    assert moved.run(["pvesm", "add", "dir", "swift-other", "--path", "/srv/x", "--content", "iso"]).ok
    asked = part(datasets=[dataset("other", proxmox_storage_type="zfspool", proxmox_content_type="rootdir")])
    found = verdicts(moved, asked)["pve.storage:swift-other"]
    assert "the storage swift-other is there and is a dir, not a zfspool" in reasons(found)


def test_a_storage_that_cannot_be_called_after_its_dataset_needs_an_id() -> None:
    below = dataset("iso/new", proxmox_storage_type="dir", proxmox_content_type="iso")
    piece = Zfs.model_validate({"pools": POOLS, "datasets": [ISO, below]}).as_part()
    assert [(lack.where, lack.what) for lack in lacks(piece)] == [
        (("datasets", 1), "the id of the storage on swift/iso/new cannot be told.")
    ]


def test_properties_stay_where_the_slice_has_none(moved: Node) -> None:
    converge(moved, whole(datasets=[{**ISO, "properties": "quota=1G"}], mount_point_base="/mnt/pve"))
    assert changes(moved, part(datasets=[dataset("iso")]).values()) == []
    commands = changes(moved, part(datasets=[{**ISO, "properties": {}}]).values())
    assert any("quota=none" in each.argv for each in commands)


def test_without_a_limit_in_the_slice_that_of_the_node_stays() -> None:
    made = node(1)
    converge(made, whole(arc_max_gb=2))
    assert changes(made, part().values()) == []
    assert changes(made, part(arc_max_gb=3).values())
    assert changes(made, whole())
