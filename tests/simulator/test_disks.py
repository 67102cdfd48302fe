"""Disks of a node: what they carry, what tells of it, what changes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from phoenix_hypervisor.simulator.disks.contents import KINDS
from phoenix_hypervisor.simulator.node import Node

NAME, SIZE = "nvme-Example_SSD_S1", 1 << 40
DEVICE = "/dev/nvme0n1"


def _node(kind: str = "", version: int = 9) -> Node:
    node = Node.new(version=version)
    node.add_disk(NAME, SIZE)
    if kind:
        node.put_on_disk(NAME, kind)
    return node


def _lsblk(node: Node, *words: str) -> Any:
    result = node.run(("lsblk", "-J", "-b", *words))
    assert result.ok, result.stderr
    return json.loads(result.stdout)["blockdevices"]


def test_a_disk_has_a_name_a_size_and_an_identity() -> None:
    node = Node.new()
    for name in ("nvme-Example_SSD_S1", "ata-Other_Model_S2", "virtio-s3", "nvme-Example_SSD_S4"):
        node.add_disk(name, SIZE)
    rows = _lsblk(node, "-d", "-o", "NAME,SIZE,SERIAL,MODEL,TYPE")
    assert [tuple(row.values()) for row in rows] == [
        ("nvme0n1", SIZE, "S1", "Example SSD", "disk"),
        ("nvme1n1", SIZE, "S4", "Example SSD", "disk"),
        ("sda", 512 << 30, "0001", "SYSTEM SSD", "disk"),
        ("sdb", SIZE, "S2", "Other Model", "disk"),
        ("vda", SIZE, "s3", None, "disk"),
    ]
    assert node.files.resolve("/dev/disk/by-id/virtio-s3") == "/dev/vda"
    assert node.files.read("/sys/block/nvme0n1/size") == f"{SIZE // 512}\n"
    assert node.files.read("/sys/class/block/nvme1n1/device/serial") == "S4\n"


def test_the_system_disk_is_the_installers() -> None:
    (disk,) = _lsblk(Node.new(), "-o", "NAME,FSTYPE,PARTTYPENAME", "/dev/sda")
    assert [tuple(part.values()) for part in disk["children"]] == [
        ("sda1", None, "BIOS boot"),
        ("sda2", "vfat", "EFI System"),
        ("sda3", "zfs_member", "Solaris /usr & Apple ZFS"),
    ]


SEEN: dict[str, tuple[list[str], dict[int, str | None]]] = {
    "ext4": (["ext4"], {}),
    "xfs": (["xfs"], {}),
    "vfat": (["vfat", "vfat", "vfat"], {}),
    "btrfs": (["btrfs"], {}),
    "luks": (["crypto_LUKS"], {}),
    "lvm": (["LVM2_member"], {}),
    "lvm-active": (["LVM2_member"], {}),
    "swap": (["swap"], {}),
    "swap-active": (["swap"], {}),
    "raid": (["linux_raid_member"], {}),
    "raid-active": (["linux_raid_member"], {}),
    "zfs": (["gpt", "gpt", "PMBR"], {1: "zfs_member", 9: None}),
    "zfs-on-partition": (["gpt", "gpt", "PMBR"], {1: "zfs_member"}),
    "zfs-exported": (["gpt", "gpt", "PMBR"], {1: "zfs_member", 9: None}),
    "zfs-exported-on-partition": (["gpt", "gpt", "PMBR"], {1: "zfs_member"}),
    "zfs-destroyed": (["gpt", "gpt", "PMBR"], {1: "zfs_member", 9: None}),
    "zfs-foreign": (["gpt", "gpt", "PMBR"], {1: "zfs_member", 9: None}),
    "gpt-empty": (["gpt", "gpt", "PMBR"], {}),
    "gpt-partitions": (["gpt", "gpt", "PMBR"], {1: None, 2: None}),
    "gpt-ext4": (["gpt", "gpt", "PMBR"], {1: "ext4"}),
    "gpt-lvm": (["gpt", "gpt", "PMBR"], {1: "LVM2_member"}),
    "dos-ext4": (["dos"], {1: "ext4"}),
    "mounted": (["ext4"], {}),
    "mounted-partition": (["gpt", "gpt", "PMBR"], {1: "ext4"}),
    "vm": ([], {}),
    "unseen-by-udev": (["ext4"], {}),
    "raw": ([], {}),
    "fstab": ([], {}),
    "crypttab": ([], {}),
}
ZEROS = " 000000" * 8 + "\n*\n"


@pytest.mark.parametrize("kind", KINDS)
def test_a_direct_look_sees_what_is_on_a_disk(kind: str) -> None:
    node = _node(kind)
    signatures, parts = SEEN[kind]
    listed = json.loads(node.run(("wipefs", "--json", DEVICE)).stdout)["signatures"]
    assert [one["type"] for one in listed] == signatures
    names = [path.rpartition("p")[2] for path in node.files.glob(f"{DEVICE}p*")]
    assert names == [str(number) for number in parts]
    for number, expected in parts.items():
        probed = node.run(("blkid", "-p", "-s", "TYPE", "-o", "value", f"{DEVICE}p{number}"))
        assert probed.stdout.strip() == (expected or "")
        assert node.files.resolve(f"/dev/disk/by-id/{NAME}-part{number}") == f"{DEVICE}p{number}"


@pytest.mark.parametrize("kind", KINDS)
def test_od_sees_whether_there_are_bytes_at_all(kind: str) -> None:
    node = _node(kind)
    for words in (("-An", "-N", "1048576"), ("-An", "-j", str(SIZE - 1048576), "-N", "1048576")):
        said = node.run(("od", *words, DEVICE))
        assert said.ok
        assert (said.stdout == ZEROS) == (kind in ("vm", "fstab", "crypttab"))


def test_what_wipefs_leaves_are_bytes_without_a_signature(tmp_path: Path) -> None:
    node = _node("ext4")
    assert node.run(("wipefs", "-a", DEVICE)).ok
    node.save(tmp_path / "node.json")
    kept = Node.load(tmp_path / "node.json")
    assert kept.run(("od", "-An", "-N", "1048576", DEVICE)).stdout not in ("", ZEROS)
    for words in (("-An", "-N", "1", "/dev/none"), ("-An", DEVICE), ("-N", "1", DEVICE)):
        assert not node.run(("od", *words)).ok


@pytest.mark.parametrize("kind", KINDS)
def test_looking_changes_nothing_and_a_saved_disk_comes_back(kind: str, tmp_path: Path) -> None:
    node = _node(kind)
    before = node.disk_content(NAME)
    for words in ("lsblk -J", "lsblk -l", "blkid", f"blkid -p {DEVICE}", f"wipefs {DEVICE}", f"wipefs -n -a {DEVICE}",
                  "zpool import", "zpool import -D", f"sgdisk -p {DEVICE}", "udevadm settle", "findmnt"):  # fmt: skip
        node.run(words.split())
    assert node.disk_content(NAME) == before
    node.save(tmp_path / "node.json")
    loaded = Node.load(tmp_path / "node.json")
    assert loaded.disk_content(NAME) == before
    assert {(one.path, one.source) for one in loaded.files.mounts} == {
        (one.path, one.source) for one in node.files.mounts
    }


def test_contents_differ_after_a_change() -> None:
    node = _node("mounted")
    before = node.disk_content(NAME)
    node.files.write("/mnt/nvme0n1/kept.txt", "Other data.\n")
    assert node.disk_content(NAME) != before


def test_who_uses_a_disk_is_seen() -> None:
    assert _lsblk(_node("mounted"), "-o", "MOUNTPOINTS", DEVICE) == [{"mountpoints": ["/mnt/nvme0n1"]}]
    assert _lsblk(_node("mounted", version=8), "-o", "MOUNTPOINTS", "/dev/sda", "-d") == [{"mountpoints": [None]}]
    swapping = _node("swap-active")
    assert swapping.run(("swapon", "--show=NAME,TYPE", "--noheadings")).stdout == "/dev/nvme0n1 partition\n"
    assert swapping.files.read("/proc/swaps").splitlines()[1].split()[:2] == [DEVICE, "partition"]
    held = _node("lvm-active")
    assert held.files.list("/sys/block/nvme0n1/holders") == ["dm-0"]
    (row,) = _lsblk(held, "-o", "NAME,TYPE", DEVICE)
    assert row["children"] == [{"name": "vgnvme0n1-data", "type": "lvm"}]
    assert _node("raid-active").files.list("/sys/block/nvme0n1/holders") == ["md0"]
    machine = _node("vm")
    assert f"/dev/disk/by-id/{NAME}," in machine.files.read("/etc/pve/qemu-server/100.conf")
    assert '"100"' in machine.files.read("/etc/pve/.vmlist")


def test_udev_lags_behind() -> None:
    node = _node()
    assert node.run(("mkfs.ext4", "-q", DEVICE)).ok
    assert _lsblk(node, "-o", "FSTYPE", DEVICE) == [{"fstype": None}]
    assert 'TYPE="ext4"' in node.run(("blkid", "-p", DEVICE)).stdout
    node.clock += 1
    assert _lsblk(node, "-o", "FSTYPE", DEVICE) == [{"fstype": "ext4"}]
    unseen = _node("unseen-by-udev")
    unseen.clock += 3600
    assert _lsblk(unseen, "-o", "FSTYPE", DEVICE) == [{"fstype": None}]
    assert unseen.run(("sh", "-c", "udevadm trigger && udevadm settle")).ok
    assert _lsblk(unseen, "-o", "FSTYPE", DEVICE) == [{"fstype": "ext4"}]


@pytest.mark.parametrize("kind", ["mounted", "mounted-partition", "swap-active", "lvm-active", "raid-active", "zfs"])
def test_what_is_in_use_is_not_wiped(kind: str) -> None:
    node = _node(kind)
    before = node.disk_content(NAME)
    refused = node.run(("wipefs", "-a", DEVICE))
    said = f"wipefs: error: {DEVICE}: probing initialization failed: Device or resource busy\n"
    assert (refused.rc, refused.stderr) == (1, said)
    for words in (("mkfs.ext4", DEVICE), ("mkswap", DEVICE), ("pvcreate", DEVICE)):
        assert not node.run(words).ok
    assert node.disk_content(NAME) == before


def test_wiping() -> None:
    node = _node("gpt-ext4")
    result = node.run(("wipefs", "-a", DEVICE))
    assert result.stdout.splitlines() == [
        f"{DEVICE}: 8 bytes were erased at offset 0x00000200 (gpt): 45 46 49 20 50 41 52 54",
        f"{DEVICE}: 8 bytes were erased at offset 0xfffffffe00 (gpt): 45 46 49 20 50 41 52 54",
        f"{DEVICE}: 2 bytes were erased at offset 0x000001fe (PMBR): 55 aa",
        f"{DEVICE}: calling ioctl to re-read partition table: Success",
    ]
    assert node.files.glob(f"{DEVICE}p*") == []
    assert node.run(("wipefs", DEVICE)).stdout == ""
    zapped = _node("zfs-destroyed")
    assert "GPT data structures destroyed!" in zapped.run(("sgdisk", "--zap-all", DEVICE)).stdout
    assert zapped.run(("blkid", "-p", DEVICE)).rc == 2
    assert zapped.run(("zpool", "import", "-D")).stderr == "no pools available to import\n"
    partly = _node("ext4")
    assert partly.run(("wipefs", "-o", "0x438", DEVICE)).ok
    assert partly.run(("wipefs", DEVICE)).stdout == ""


def test_mounting() -> None:
    node = _node("ext4")
    node.files.mkdir("/srv/disk")
    assert node.run(("mount", DEVICE, "/srv/disk")).ok
    node.files.write("/srv/disk/file", "1")
    assert node.run(("findmnt", "-rno", "SOURCE,FSTYPE", "/srv/disk")).stdout == f"{DEVICE} ext4\n"
    assert node.run(("mount", DEVICE, "/srv/disk")).rc == 32
    assert node.run(("umount", "/srv/disk")).ok
    assert not node.files.exists("/srv/disk/file")
    assert node.run(("mount", DEVICE, "/srv/disk")).ok
    assert node.files.read("/srv/disk/file") == "1"
    assert node.run(("umount", "/srv/nosuch")).rc == 32


@pytest.mark.parametrize(
    ("command", "rc", "said"),
    [
        ("lsblk -q", 1, "lsblk: invalid option -- 'q'"),
        ("lsblk --nosuch", 1, "lsblk: unrecognized option '--nosuch'"),
        ("lsblk -o NOSUCH", 1, "lsblk: unknown column: NOSUCH"),
        ("lsblk /dev/nosuch", 32, "lsblk: /dev/nosuch: not a block device"),
        ("lsblk /dev/nosuch /dev/sda", 64, "lsblk: /dev/nosuch: not a block device"),
        ("blkid -p", 4, "blkid: The low-level probing mode requires a device"),
        ("blkid -p /dev/nosuch", 2, "blkid: error: /dev/nosuch: No such file or directory"),
        ("wipefs", 1, "wipefs: no device specified"),
        ("wipefs /dev/nosuch", 1, "wipefs: error: /dev/nosuch: probing initialization failed: No such file or "
                                  "directory"),
        ("sgdisk --zap-all /dev/nosuch", 2, "Problem opening /dev/nosuch for reading! Error is 2."),
        ("partprobe /dev/nosuch", 1, "Error: Could not stat device /dev/nosuch - No such file or directory."),
        ("mkfs.ext4 /dev/nosuch", 1, "The file /dev/nosuch does not exist and no size was specified."),
        ("swapon /dev/sda", 255, "swapon: /dev/sda: read swap header failed"),
        ("losetup -d /dev/loop1", 1, "losetup: /dev/loop1: detach failed: No such device or address"),
        ("udevadm nosuch", 1, "Unknown command verb nosuch."),
        ("mount /dev/sda1 /mnt", 32, "mount: /mnt: wrong fs type, bad option."),
        ("pvcreate /dev/nosuch", 5, "  No device found for /dev/nosuch."),
        ("vgremove nosuch", 5, '  Volume group "nosuch" not found'),
    ],
)  # fmt: skip
def test_refusals(command: str, rc: int, said: str) -> None:
    result = Node.new().run(command.split())
    assert (result.rc, result.stderr.splitlines()[0]) == (rc, said)


def test_loop_devices() -> None:
    node = Node.new()
    node.files.write("/root/image", "x" * 4096)
    assert node.run(("losetup", "-f", "--show", "/root/image")).stdout == "/dev/loop0\n"
    assert _lsblk(node, "-o", "NAME,TYPE,SIZE", "/dev/loop0") == [{"name": "loop0", "type": "loop", "size": 4096}]
    assert "/root/image" in node.run(("losetup", "-l")).stdout
    assert node.run(("losetup", "-d", "/dev/loop0")).ok
    assert node.run(("losetup", "-l")).stdout == ""


def test_a_disk_that_is_pulled_out_is_gone() -> None:
    node = _node("gpt-ext4")
    node.remove_disk(NAME)
    assert node.files.glob("/dev/nvme*") == node.files.glob(f"/dev/disk/by-id/{NAME}*") == []
    with pytest.raises(ValueError, match="not in the node"):
        node.remove_disk(NAME)


@pytest.mark.parametrize(("kind", "said"), [("nosuch", "nothing that a disk can carry"), ("ext4", "not empty")])
def test_only_empty_disks_are_given_content(kind: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        _node("gpt-empty").put_on_disk(NAME, kind)
