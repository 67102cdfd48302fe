"""ZFS datasets: properties compared as ZFS reads them back, ours told from those of others."""

from __future__ import annotations

from typing import Any

import pytest

from features.host.converging import changes, converge, look
from features.host.zfs_nodes import dataset, kept, node, reasons, verdicts, wanted
from phoenix_hypervisor.command import Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.features.host.zfs.properties import VERSION, normal, quantity, readable
from phoenix_hypervisor.features.host.zfs.states import MARK, MARKED, inside, state_of
from phoenix_hypervisor.machine import Facts
from phoenix_hypervisor.resource import Resource, Symbol
from phoenix_hypervisor.simulator.node import Node

FILES = "zfs.dataset:swift/files"
GIB = 1 << 30


def with_pool(version: int = 9) -> Node:
    made = node(0, version)
    made.add_pool("swift", 1 << 40)
    return made


def asked(properties: str = "", **fields: Any) -> dict[str, Resource]:
    return wanted(datasets=[dataset(properties=properties)], **fields)


def argvs(made: Node, resources: dict[str, Resource]) -> list[tuple[str, ...]]:
    return [command.argv for command in changes(made, resources.values())]


@pytest.mark.parametrize(
    ("key", "one", "other"),
    [
        ("recordsize", "128K", "131072"),
        ("recordsize", "1m", "1048576"),
        ("quota", "1.4T", str(int(1.4 * (1 << 40)))),
        ("quota", "none", "0"),
        ("quota", "2TiB", str(2 << 40)),
        ("acltype", "posixacl", "posix"),
        ("acltype", "noacl", "off"),
        ("xattr", "sa", "on"),
        ("compression", "gzip-6", "gzip"),
        ("mountpoint", "/mnt/x/", "/mnt/x"),
        ("snapshot_limit", "none", "18446744073709551615"),
    ],
)
def test_two_ways_to_write_a_value_are_equal(key: str, one: str, other: str) -> None:
    assert normal(key, one, (2, 3)) == normal(key, other, (2, 3))


@pytest.mark.parametrize(
    ("key", "one", "other"),
    [
        ("compression", "on", "lz4"),
        ("compression", "zstd-3", "zstd"),
        ("recordsize", "16K", "128K"),
        ("quota", "x", "0"),
    ],
)
def test_what_zfs_does_not_equate_differs(key: str, one: str, other: str) -> None:
    assert normal(key, one, (2, 3)) != normal(key, other, (2, 3))


def test_what_on_means_for_xattr_depends_on_the_version() -> None:
    assert normal("xattr", "sa", (2, 2)) != normal("xattr", "on", (2, 2)) == normal("xattr", "dir", (2, 2))
    assert VERSION.parse(Result(0, "zfs-2.3.9-0+deb13u1\nzfs-kmod-2.2.7\n")) == (2, 2)
    assert VERSION.parse(Result(127, "", "not found")) == (0, 0)
    with pytest.raises(NodeError, match="version of its ZFS"):
        VERSION.parse(Result(1, "", "Failed to initialize the libzfs library.\n"))


def test_sizes_for_people() -> None:
    assert [readable(size) for size in (0, 512, 3 << 29, 2 << 40)] == ["0 B", "512 B", "1.5G", "2T"]
    assert quantity("50%") is None


@pytest.mark.parametrize("version", [8, 9])
def test_a_dataset_in_order_needs_nothing_whoever_made_it(version: int) -> None:
    made = with_pool(version)
    made.add_dataset("swift/files", recordsize="1M", compression="lz4", acltype="posixacl", xattr="sa")
    assert argvs(made, asked("recordsize=1M,compression=lz4,acltype=posixacl,xattr=sa,quota=none")) == []


def test_all_that_differs_is_set_by_one_command_and_is_ours_then() -> None:
    made = with_pool()
    made.add_dataset("swift/files", atime="on")
    (command,) = converge(made, asked("atime=on,quota=2G,sync=always").values())
    assert command.argv == ("zfs", "set", "quota=2G", "sync=always", f"{MARK}=quota,sync", "swift/files")


def test_a_property_that_is_no_longer_declared_goes_back_and_a_foreign_one_stays() -> None:
    made = with_pool()
    made.add_dataset("swift/files", atime="off")
    converge(made, asked("compression=zstd,quota=2G,canmount=noauto").values())
    said = verdicts(made, asked())[FILES]
    assert "compression: zstd -> no longer declared" in said.detail and "quota: 2G -> no longer" in said.detail
    assert [command.argv[1:] for command in converge(made, asked().values())] == [
        ("set", "canmount=on", "swift/files"),
        ("inherit", "compression", "swift/files"),
        ("set", "quota=none", "swift/files"),
        ("set", f"{MARK}=none", "swift/files"),
    ]
    assert made.zfs.effective("swift/files", "compression") == ("on", "default")
    assert made.zfs.effective("swift/files", "atime")[0] == "off"


def test_a_mark_that_children_inherit_makes_them_not_ours() -> None:
    made = with_pool()
    converge(made, asked("quota=2G").values())
    made.add_dataset("swift/files/subvol-900-disk-0")
    assert kept(verdicts(made, asked("quota=2G"))["zfs.leftovers:datasets"]) == ""
    below = wanted(datasets=[dataset(properties="quota=2G"), dataset("files/subvol-900-disk-0")])
    assert argvs(made, below) == []


def test_what_is_inherited_now_is_set_where_the_declared_parent_will_differ() -> None:
    made = with_pool()
    made.add_dataset("swift/files", compression="lz4")
    made.add_dataset("swift/files/old")
    both = [dataset(properties="compression=zstd"), dataset("files/old", properties="compression=lz4")]
    converge(made, wanted(datasets=both).values())
    assert made.zfs.effective("swift/files/old", "compression")[0] == "lz4"


def test_a_quota_below_what_is_used_is_an_obstacle_with_the_numbers() -> None:
    made = with_pool()
    made.add_dataset("swift/files")
    made.zfs.datasets["swift/files"].bulk = 3 * GIB
    said = verdicts(made, asked("quota=2G"))[FILES]
    assert "the quota 2G of swift/files is below what it holds: 3G" in reasons(said)
    assert not verdicts(made, asked("quota=4G"))[FILES].obstacles


def test_what_only_a_creation_sets_is_kept() -> None:
    made = with_pool()
    made.add_dataset("swift/files")
    declared = asked("casesensitivity=mixed")
    assert "It is fixed when a dataset is made" in kept(verdicts(made, declared)[FILES])
    assert argvs(made, declared) == []


def test_a_volume_of_that_name_is_an_obstacle() -> None:

    resource = asked()[FILES]
    read = look(with_pool(), [resource])
    volume = state_of("swift/files").parse(Result(0, "type\tvolume\t-\n"))
    facts = Facts({**{fact: read[fact] for fact in resource.facts()}, state_of("swift/files"): volume})
    assert "swift/files is a volume, not a file system" in reasons(resource.verdict(facts))


def test_a_new_dataset_hides_nothing() -> None:
    made = with_pool()
    made.files.mkdir("/mnt/pve/swift/files", parents=True)
    made.files.write("/mnt/pve/swift/files/thesis", "all of it")
    said = verdicts(made, asked(mount_point_base="/mnt/pve"))[FILES]
    assert said.symbol is Symbol.ADD
    assert "/mnt/pve/swift/files holds 'thesis', which the dataset swift/files would hide" in reasons(said)


def test_a_dataset_moves_to_its_declared_place_unless_a_storage_lies_on_it() -> None:
    made = with_pool()
    made.add_dataset("swift/files")
    moved = asked(mount_point_base="/mnt/pve")
    assert argvs(made, moved) == [
        ("zfs", "set", "mountpoint=/mnt/pve/swift/files", f"{MARK}=mountpoint", "swift/files")
    ]
    assert made.run(["pvesm", "add", "dir", "theirs", "--path", "/swift/files/iso", "--content", "iso"]).ok
    assert argvs(made, moved) == []
    assert "The storage theirs lies there" in kept(verdicts(made, moved)[FILES])


@pytest.mark.parametrize("name", ["swift/files", "swift/files/below"])
def test_a_dataset_with_the_volumes_of_a_storage_does_not_move(name: str) -> None:
    made = with_pool()
    for each in ("swift/files", "swift/files/below"):
        made.add_dataset(each)
    assert made.run(["pvesm", "add", "zfspool", "theirs", "--pool", name, "--content", "rootdir"]).ok
    moved = asked(mount_point_base="/mnt/pve")
    assert argvs(made, moved) == []
    assert "The storage theirs lies there" in kept(verdicts(made, moved)[FILES])


def test_a_dataset_that_we_moved_goes_back_unless_a_storage_lies_on_it() -> None:
    made = with_pool()
    converge(made, asked(mount_point_base="/mnt/pve").values())
    add = ["pvesm", "add", "dir", "theirs", "--path", "/mnt/pve/swift/files", "--content", "iso"]
    assert made.run(add).ok
    assert argvs(made, asked()) == []
    assert "is mounted at /mnt/pve/swift/files, declared /swift/files: The storage theirs" in kept(
        verdicts(made, asked())[FILES]
    )
    assert made.run(["pvesm", "remove", "theirs"]).ok
    converge(made, asked().values())
    assert made.zfs.effective("swift/files", "mountpoint") == ("/swift/files", "default")


def test_an_unmounted_dataset_is_mounted_again() -> None:
    made = with_pool()
    converge(made, asked().values())
    assert made.run(["zfs", "unmount", "swift/files"]).ok
    assert argvs(made, asked()) == [("zfs", "mount", "swift/files")]
    converge(made, asked().values())
    assert argvs(made, asked()) == []


def test_an_unmounted_dataset_whose_key_is_not_loaded_keeps_what_needs_it() -> None:
    made, resource = with_pool(), asked()[FILES]
    converge(made, asked().values())
    assert made.run(["zfs", "unmount", "swift/files"]).ok
    read, own = look(made, [resource]), state_of("swift/files")
    locked = {**(read[own] or {}), "keystatus": ("unavailable", "-")}
    facts = Facts({**{fact: read[fact] for fact in resource.facts()}, own: locked})
    (found,) = resource.verdict(facts).obstacles
    assert found.reason == "the key of swift/files is not loaded" and "zfs load-key swift/files" in found.hint


def test_an_unmounted_dataset_with_something_in_its_place_keeps_what_needs_it() -> None:
    made = with_pool()
    made.add_dataset("swift/files")
    assert made.run(["zfs", "unmount", "swift/files"]).ok
    made.files.mkdir("/swift/files", parents=True)
    made.files.write("/swift/files/x", "in the way")
    found = verdicts(made, asked())[FILES].obstacles
    assert [each.reason for each in found] == ["swift/files is not mounted at /swift/files, where 'x' lies"]


def test_what_holds_volumes_is_looked_for_where_its_declared_parent_will_take_it() -> None:
    datasets = [dataset(), dataset("files/lxc", proxmox_storage_type="zfspool", proxmox_content_type="rootdir")]
    ids = {"swift_files/lxc": "lxc"}
    made, both = with_pool(), wanted(mount_point_base="/mnt/pve", proxmox_storage_ids=ids, datasets=datasets)
    made.files.mkdir("/mnt/pve/swift/files/lxc", parents=True)
    made.files.write("/mnt/pve/swift/files/lxc/thesis", "all of it")
    assert "/mnt/pve/swift/files/lxc holds 'thesis'" in reasons(verdicts(made, both)["zfs.dataset:swift/files/lxc"])
    made.files.remove("/mnt/pve/swift/files", recursive=True)
    converge(made, both.values())
    assert made.zfs.effective("swift/files/lxc", "mountpoint") == (
        "/mnt/pve/swift/files/lxc",
        "inherited from swift/files",
    )


def test_parents_that_are_not_declared_are_made() -> None:
    made = with_pool()
    converge(made, wanted(datasets=[dataset("a/b/c")]).values())
    assert {"swift/a", "swift/a/b", "swift/a/b/c"} <= made.zfs.datasets.keys()


def test_garbage_is_a_clear_error() -> None:
    with pytest.raises(NodeError, match="cannot be read"):
        state_of("x").parse(Result(0, "what?\n"))
    with pytest.raises(NodeError, match="properties of a dataset"):
        state_of("x").parse(Result(1, "", "internal error"))
    assert state_of("x").parse(Result(1, "", "cannot open 'x': dataset does not exist\n")) is None
    assert state_of("x").parse(Result(127, "", "not found")) is None
    assert MARKED.parse(Result(127, "", "not found")) == {}
    with pytest.raises(NodeError, match="folder"):
        inside("/x").parse(Result(124, "", "no answer"))


def test_a_file_in_the_place_of_a_dataset_is_told() -> None:
    made = with_pool()
    made.files.mkdir("/mnt/pve/swift", parents=True)
    made.files.write("/mnt/pve/swift/files", "a file")
    said = verdicts(made, asked(mount_point_base="/mnt/pve"))[FILES]
    assert "/mnt/pve/swift/files holds 'files'" in reasons(said)


def test_a_place_that_is_inherited_as_declared_needs_nothing() -> None:
    made = with_pool()
    made.add_dataset("swift/files", mountpoint="/mnt/pve/swift/files")
    made.add_dataset("swift/files/old")
    both = wanted(mount_point_base="/mnt/pve", datasets=[dataset(properties="quota=2G"), dataset("files/old")])
    assert [argv[1:3] for argv in argvs(made, both)] == [("set", "quota=2G")]
    moved = [dataset(properties="mountpoint=/srv"), dataset("files/old", properties="quota=none")]
    converge(made, wanted(mount_point_base="/mnt/pve", datasets=moved).values())
    assert made.zfs.effective("swift/files/old", "mountpoint")[0] == "/mnt/pve/swift/files/old"
