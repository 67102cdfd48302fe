"""ZFS on the node: from empty disks to pools, datasets, storages and the limit of the ARC."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from features.host.converging import changes, converge, look
from features.host.zfs_nodes import DISKS, dataset, kept, node, pool, reasons, verdicts, wanted
from phoenix_hypervisor.features.host.zfs import Zfs, feature
from phoenix_hypervisor.simulator.node import Node

LAB: dict[str, Any] = {
    "arc_max_gb": 4,
    "mount_point_base": "/mnt/pve",
    "proxmox_storage_ids": {"swift_lxc": "lab-lxc"},
    "pools": [
        pool(*DISKS[:2], raid_level="mirror", autotrim="on", compression="lz4"),
        pool(DISKS[2], name="deep", raid_level="single", ashift=13),
    ],
    "datasets": [
        dataset(
            "lxc",
            properties="recordsize=16K,quota=1.4T",
            proxmox_storage_type="zfspool",
            proxmox_content_type="rootdir",
        ),
        dataset("iso", "deep", properties="compression=zstd", proxmox_storage_type="dir", proxmox_content_type="iso"),
        dataset("a/b", "deep"),
    ],
}


@pytest.mark.parametrize("version", [8, 9])
def test_a_bare_node_becomes_what_is_declared(version: int) -> None:
    made = node(3, version)
    commands = [command.argv for command in converge(made, wanted(**LAB).values())]
    assert commands[0] == (
        *("zpool", "create", "-o", "ashift=12", "-o", "autotrim=on", "-O", "compression=lz4", "-O", "atime=off"),
        *("swift", "mirror", *DISKS[:2]),
    )
    assert commands[1] == ("zpool", "create", "-o", "ashift=13", "-O", "atime=off", "deep", DISKS[2])
    assert (
        "pvesm",
        "add",
        "zfspool",
        "lab-lxc",
        "--pool",
        "swift/lxc",
        "--content",
        "rootdir",
        "--sparse",
        "1",
    ) in commands
    place = ("--path", "/mnt/pve/deep/iso", "--content", "iso", "--is_mountpoint", "yes")
    assert ("pvesm", "add", "dir", "deep-iso", *place) in commands
    assert made.zfs.effective("swift/lxc", "acltype")[0] == "posix"
    assert made.zfs.effective("swift/lxc", "xattr")[0] == ("sa" if version == 8 else "on")
    assert made.zfs.effective("deep/a/b", "mountpoint")[0] == "/mnt/pve/deep/a/b"
    assert made.files.read("/sys/module/zfs/parameters/zfs_arc_max").strip() == str(4 << 30)
    assert f"options zfs zfs_arc_max={4 << 30}\n" in made.files.read("/etc/modprobe.d/zfs.conf")


@pytest.mark.parametrize("version", [8, 9])
def test_a_node_in_order_has_nothing_to_be_told(version: int) -> None:
    made = node(3, version)
    converge(made, wanted(**LAB).values())
    for name, verdict in verdicts(made, wanted(**LAB)).items():
        assert not (verdict.obstacles or verdict.kept or verdict.notes), name


@pytest.mark.parametrize("cut", range(12))
def test_a_run_that_was_cut_off_goes_on(cut: int) -> None:
    made = node(3)
    for command in changes(made, wanted(**LAB).values())[:cut]:
        assert made.run(command.argv, command.stdin).ok
    converge(made, wanted(**LAB).values())
    assert sorted(made.zfs.pools) == ["deep", "rpool", "swift"]


def test_an_empty_slice_asks_for_nothing() -> None:
    assert changes(node(), wanted().values()) == []
    assert {name.partition(":")[0] for name in wanted()} == {"block", "initramfs", "zfs.leftovers"}


def test_a_limit_that_is_no_longer_declared_goes_and_the_rest_stays() -> None:
    made = node(3)
    made.files.write("/etc/modprobe.d/zfs.conf", "options zfs zfs_arc_max=1073741824\n")
    converge(made, wanted(**LAB).values())
    left = converge(made, wanted().values())
    assert [command.argv[0] for command in left] == ["sh", "sh"]
    assert made.files.read("/etc/modprobe.d/zfs.conf") == "options zfs zfs_arc_max=1073741824\n"
    told = kept(verdicts(made, wanted())["zfs.leftovers:datasets"])
    assert "the dataset swift/lxc is no longer declared: It holds data" in told
    assert "the storage lab-lxc on swift/lxc is no longer declared: It may hold guests" in told
    assert "the storage deep-iso on deep/iso is no longer declared" in told
    assert {"swift/lxc", "deep/iso"} <= made.zfs.datasets.keys()


def test_storages_of_others_stay_byte_for_byte() -> None:
    made = node(3)
    before = made.files.read("/etc/pve/storage.cfg")
    converge(made, wanted(**LAB).values())
    assert made.files.read("/etc/pve/storage.cfg").startswith(before.rstrip("\n"))


def test_a_pool_without_disks_that_is_absent_is_told_by_its_name() -> None:
    asked = wanted(pools=[{"name": "quickOS"}], datasets=[dataset("lxc", "quickOS"), dataset("x", "other")])
    said = verdicts(Node.new(), asked)
    assert "the pool quickOS is not on the node, and no disks are declared" in reasons(said["zfs.pool:quickOS"])
    assert "the pool other is not on the node" in reasons(said["zfs.pool:other"])
    assert "zfs.pool:quickOS" in asked["zfs.dataset:quickOS/lxc"].needs()


def test_datasets_of_pools_that_are_there_are_made() -> None:
    made = node(1)
    made.add_pool("quickOS", 1 << 40)
    converge(made, wanted(pools=[{"name": "quickOS"}], datasets=[dataset("lxc", "quickOS")]).values())
    assert "quickOS/lxc" in made.zfs.datasets


def test_a_storage_on_what_nfs_serves_comes_after_its_export() -> None:
    asked = wanted(nfs_server="10.0.0.2", datasets=[dataset(proxmox_storage_type="nfs", proxmox_content_type="iso")])
    storage = asked["pve.storage:swift-files"]
    assert {"zfs.dataset:swift/files", "service:nfs-server.service"} <= set(storage.needs())
    (command,) = storage.change(_facts(storage))
    assert command.argv[2:] == (
        *("nfs", "swift-files", "--server", "10.0.0.2", "--export", "/swift/files", "--content", "iso"),
    )
    silent = wanted(datasets=[dataset(proxmox_storage_type="nfs")])["pve.storage:swift-files"]
    assert "network.nfs_server is not declared" in reasons(silent.verdict(_facts(silent)))


def _facts(resource: Any) -> Any:
    return look(node(), [resource])


@pytest.mark.parametrize(
    "fields",
    [
        {"pools": [pool("/dev/x"), pool("/dev/y")]},
        {"datasets": [dataset(), dataset()]},
        {"datasets": [dataset("a/b", proxmox_storage_type="dir")], "proxmox_storage_ids": {}},
        {"datasets": [dataset("x; reboot")]},
        {"datasets": [dataset(properties="quota=$(reboot)")]},
        {"datasets": [dataset(properties="phoenix:properties=quota")]},
        {"pools": [pool("-f")]},
        {"pools": [pool("/dev/../etc/passwd")]},
        {"pools": [{"name": "-f"}]},
        {"arc_max_gb": -1},
        {"arc": 1},
    ],
)
def test_what_cannot_be_meant_is_no_slice(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Zfs.model_validate(fields)


def test_what_a_feature_is_does_not_depend_on_the_process() -> None:
    piece = Zfs.model_validate(LAB)
    assert json.loads(piece.model_dump_json())["arc_max_gb"] == 4
    assert feature.digest(piece) == feature.digest(Zfs.model_validate(LAB))
