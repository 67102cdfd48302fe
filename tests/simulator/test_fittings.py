"""A node is fitted only with what a real one could have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from phoenix_hypervisor.simulator.node import Node

SIZE = 1 << 40


def _fitted() -> Node:
    node = Node.new()
    disk = node.add_disk("nvme-A", SIZE)
    node.add_pool("tank", SIZE, disks=[disk])
    node.add_dataset("tank/media", recordsize="1M", compression="zstd")
    node.add_storage("media", "dir", "iso,vztmpl", path="/tank/media")
    node.add_storage("fast", "zfspool", ["images", "rootdir"], pool="tank")
    node.add_bridge("vmbr1", "10.1.0.1/24", "10.1.0.254")
    node.add_gpu(2, driver=True)
    return node


def test_what_was_fitted_is_there() -> None:
    node = _fitted()
    node.add_tarball("media:vztmpl/ubuntu-24.04-standard_24.04-2_amd64.tar.zst", 123 << 20)
    listed = node.run(("zfs", "get", "-Hp", "-o", "value,source", "recordsize,compression,mountpoint", "tank/media"))
    assert listed.stdout == "1048576\tlocal\nzstd\tlocal\n/tank/media\tdefault\n"
    assert node.run(("ls", "/sys/class/net")).stdout.split() == ["enp1s0", "lo", "vmbr0", "vmbr1"]
    assert node.files.read("/sys/bus/pci/devices/0000:02:00.0/vendor") == "0x10de\n"
    assert node.files.read("/sys/bus/pci/devices/0000:02:00.0/class") == "0x030000\n"
    assert [path for path in node.files.glob("/dev/nvidia*") if path[-1].isdigit()] == ["/dev/nvidia0"]
    assert node.files.exists("/dev/disk/by-id/nvme-A")
    assert "media:vztmpl/ubuntu-24.04-standard_24.04-2_amd64.tar.zst" in node.run(("pveam", "list", "media")).stdout
    assert "123.00MB" in node.run(("pveam", "list", "media")).stdout
    assert [row.split()[:3] for row in node.run(("pvesm", "status")).stdout.splitlines()[1:]] == [
        ["fast", "zfspool", "active"],
        ["local", "dir", "active"],
        ["local-zfs", "zfspool", "active"],
        ["media", "dir", "active"],
    ]


IMPOSSIBLE: dict[str, tuple[Callable[[Node], Any], str]] = {
    "disk twice": (lambda node: node.add_disk("nvme-A", SIZE), "in the node already"),
    "disk with a path": (lambda node: node.add_disk("../sda", SIZE), "not a name under"),
    "tiny disk": (lambda node: node.add_disk("nvme-B", 1000), "too few"),
    "two cards in one slot": (lambda node: node.add_gpu(2), "a card in it already"),
    "no such slot": (lambda node: node.add_gpu(99), "there are slots"),
    "bridge twice": (lambda node: node.add_bridge("vmbr1"), "interface of that name"),
    "bad bridge": (lambda node: node.add_bridge("vm br"), "interface name"),
    "pool twice": (lambda node: node.add_pool("tank", SIZE), "there already"),
    "pool on no disk": (lambda node: node.add_pool("p2", SIZE, disks=["nvme-Z"]), "no disk"),
    "pool on a used disk": (lambda node: node.add_pool("p2", SIZE, disks=["nvme-A"]), "belongs to pool 'tank'"),
    "bad pool name": (lambda node: node.add_pool("9p", SIZE), "pool name"),
    "dataset without parent": (lambda node: node.add_dataset("tank/a/b"), "parent does not exist"),
    "dataset without pool": (lambda node: node.add_dataset("nopool/a"), "no such pool"),
    "dataset twice": (lambda node: node.add_dataset("tank/media"), "already exists"),
    "unknown property": (lambda node: node.add_dataset("tank/b", colour="red"), "invalid property 'colour'"),
    "bad property": (lambda node: node.add_dataset("tank/b", recordsize="100K"), "power of 2"),
    "storage over no dataset": (lambda node: node.add_storage("s", "zfspool", "rootdir", pool="tank/x"), "storage"),
    "storage without pool": (lambda node: node.add_storage("st", "zfspool", "rootdir"), "no dataset ''"),
    "zfspool with tarballs": (lambda node: node.add_storage("st", "zfspool", "vztmpl", pool="tank"), "content vztmpl"),
    "storage twice": (lambda node: node.add_storage("fast", "zfspool", "rootdir", pool="tank"), "declared already"),
    "dir without path": (lambda node: node.add_storage("st", "dir", "iso"), "absolute path"),
    "no such type": (lambda node: node.add_storage("st", "floppy", "iso", path="/x"), "no type of storage"),
    "tarball on no storage": (lambda node: node.add_tarball("none:vztmpl/a.tar.zst"), "no storage"),
    "tarball without content": (lambda node: node.add_tarball("local-zfs:vztmpl/a.tar.zst"), "no content vztmpl"),
    "no tarball": (lambda node: node.add_tarball("/srv/a.iso"), "a tarball ends with"),
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_the_impossible_is_refused(case: str) -> None:
    fitting, said = IMPOSSIBLE[case]
    with pytest.raises(ValueError, match=said):
        fitting(_fitted())
