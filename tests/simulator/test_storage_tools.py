"""pvesm, pveam, lxc-… and the tarballs that containers are made of, beyond the recordings."""

from __future__ import annotations

import pytest

from phoenix_hypervisor.simulator.node import Node
from simulator.small import TARBALL, small_node

UBUNTU = "ubuntu-24.04-standard_24.04-2_amd64.tar.zst"


def test_a_tarball_is_downloaded_once() -> None:
    node = Node.new()
    assert UBUNTU in node.run(("pveam", "available", "--section", "system")).stdout
    first = node.run(("pveam", "download", "local", UBUNTU))
    again = node.run(("pveam", "download", "local", UBUNTU))
    assert (first.rc, again.rc) == (0, 0)
    assert first.seconds > 5 > again.seconds
    assert again.stdout == "OK, got correct file already, no need to download\n"
    made = node.run(("pct", "create", "100", f"local:vztmpl/{UBUNTU}", "--rootfs", "local-zfs:8", "--hostname", "box"))
    assert made.ok
    assert 10 < made.seconds < 25
    assert "ostype: ubuntu\n" in node.run(("pct", "config", "100")).stdout
    assert node.files.exists("/rpool/data/subvol-100-disk-0/etc/os-release")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("pveam", "download", "local", "nosuch.tar.zst"), "template: no such template"),
        (("pveam", "download", "local-zfs", UBUNTU), "storage 'local-zfs' does not support templates"),
        (("pveam", "list", "nosuch"), "storage 'nosuch' does not exist"),
        (("pveam", "download", "local"), "400 not enough arguments"),
        (("pvesm", "list", "nosuch"), "storage 'nosuch' does not exist"),
        (("pvesm", "add", "dir", "x1"), "path: property is missing and it is not optional"),
        (("pvesm", "add", "zfspool", "x1", "--pool", "rpool/nosuch"), "dataset does not exist"),
        (("pvesm", "frobnicate"), "ERROR: unknown command 'pvesm frobnicate'"),
        (("lxc-info", "-n", "999"), "999 doesn't exist"),
    ],
)
def test_refusals(argv: tuple[str, ...], said: str) -> None:
    result = Node.new().run(argv)
    assert not result.ok
    assert said in result.stderr


def test_a_tarball_may_be_named_by_its_path() -> None:
    node = Node.new()
    path = node.add_tarball("/srv/own/debian-12-standard_12.12-1_amd64.tar.zst")
    made = node.run(("pct", "create", "100", path, "--rootfs", "local-zfs:2"))
    assert made.ok
    assert "WARN: Systemd 252 detected. You may need to enable nesting.\n" in made.stdout


def test_what_is_no_archive_leaves_nothing_behind() -> None:
    node = Node.new()
    node.files.write("/var/lib/vz/template/cache/junk.tar.zst", "junk\n")
    result = node.run(("pct", "create", "100", "local:vztmpl/junk.tar.zst", "--rootfs", "local-zfs:2"))
    assert result.stderr.startswith("unable to create CT 100 - command 'tar ")
    assert node.run(("pct", "list")).stdout == ""
    assert node.run(("pvesm", "list", "local-zfs")).stdout.splitlines()[1:] == []


def test_a_creation_that_fails_on_its_second_volume_frees_the_first() -> None:
    node = Node.new()
    node.add_tarball(TARBALL)
    mounts = ("--rootfs", "local-zfs:2", "--mp0", "local-zfs:subvol-999-disk-0,mp=/data")
    result = node.run(("pct", "create", "100", TARBALL, *mounts))
    assert result.stderr == (
        "unable to create CT 100 - zfs error: cannot open 'rpool/data/subvol-999-disk-0': dataset does not exist\n"
    )
    assert "rpool/data/subvol-100-disk-0" not in node.zfs.datasets
    assert not node.files.exists("/etc/pve/lxc/100.conf")


def test_volumes_by_hand() -> None:
    node = Node.new()
    made = node.run(("pvesm", "alloc", "local-zfs", "100", "", "2G", "--format", "subvol"))
    assert made.stdout == "successfully created 'local-zfs:subvol-100-disk-0'\n"
    assert node.run(("pvesm", "path", "local-zfs:subvol-100-disk-0")).stdout == "/rpool/data/subvol-100-disk-0\n"
    assert node.run(("pvesm", "path", TARBALL)).stdout == f"/var/lib/vz/template/cache/{TARBALL.rpartition('/')[2]}\n"
    assert "2147483648 100" in node.run(("pvesm", "list", "local-zfs")).stdout
    assert node.run(("pvesm", "free", "local-zfs:subvol-100-disk-0")).ok
    assert node.run(("pvesm", "free", "local-zfs:subvol-100-disk-0")).ok, "what is gone already is free"
    assert node.run(("pvesm", "path", "local-zfs:nosuch")).stderr == "unable to parse zfs volume name 'nosuch'\n"


def test_a_mounted_volume_cannot_be_destroyed() -> None:
    node = small_node()
    result = node.run(("zfs", "destroy", "-r", "rpool/data/subvol-101-disk-0"))
    assert result.stderr == "cannot destroy 'rpool/data/subvol-101-disk-0': dataset is busy\n"
    assert node.run(("zfs", "destroy", "-r", "rpool/data/subvol-102-disk-0")).ok


def test_containers_as_lxc_sees_them() -> None:
    node = small_node()
    node.clock += 10
    assert node.run(("lxc-ls", "-1", "--running")).stdout == "101\n"
    assert node.run(("lxc-ls", "-f", "-F", "NAME,STATE,IPV4")).stdout == (
        "NAME STATE   IPV4       \n101  RUNNING 10.0.0.101 \n"
    )
    assert node.run(("lxc-info", "-n", "101", "-s", "-H")).stdout == "RUNNING\n"
    assert node.run(("ls", "-d", "/sys/fs/cgroup/lxc/101", "/sys/fs/cgroup/lxc/102")).rc == 2
