"""A disk is used only if it carries nothing: each thing that it may carry is told, and no command runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from features.host.converging import converge, look
from features.host.zfs_nodes import DISKS, SIZE, node, pool, reasons, verdicts, wanted, with_paths
from phoenix_hypervisor.command import Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.features.host.zfs.disks import BLOCKS, probe
from phoenix_hypervisor.machine import Facts
from phoenix_hypervisor.resource import Obstacle
from phoenix_hypervisor.simulator.disks.model import Device
from phoenix_hypervisor.simulator.node import Node

ASKED = wanted(pools=[pool(DISKS[0])])
POOL = "zfs.pool:swift"
NAME = DISKS[0].rpartition("/")[2]
SERIAL = "disk:A1"
ZEROS = "000000 000000 000000 000000 000000 000000 000000 000000 *"
ENDS = f"ends\tnvme0n1\t{ZEROS}\t{ZEROS}"

LIFTED = [
    ("ext4", "nvme0n1 carries ext4"),
    ("xfs", "carries xfs"),
    ("vfat", "carries vfat"),
    ("btrfs", "carries btrfs"),
    ("luks", "carries crypto_LUKS"),
    ("lvm", "carries LVM2_member"),
    ("swap", "carries swap"),
    ("raid", "carries linux_raid_member"),
    ("zfs-exported", "of the exported pool oldnvme0n1 (back with: zpool import oldnvme0n1)"),
    ("zfs-exported-on-partition", "nvme0n1p1 carries zfs_member 'oldnvme0n1', of the exported pool oldnvme0n1"),
    ("zfs-destroyed", "of the destroyed pool oldnvme0n1 (back with: zpool import -D oldnvme0n1)"),
    ("zfs-foreign", "(back with: zpool import -f oldnvme0n1)"),
    ("gpt-empty", "nvme0n1 carries gpt, PMBR"),
    ("gpt-partitions", "it has 2 partitions"),
    ("gpt-ext4", "nvme0n1p1 carries ext4"),
    ("gpt-lvm", "nvme0n1p1 carries LVM2_member"),
    ("dos-ext4", "nvme0n1 carries dos; nvme0n1p1 carries ext4"),
    ("unseen-by-udev", "carries ext4"),
    ("raw", "nvme0n1 carries data that no probe knows"),
]
NEVER = [
    ("lvm-active", "dm-0 (lvm) stands on it"),
    ("raid-active", "md0 (raid1) stands on it"),
    ("swap-active", "nvme0n1 is swap"),
    ("mounted", "nvme0n1 is mounted at /mnt/nvme0n1"),
    ("mounted-partition", "nvme0n1p1 is mounted at /mnt/nvme0n1p1"),
    ("zfs", "the pool oldnvme0n1 is on it"),
    ("zfs-on-partition", "the pool oldnvme0n1 is on it"),
    ("vm", "/etc/pve/nodes/pve1/qemu-server/100.conf names"),
    ("fstab", "/etc/fstab names /dev/nvme0n1"),
    ("crypttab", "/etc/crypttab names /dev/nvme0n1"),
]


def carrying(kind: str, version: int = 9) -> Node:
    made = node(1, version)
    made.put_on_disk(NAME, kind)
    return made


def obstacles(made: Node) -> tuple[Obstacle, ...]:
    return verdicts(made, ASKED)[POOL].obstacles


@pytest.mark.parametrize("version", [8, 9])
@pytest.mark.parametrize(("kind", "found"), LIFTED)
def test_what_nothing_uses_is_told_and_only_its_name_lifts_it(kind: str, found: str, version: int) -> None:
    made = carrying(kind, version)
    before = made.disk_content(NAME)
    (told,) = obstacles(made)
    assert told.loses == SERIAL
    assert found in told.reason
    assert DISKS[0] in told.reason
    assert told.hint == f"If nothing of it is wanted: --mode force --allow-destroy {SERIAL}."
    assert made.disk_content(NAME) == before


@pytest.mark.parametrize(("kind", "found"), LIFTED)
def test_what_was_lifted_is_wiped_before_the_pool_is_made(kind: str, found: str) -> None:
    commands = [command.argv for command in converge(carrying(kind), ASKED.values())]
    assert commands[0][:2] == ("wipefs", "-a")
    assert commands[0][-1] == DISKS[0]
    assert commands[1] == ("udevadm", "settle")
    assert "-f" not in commands[2]


@pytest.mark.parametrize(("kind", "found"), NEVER)
def test_what_is_in_use_nothing_lifts(kind: str, found: str) -> None:
    told = obstacles(carrying(kind))
    assert found in "\n".join(each.reason for each in told)
    assert not any(each.loses for each in told)
    assert all(each.hint for each in told)


def test_an_empty_disk_has_no_obstacle() -> None:
    assert obstacles(node(1)) == ()


def test_a_disk_that_is_not_there_is_told() -> None:
    assert f"the disk {DISKS[0]} is not on the node" in reasons(verdicts(node(0), ASKED)[POOL])


def test_a_partition_is_no_disk() -> None:
    made = carrying("gpt-partitions")
    asked = wanted(pools=[pool(f"{DISKS[0]}-part1")])
    assert "is no whole disk (nvme0n1p1)" in reasons(verdicts(made, asked)[POOL])


def test_a_disk_that_two_links_name_is_found() -> None:
    asked = wanted(pools=[pool(DISKS[0], "/dev/nvme0n1", raid_level="mirror")])
    assert "names one disk twice: /dev/nvme0n1 is nvme0n1" in reasons(verdicts(node(1), asked)[POOL])


def test_a_disk_that_two_pools_claim_is_found() -> None:
    asked = wanted(pools=[pool(DISKS[0]), pool("/dev/nvme0n1", name="deep")])
    for said in verdicts(node(1), asked).values():
        assert not said.obstacles or "two pools are to have one disk" in reasons(said)
    assert "two pools" in reasons(verdicts(node(1), asked)[POOL])


@pytest.mark.parametrize(
    ("owner", "path", "counts"),
    [
        ("pve1", "/dev/nvme0n1", True),
        ("pve1", DISKS[0], True),
        ("pve2", "/dev/nvme0n1", False),
        ("pve2", DISKS[0], True),
        ("pve2", "/dev/mapper/shared", True),
    ],
)
def test_the_kernels_names_in_guests_of_other_nodes_are_of_other_disks(owner: str, path: str, counts: bool) -> None:
    made = node(1)
    made.files.mkdir("/dev/mapper", parents=True)
    made.files.link("../nvme0n1", "/dev/mapper/shared")
    made.files.mkdir(f"/etc/pve/nodes/{owner}/lxc", parents=True)
    file = f"/etc/pve/nodes/{owner}/lxc/200.conf"
    made.files.write(file, f"mp0: {path},mp=/data\n[old]\nmp0: {path},mp=/x\n")
    told = reasons(verdicts(made, ASKED)[POOL])
    assert told == (f"the disk {DISKS[0]} is given to a guest: {file} names {path}" if counts else "")


def test_where_nobody_knows_which_node_it_is_guests_of_all_count() -> None:
    guest = "guest\tetc/pve/nodes/pve2/lxc/200.conf\t/dev/nvme0n1\t/dev/nvme0n1"
    assert "names /dev/nvme0n1" in probed([f"link\t{DISKS[0]}\tnvme0n1", "own\tetc/pve/", guest])


def test_what_is_in_use_by_several_paths_is_told_of_each_path_and_its_partitions_of_the_disk() -> None:
    made = with_paths()
    assert "dm-0 (mpath) stands on it" in reasons(verdicts(made, ASKED)[POOL])
    asked = wanted(pools=[pool("/dev/mapper/mpatha")])
    assert reasons(verdicts(made, asked)[POOL]) == ""
    part = Device("dm-1", SIZE >> 1, "part", "252:1", mapped="mpatha-part1")
    made.disks.add_virtual(part, [made.disks.devices["dm-0"]])
    assert "the multipath disk /dev/mapper/mpatha has partitions: dm-1" in reasons(verdicts(made, asked)[POOL])


def test_disks_of_different_sizes_are_told_as_they_would_need_force() -> None:
    made = node(1)
    made.add_disk("nvme-Lab_big_B1", 2 << 40)
    asked = wanted(pools=[pool(DISKS[0], "/dev/disk/by-id/nvme-Lab_big_B1", raid_level="mirror")])
    assert "the disks of the mirror of swift differ in size: 1T and 2T" in reasons(verdicts(made, asked)[POOL])


def test_a_serial_that_two_devices_have_does_not_name_one() -> None:
    made = carrying("ext4")
    made.add_disk("nvme-Lab_1TB_A1_2", SIZE, serial="A1")
    (told,) = obstacles(made)
    assert told.loses == f"disk:{NAME}"


def probed(lines: Iterable[str]) -> str:
    """What is said of the disk where the probe answers so."""
    read, asked = look(node(1), ASKED.values()), probe((DISKS[0],))
    answer = asked.parse(Result(0, "".join(f"{line}\n" for line in lines)))
    facts = Facts({**{fact: read[fact] for fact in ASKED[POOL].facts()}, asked: answer})
    return reasons(ASKED[POOL].verdict(facts))


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (
            ["wipefs\tnvme0n1\t1\twipefs: error: nvme0n1: probing initialization failed"],
            "probing initialization failed",
        ),
        (["wipefs\tnvme0n1\t0\t{garbage"], "wipefs said"),
        (["wipefs\tnvme0n1\t127\t"], "wipefs: exit status 127"),
        ([], "nvme0n1 cannot be read: it was not looked at"),
        (["wipefs\tnvme0n1\t0\t", "blkid\tnvme0n1\t4\tblkid: error"], "blkid: error"),
        (["wipefs\tnvme0n1\t0\t", "blkid\tnvme0n1\t8\tambivalent", ENDS], "several contents at once"),
        (["wipefs\tnvme0n1\t0\t"], "cannot be read: its first and last MiB were not read"),
        (["wipefs\tnvme0n1\t0\t", "ends\tnvme0n1\t\t"], "cannot be read: od said nothing"),
        (["wipefs\tnvme0n1\t0\t", f"ends\tnvme0n1\t{ZEROS}\tod: I/O error"], "cannot be read: od: I/O error"),
        (["wipefs\tnvme0n1\t1\tI/O error", ENDS], "cannot be read: I/O error"),
        (["wipefs\tnvme0n1\t0\t", f"ends\tnvme0n1\t{ZEROS}\t000000 000001"], "data that no probe knows"),
        (["wipefs\tnvme0n1\t0\t", f"ends\tnvme0n1\t{ZEROS} 000001\t{ZEROS}"], "data that no probe knows"),
        (["wipefs\tnvme0n1\t0\t", "blkid\tnvme0n1\t0\t"], "cannot be read: blkid said ''"),
        (["wipefs\tnvme0n1\t1\tI/O error", 'blkid\tnvme0n1\t0\tTYPE="ext4"'], "cannot be read: I/O error"),
    ],
)
def test_a_disk_that_could_not_be_read_is_not_taken_for_empty(lines: list[str], found: str) -> None:
    assert found in probed([f"link\t{DISKS[0]}\tnvme0n1", *lines])


def test_a_disk_of_zeros_is_empty() -> None:
    assert probed([f"link\t{DISKS[0]}\tnvme0n1", "wipefs\tnvme0n1\t0\t", "blkid\tnvme0n1\t2\t", ENDS]) == ""


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"blockdevices": [{}]}', '{"blockdevices": [1]}', "garbage"])
def test_garbage_of_lsblk_is_a_clear_error(text: str) -> None:
    if text:
        with pytest.raises(NodeError, match="lsblk"):
            BLOCKS.parse(Result(0, text))
    with pytest.raises(NodeError, match="its disks"):
        BLOCKS.parse(Result(127, text, "lsblk: not found"))


@pytest.mark.parametrize(
    "text", ["what?\n", "ends\tsda\t0\n", "guest\tetc/pve/nodes/pve1/lxc/200.conf\trubbish\t/rubbish\n"]
)
def test_garbage_of_the_probe_is_a_clear_error(text: str) -> None:
    with pytest.raises(NodeError, match="cannot be read"):
        probe(()).parse(Result(0, text))


@pytest.mark.parametrize(
    ("fields", "found"),
    [({"read_only": True}, "is read-only"), ({"size": 32 << 20}, "has 32M; ZFS takes 64M or more")],
)
def test_a_disk_that_zfs_cannot_take_is_told(fields: dict[str, Any], found: str) -> None:
    read = look(node(1), ASKED.values())
    blocks = {**read[BLOCKS], "nvme0n1": replace(read[BLOCKS]["nvme0n1"], **fields)}
    facts = Facts({**{fact: read[fact] for fact in ASKED[POOL].facts()}, BLOCKS: blocks})
    assert found in reasons(ASKED[POOL].verdict(facts))
