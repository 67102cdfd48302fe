"""Clones, templates, containers on directories, a container mounted on the node, the end of a container."""

from __future__ import annotations

import pytest

from phoenix_hypervisor.simulator.node import Node
from simulator.asking import datasets, held, inside, ok, read, refused
from simulator.small import TARBALL, small_node

RUNNING, STOPPED, NEW = "101", "102", "150"
DATA = "local-zfs:8,mp=/data"


def _dir_node() -> Node:
    node = small_node()
    node.add_storage("disk", "dir", "images,rootdir", path="/srv/disk")
    ok(node, "pct", "create", "103", TARBALL, "--rootfs", "disk:3", "--features", "nesting=1")
    return node


# -- clones


def test_a_full_clone_copies_every_volume_and_the_firewall_file() -> None:
    node = small_node()
    ok(node, "pct", "set", STOPPED, "--mp0", DATA, "--tags", "a", "--description", "of the source", "--onboot", "1")
    node.files.write("/rpool/data/subvol-102-disk-1/file", "data\n")
    node.files.mkdir("/etc/pve/firewall")
    node.files.write("/etc/pve/firewall/102.fw", "[OPTIONS]\nenable: 1\n")
    node.files.write("/etc/pve/firewall/150.fw", "[OPTIONS]\nenable: 0\n")
    said = ok(node, "pct", "clone", STOPPED, NEW, "--hostname", "new")
    assert "create full clone of mountpoint mp0 (local-zfs:subvol-102-disk-1)\n" in said
    config = read(node, NEW)
    assert config.current.get("mp0") == "local-zfs:subvol-150-disk-1,mp=/data,size=8G"
    assert (config.current.description, config.current.get("tags")) == ("of the source\n", "a")
    assert node.files.read("/rpool/data/subvol-150-disk-1/file") == "data\n"
    assert node.files.read("/etc/pve/firewall/150.fw") == "[OPTIONS]\nenable: 1\n"
    ok(node, "pct", "destroy", NEW)
    assert datasets(node, NEW) == []
    assert node.files.list("/etc/pve/firewall") == ["102.fw"]


def test_a_template_with_volumes_and_its_linked_clones() -> None:
    node = small_node()
    ok(node, "pct", "set", STOPPED, "--mp0", DATA, "--mp1", "local-zfs:1,mp=/logs")
    ok(node, "pct", "set", STOPPED, "--delete", "mp1")
    ok(node, "pct", "template", STOPPED)
    options = held(node, STOPPED)
    assert options["mp0"] == "local-zfs:basevol-102-disk-1,mp=/data,size=8G"
    assert options["unused0"] == "local-zfs:subvol-102-disk-2", "an unused volume stays as it is"
    ok(node, "pct", "clone", STOPPED, NEW)
    options = held(node, NEW)
    assert options["mp0"] == "local-zfs:basevol-102-disk-1/subvol-150-disk-1,mp=/data,size=8G"
    assert "unused0" not in options
    assert ok(node, "zfs", "get", "-H", "-o", "value", "origin", "rpool/data/subvol-150-disk-1") == (
        "rpool/data/basevol-102-disk-1@__base__\n"
    )
    assert "still in use by linked clones" in refused(node, "pct", "destroy", STOPPED)
    ok(node, "pct", "destroy", NEW)
    ok(node, "pct", "destroy", STOPPED)
    assert datasets(node, STOPPED) + datasets(node, NEW) == []


def test_a_full_clone_of_a_template_and_a_clone_of_a_snapshot() -> None:
    node = small_node()
    inside(node, "echo old > /etc/file")
    ok(node, "pct", "snapshot", RUNNING, "layer", "--description", "of the snapshot")
    inside(node, "echo new > /etc/file")
    ok(node, "pct", "clone", RUNNING, NEW, "--full", "1", "--snapname", "layer")
    assert node.files.read("/rpool/data/subvol-150-disk-0/etc/file") == "old\n"
    config = read(node, NEW)
    assert config.current.description == "of the snapshot\n"
    assert not config.snapshots
    ok(node, "pct", "template", NEW)
    ok(node, "pct", "clone", NEW, "151", "--full", "1")
    assert held(node, "151")["rootfs"] == "local-zfs:subvol-151-disk-0,size=2G"
    assert node.zfs.datasets["rpool/data/subvol-151-disk-0"].origin == ""
    assert "is not available" in refused(node, "pct", "clone", RUNNING, "152", "--full", "0", "--snapname", "layer")
    assert not node.files.exists("/etc/pve/lxc/152.conf")
    assert "lock" not in held(node, RUNNING)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("mp0: /srv,mp=/srv", "unable to clone mountpoint 'mp0' (type bind)\n"),
        ("mp0: /dev/sdb1,mp=/srv", "unable to clone mountpoint 'mp0' (type device)\n"),
        ("lock: backup", "CT is locked (backup)\n"),
    ],
)
def test_a_clone_that_is_refused_leaves_nothing(change: str, said: str) -> None:
    node = small_node()
    node.files.mkdir("/etc/pve/firewall")
    node.files.write("/etc/pve/firewall/102.fw", "[OPTIONS]\n")
    node.files.write(f"/etc/pve/lxc/{STOPPED}.conf", f"{change}\n", append=True)
    before = read(node, STOPPED)
    assert refused(node, "pct", "clone", STOPPED, NEW) == said
    assert read(node, STOPPED) == before
    assert not node.files.exists(f"/etc/pve/lxc/{NEW}.conf")
    assert not node.files.exists(f"/etc/pve/firewall/{NEW}.fw")


def test_a_template_cannot_have_a_bind_mount_and_says_so_with_exit_0() -> None:
    node = small_node()
    ok(node, "pct", "set", STOPPED, "--mp0", DATA, "--mp1", "/srv,mp=/srv")
    result = node.run(("pct", "template", STOPPED))
    assert (result.rc, result.stderr) == (0, "Template feature is not available for '/srv'\n")
    assert "template" not in held(node, STOPPED)
    assert datasets(node, STOPPED) == ["subvol-102-disk-0", "subvol-102-disk-1"]


def test_what_was_pending_stays_pending_in_a_template() -> None:
    node = small_node()
    ok(node, "pct", "set", RUNNING, "--features", "nesting=1,keyctl=1")
    ok(node, "pct", "stop", RUNNING)
    ok(node, "pct", "template", RUNNING)
    assert "new features: nesting=1,keyctl=1\n" in ok(node, "pct", "pending", RUNNING)


# -- directories


def test_a_container_on_a_directory() -> None:
    node = _dir_node()
    ok(node, "pct", "set", "103", "--mp0", "disk:1,mp=/data")
    assert held(node, "103")["mp0"] == "disk:103/vm-103-disk-1.raw,mp=/data,size=1G"
    assert refused(node, "pct", "snapshot", "103", "late") == "snapshot feature is not available\n"
    ok(node, "pct", "start", "103")
    assert inside(node, "ls -A /data; stat -c %u /data /data/lost+found", "103") == "lost+found\n0\n65534\n"
    inside(node, "echo kept > /data/file; echo kept > /etc/file", "103")
    ok(node, "pct", "stop", "103")
    ok(node, "pct", "clone", "103", NEW, "--storage", "local-zfs")
    assert held(node, NEW)["rootfs"] == "local-zfs:subvol-150-disk-0,size=3G"
    ok(node, "pct", "clone", NEW, "151", "--storage", "disk")
    assert held(node, "151")["mp0"] == "disk:151/vm-151-disk-1.raw,mp=/data,size=1G"
    ok(node, "pct", "clone", "103", "152")
    for ctid in (NEW, "151", "152"):
        ok(node, "pct", "start", ctid)
        assert inside(node, "cat /data/file /etc/file", ctid) == "kept\nkept\n"
    ok(node, "pct", "destroy", "152", "--force", "1")
    assert not node.files.exists("/srv/disk/images/152")


def test_a_template_on_a_directory_has_full_clones_only() -> None:
    node = _dir_node()
    ok(node, "pct", "template", "103")
    assert held(node, "103")["rootfs"] == "disk:103/base-103-disk-0.raw,size=3G"
    assert node.files.list("/srv/disk/images/103") == ["base-103-disk-0.raw"]
    said = "Linked clone feature for 'disk:103/base-103-disk-0.raw' is not available\n"
    assert refused(node, "pct", "clone", "103", NEW) == said
    assert "lock" not in held(node, "103")
    ok(node, "pct", "clone", "103", NEW, "--full", "1")
    assert held(node, NEW)["rootfs"] == "disk:150/vm-150-disk-0.raw,size=3G"


# -- on the node


def test_files_of_a_mounted_container_are_in_its_volumes() -> None:
    node = small_node()
    ok(node, "pct", "set", STOPPED, "--mp0", f"{DATA}")
    assert ok(node, "pct", "mount", STOPPED) == "mounted CT 102 in '/var/lib/lxc/102/rootfs'\n"
    root = "/var/lib/lxc/102/rootfs"
    node.files.write(f"{root}/etc/marker", "x")
    node.files.write(f"{root}/data/file", "y")
    assert node.files.read("/rpool/data/subvol-102-disk-0/etc/marker") == "x"
    assert node.files.read("/rpool/data/subvol-102-disk-1/file") == "y"
    for argv in (("pct", "snapshot", STOPPED, "s1"), ("pct", "set", STOPPED, "--memory", "300")):
        assert refused(node, *argv) == "CT is locked (mounted)\n"
    assert refused(node, "zfs", "destroy", "rpool/data/subvol-102-disk-1").endswith("dataset is busy\n")
    ok(node, "pct", "unmount", STOPPED)
    assert node.files.list(root) == []
    assert refused(node, "pct", "unmount", STOPPED) == "no lock found trying to remove 'mounted' lock\n"


def test_a_start_takes_the_mounts_away_but_not_the_lock() -> None:
    node = small_node()
    ok(node, "pct", "mount", STOPPED)
    ok(node, "pct", "start", STOPPED)
    assert node.files.list("/var/lib/lxc/102/rootfs") == []
    assert held(node, STOPPED)["lock"] == "mounted"
    ok(node, "pct", "unmount", STOPPED)
    assert node.guests.is_running(102)


def test_a_mount_that_fails_leaves_the_lock() -> None:
    node = small_node()
    ok(node, "pct", "set", STOPPED, "--mp0", "/srv/gone,mp=/gone")
    assert refused(node, "pct", "mount", STOPPED) == (
        "mounting container failed\ndirectory '/srv/gone' does not exist\n"
    )
    assert node.files.list("/var/lib/lxc/102/rootfs") == []
    assert held(node, STOPPED)["lock"] == "mounted"


# -- the end


def test_what_only_a_snapshot_names_outlives_the_container() -> None:
    node = small_node()
    ok(node, "pct", "set", STOPPED, "--mp0", DATA, "--mp1", "local-zfs:1,mp=/x")
    ok(node, "pct", "snapshot", STOPPED, "before")
    ok(node, "pct", "set", STOPPED, "--delete", "mp0,mp1")
    ok(node, "pct", "set", STOPPED, "--delete", "unused0")
    ok(node, "pct", "destroy", STOPPED)
    assert datasets(node, STOPPED) == ["subvol-102-disk-1"]


def test_unreferenced_volumes_go_when_told_so() -> None:
    node = small_node()
    ok(node, "pvesm", "alloc", "local-zfs", STOPPED, "", "1G", "--format", "subvol")
    ok(node, "pct", "destroy", STOPPED, "--destroy-unreferenced-disks", "1")
    assert datasets(node, STOPPED) == []


def test_a_running_container_is_destroyed_by_force_alone() -> None:
    node = small_node()
    assert refused(node, "pct", "destroy", RUNNING) == "unable to destroy CT 101 - container is running\n"
    result = node.run(("pct", "destroy", RUNNING, "--force", "1"))
    assert (result.ok, result.stderr) == (True, "forced to stop CT 101 before destroying!\n")
