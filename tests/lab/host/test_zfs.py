"""Pools, datasets, storages and the ARC, on real disks."""

from __future__ import annotations

import pytest

from lab.host.documents import dataset, host, pool, zfs
from lab.host.machine import Machine
from lab.host.site import Site, furnished, standins

LIMIT = 256 << 20


@pytest.fixture(scope="module")
def site(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Site:
    return furnished(machine, tmp_path_factory.mktemp("user"))


@pytest.fixture(scope="module")
def disks(site: Site) -> list[str]:
    return [site.disk(f"disk{number}") for number in range(6)]


def _document(disks: list[str], **more: float) -> dict[str, object]:
    """A mirror, a raidz1 and a single disk."""
    pools = (pool("pair", "mirror", *disks[:2]), pool("three", "raidz1", *disks[2:5]), pool("one", "single", disks[5]))
    datasets = (
        dataset("pair", "lxc", "recordsize=16K,quota=400M", "zfspool", "rootdir,images"),
        dataset("pair", "lxc/inner", "compression=zstd"),
        dataset("three", "backups", "recordsize=1M,compression=off", "dir", "backup"),
        dataset("one", "media", "atime=on"),
    )
    return host(zfs=zfs(*pools, datasets=datasets, **more))


def _read(site: Site, properties: str, dataset: str) -> str:
    return " ".join(site.sh(f"zfs get -H -p -o value {properties} {dataset}").split())


def test_pools_of_every_layout_with_datasets_and_storages(site: Site, disks: list[str]) -> None:
    standins("pvesm: Proxmox's own is not there; zpool, zfs and the disks are real")
    site.converged(_document(disks))
    rows = [line.split()[0] for line in site.sh("zpool list -v -H three pair one").splitlines()]
    assert sorted(row for row in rows if row.startswith(("mirror-", "raidz"))) == ["mirror-0", "raidz1-0"]
    assert site.sh("zpool list -H -o health pair three one").split() == ["ONLINE"] * 3
    assert _read(site, "recordsize,quota,acltype,xattr", "pair/lxc") == f"16384 {400 << 20} posix on"
    assert _read(site, "compression,mountpoint", "pair/lxc/inner") == "zstd /mnt/pve/pair/lxc/inner"
    assert _read(site, "recordsize,compression,mounted", "three/backups") == f"{1 << 20} off yes"
    storages = site.sh("cat /etc/pve/storage.cfg")
    assert "zfspool: pair-lxc\n\tpool pair/lxc\n" in storages
    assert "dir: three-backups\n\tpath /mnt/pve/three/backups\n" in storages


def test_what_somebody_changed_is_put_back_and_data_stays(site: Site, disks: list[str]) -> None:
    standins("pvesm")
    site.sh("echo treasure >/mnt/pve/one/media/data && zfs set atime=off one/media && zfs create one/theirs")
    done = site.converged(_document(disks))
    assert [command for command in done.commands if command.startswith("zfs ")] == ["zfs set atime=on one/media"]
    assert site.sh("cat /mnt/pve/one/media/data") == "treasure\n"
    assert site.sh("zfs list -H -o name one/theirs") == "one/theirs\n"


def test_the_limit_of_the_arc_holds_now_and_at_boot(site: Site, disks: list[str]) -> None:
    standins("pvesm")
    site.converged(_document(disks, arc_max_gb=LIMIT / (1 << 30)))
    assert site.sh("cat /sys/module/zfs/parameters/zfs_arc_max") == f"{LIMIT}\n"
    assert f"options zfs zfs_arc_max={LIMIT}\n" in site.sh("cat /etc/modprobe.d/zfs.conf")
    site.restart()
    assert site.sh("cat /sys/module/zfs/parameters/zfs_arc_max") == f"{LIMIT}\n"
    assert site.sh("zpool list -H -o name").split() == ["one", "pair", "three"]


def test_a_declared_layout_that_differs_is_told_and_left(site: Site, disks: list[str]) -> None:
    standins("pvesm")
    document = _document(disks)
    document["zfs"] = zfs(pool("pair", "single", disks[0]))
    before = site.sh("zpool status -P pair")
    done = site.apply(document)
    assert "Kept: host: the pool pair is mirror of" in done.said
    assert not [command for command in done.commands if command.startswith("zpool")]
    assert site.sh("zpool status -P pair") == before
