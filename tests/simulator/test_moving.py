"""``pct move-volume``: to another storage, to another container."""

from __future__ import annotations

import pytest

from phoenix_hypervisor.simulator.node import Node
from simulator.asking import datasets, held, inside, ok, read, refused
from simulator.driving import cut_off
from simulator.small import create, small_node

MOVE = ("pct", "move-volume", "102")


def _node() -> Node:
    """CT 102 has a volume with a file in it; there is a second pool and a directory."""
    node = small_node()
    node.add_pool("tank", 1 << 40)
    node.add_storage("tank-zfs", "zfspool", "rootdir,images", pool="tank")
    node.add_storage("disk", "dir", "images,rootdir", path="/srv/disk")
    ok(node, "pct", "set", "102", "--mp0", "local-zfs:1,mp=/data,backup=1")
    node.files.write("/rpool/data/subvol-102-disk-1/file", "data\n", uid=100_000, gid=100_000)
    return node


@pytest.mark.parametrize(
    ("storage", "volume"), [("tank-zfs", "tank-zfs:subvol-102-disk-0"), ("disk", "disk:102/vm-102-disk-0.raw")]
)
def test_a_volume_is_copied_and_the_old_one_kept(storage: str, volume: str) -> None:
    node = _node()
    assert "Number of files: " in ok(node, *MOVE, "mp0", storage)
    options = held(node, "102")
    assert options["mp0"] == f"{volume},mp=/data,backup=1,size=1G"
    assert options["unused0"] == "local-zfs:subvol-102-disk-1"
    assert "lock" not in options
    ok(node, "pct", "start", "102")
    assert inside(node, "cat /data/file; cat /etc/hostname", "102") == "data\nct102\n"


def test_the_old_volume_goes_when_told_so() -> None:
    node = _node()
    ok(node, *MOVE, "rootfs", "tank-zfs", "--delete", "1")
    assert "unused0" not in held(node, "102")
    assert datasets(node, "102") == ["subvol-102-disk-1", "subvol-102-disk-0"]
    ok(node, "pct", "snapshot", "102", "one")
    said = refused(node, *MOVE, "mp0", "tank-zfs", "--delete", "1")
    assert said == "you can't move a volume with snapshots and delete the source\n"


def test_a_moved_template_is_one_still() -> None:
    node = _node()
    ok(node, "pct", "template", "102")
    ok(node, *MOVE, "rootfs", "tank-zfs")
    assert held(node, "102")["rootfs"] == "tank-zfs:basevol-102-disk-0,size=2G"
    assert "tank/basevol-102-disk-0@__base__" in ok(node, "zfs", "list", "-H", "-t", "snapshot", "-o", "name")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("101", "rootfs", "tank-zfs"), "cannot move volumes of a running container\n"),
        (("102", "rootfs", "nosuch"), "storage 'nosuch' does not exist\n"),
        (
            ("102", "rootfs", "local"),
            "content type 'rootdir' is not available or configured on storage 'local'\n",
        ),
        (("102", "unused0", "tank-zfs"), "cannot move volume 'unused0', only configured volumes can be moved"),
        (("102", "mp7", "tank-zfs"), "format error\n"),
        (("102", "mp0", "tank-zfs", "--digest", "0" * 40), "detected modified configuration"),
        (("102", "mp0", "--target-vmid", "103", "--target-volume", "rootfs"), "Cannot move to/from 'rootfs'\n"),
        (("102", "mp0", "--target-vmid", "999"), "could not find CT 999\n"),
        (("102", "mp0", "tank-zfs", "103"), "either set storage or target-vmid, but not both\n"),
    ],
)
def test_refusals(words: tuple[str, ...], said: str) -> None:
    node = _node()
    before = read(node, "102")
    assert refused(node, "pct", "move-volume", *words).startswith(said)
    assert read(node, "102") == before
    assert not [name for name in node.zfs.datasets if name.startswith("tank/")]


def test_a_volume_changes_hands() -> None:
    node = _node()
    ok(node, *create(103))
    ok(node, "pct", "set", "103", "--mp1", "local-zfs:1,mp=/own")
    ok(node, *MOVE, "mp0", "--target-vmid", "103", "--target-volume", "mp4")
    assert "mp0" not in held(node, "102")
    assert held(node, "103")["mp4"] == "local-zfs:subvol-103-disk-2,mp=/data,backup=1,size=1G"
    assert node.files.read("/rpool/data/subvol-103-disk-2/file") == "data\n"
    said = refused(node, "pct", "move-volume", "103", "mp4", "--target-vmid", "102", "--target-volume", "rootfs")
    assert said == "Cannot move to/from 'rootfs'\n"
    ok(node, "pct", "set", "103", "--delete", "mp4")
    ok(node, "pct", "move-volume", "103", "unused0", "--target-vmid", "102")
    assert held(node, "102")["unused0"] == "local-zfs:subvol-102-disk-1"


def test_a_move_that_is_cut_off_leaves_lock_and_copy() -> None:
    node = _node()
    assert cut_off(node, (*MOVE, "mp0", "tank-zfs"), 2)
    assert held(node, "102")["lock"] == "disk"
    assert held(node, "102")["mp0"].startswith("local-zfs:subvol-102-disk-1,")
    assert "tank/subvol-102-disk-0" in node.zfs.datasets
