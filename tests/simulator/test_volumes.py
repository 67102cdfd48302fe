"""Volumes that come, grow, are set aside and go; what a change refuses and what it says."""

from __future__ import annotations

import pytest

from simulator.asking import datasets, held, inside, ok, read, refused
from simulator.small import create, small_node

RUNNING, STOPPED = "101", "102"
DATA = "local-zfs:8,mp=/data"


def test_a_volume_is_made_with_the_container() -> None:
    node = small_node()
    ok(node, *create(103, "--mp0", f"{DATA},backup=1", "--start", "1"))
    assert held(node, "103")["mp0"] == "local-zfs:subvol-103-disk-1,mp=/data,backup=1,size=8G"
    assert ok(node, "zfs", "get", "-Hp", "-o", "value", "refquota", "rpool/data/subvol-103-disk-1") == "8589934592\n"
    assert inside(node, "findmnt -rno SOURCE,FSTYPE /data", "103") == "rpool/data/subvol-103-disk-1 zfs\n"
    assert inside(node, "touch /data/x; stat -c %u:%g /data /data/x", "103") == "0:0\n0:0\n"
    assert [entry.uid for entry in node.zfs.datasets["rpool/data/subvol-103-disk-1"].tree.values()] == [100000] * 2


@pytest.mark.parametrize("ctid", [STOPPED, RUNNING])
def test_a_new_volume_is_there_at_once(ctid: str) -> None:
    node = small_node()
    ok(node, "pct", "set", ctid, "--mp0", DATA)
    assert held(node, ctid)["mp0"] == f"local-zfs:subvol-{ctid}-disk-1,mp=/data,size=8G"
    assert read(node, ctid).pending is None
    if ctid == STOPPED:
        ok(node, "pct", "start", ctid)
    inside(node, "echo kept > /data/file", ctid)
    assert node.files.read(f"/rpool/data/subvol-{ctid}-disk-1/file") == "kept\n"
    ok(node, "pct", "reboot", ctid)
    assert inside(node, "cat /data/file", ctid) == "kept\n"


def test_a_changed_mount_point_waits_for_the_next_start() -> None:
    node = small_node()
    ok(node, "pct", "set", RUNNING, "--mp0", DATA, "--mp1", "local-zfs:1,mp=/logs")
    inside(node, "echo kept > /data/file")
    volume = "local-zfs:subvol-101-disk-1"
    ok(node, "pct", "set", RUNNING, "--mp0", f"{volume},mp=/other", "--delete", "mp1")
    assert read(node, RUNNING).pending_delete == ("mp1",)
    assert "new mp0: local-zfs:subvol-101-disk-1,mp=/other\n" in ok(node, "pct", "pending", RUNNING)
    assert inside(node, "cat /data/file; ls -d /logs") == "kept\n/logs\n"
    ok(node, "pct", "reboot", RUNNING)
    assert inside(node, "cat /other/file") == "kept\n"
    options = held(node, RUNNING)
    assert (options["mp0"], options["unused0"]) == (f"{volume},mp=/other,size=8G", "local-zfs:subvol-101-disk-2")
    assert "mp1" not in options


def test_a_volume_in_place_of_another_is_made_at_the_next_start() -> None:
    node = small_node()
    ok(node, "pct", "set", RUNNING, "--mp0", DATA)
    ok(node, "pct", "set", RUNNING, "--mp0", "local-zfs:2,mp=/data")
    assert datasets(node, RUNNING) == ["subvol-101-disk-0", "subvol-101-disk-1"]
    ok(node, "pct", "stop", RUNNING)
    ok(node, "pct", "set", RUNNING, "--memory", "300")
    assert "new mp0: local-zfs:2,mp=/data\n" in ok(node, "pct", "pending", RUNNING), "a change applies what it names"
    ok(node, "pct", "start", RUNNING)
    assert held(node, RUNNING)["mp0"] == "local-zfs:subvol-101-disk-2,mp=/data,size=2G"
    assert held(node, RUNNING)["unused0"] == "local-zfs:subvol-101-disk-1"


def test_a_volume_that_is_no_longer_wanted() -> None:
    node = small_node()
    ok(node, "pct", "set", STOPPED, "--mp0", DATA)
    ok(node, "pct", "set", STOPPED, "--delete", "mp0")
    assert held(node, STOPPED)["unused0"] == "local-zfs:subvol-102-disk-1"
    ok(node, "pct", "set", STOPPED, "--mp3", "local-zfs:subvol-102-disk-1,mp=/back,size=1T")
    options = held(node, STOPPED)
    assert options["mp3"] == "local-zfs:subvol-102-disk-1,mp=/back,size=8G", "the size is the volume's"
    assert "unused0" not in options
    ok(node, "pct", "set", STOPPED, "--delete", "mp3")
    ok(node, "pct", "set", STOPPED, "--delete", "unused0")
    assert datasets(node, STOPPED) == ["subvol-102-disk-0"]
    assert "unused0" not in held(node, STOPPED)


def test_an_unused_volume_that_a_snapshot_names_is_kept() -> None:
    node = small_node()
    ok(node, "pct", "set", STOPPED, "--mp0", DATA)
    ok(node, "pct", "snapshot", STOPPED, "with")
    ok(node, "pct", "set", STOPPED, "--delete", "mp0")
    ok(node, "pct", "set", STOPPED, "--delete", "unused0")
    assert datasets(node, STOPPED) == ["subvol-102-disk-0", "subvol-102-disk-1"]
    ok(node, "pct", "delsnapshot", STOPPED, "with")
    assert held(node, STOPPED)["unused1"] == "local-zfs:subvol-102-disk-1", "the root was unused0 until written"


def test_an_unused_volume_that_clones_hang_on_stays() -> None:
    node = small_node()
    ok(node, "pct", "set", STOPPED, "--mp0", DATA)
    ok(node, "zfs", "snapshot", "rpool/data/subvol-102-disk-1@x")
    ok(node, "zfs", "clone", "rpool/data/subvol-102-disk-1@x", "rpool/data/other")
    ok(node, "pct", "set", STOPPED, "--delete", "mp0")
    assert "unable to apply pending change unused0" in refused(node, "pct", "set", STOPPED, "--delete", "unused0")
    assert "unused0" in held(node, STOPPED)


def test_a_volume_of_another_container_is_not_freed() -> None:
    node = small_node()
    ok(node, "pct", "set", STOPPED, "--mp0", "local-zfs:subvol-101-disk-0,mp=/theirs")
    ok(node, "pct", "set", STOPPED, "--delete", "mp0")
    result = node.run(("pct", "set", STOPPED, "--delete", "unused0"))
    assert result.ok
    assert result.stderr == "ignore deletion of 'local-zfs:subvol-101-disk-0', CT 102 isn't the owner!\n"
    assert datasets(node, RUNNING) == ["subvol-101-disk-0"]


def test_volumes_grow() -> None:
    node = small_node()
    ok(node, "pct", "set", RUNNING, "--mp0", DATA)
    ok(node, "pct", "resize", RUNNING, "mp0", "9G")
    assert held(node, RUNNING)["mp0"] == "local-zfs:subvol-101-disk-1,mp=/data,size=9G"
    assert ok(node, "zfs", "get", "-Hp", "-o", "value", "refquota", "rpool/data/subvol-101-disk-1") == f"{9 << 30}\n"
    assert refused(node, "pct", "resize", RUNNING, "mp0", "8G") == "unable to shrink disk size\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--mp0 local:8,mp=/data", "storage 'local' does not allow content type 'rootdir' (Container)\n"),
        ("--mp0 nosuch:8,mp=/data", "storage 'nosuch' does not exist\n"),
        ("--delete memory", "unable to delete required option 'memory'\n"),
        ("--delete rootfs", "unable to delete required option 'rootfs'\n"),
        ("--delete unprivileged", "unable to delete read-only option: 'unprivileged'\n"),
    ],
)
@pytest.mark.parametrize("ctid", [STOPPED, RUNNING])
def test_what_a_change_refuses(ctid: str, words: str, said: str) -> None:
    node = small_node()
    before = node.files.read(f"/etc/pve/lxc/{ctid}.conf")
    assert refused(node, "pct", "set", ctid, "--tags", "later", *words.split()) == said
    assert node.files.read(f"/etc/pve/lxc/{ctid}.conf") == before
    assert datasets(node, ctid) == [f"subvol-{ctid}-disk-0"]


def test_protection_keeps_volumes_as_they_are() -> None:
    node = small_node()
    ok(node, "pct", "set", STOPPED, "--mp0", DATA)
    ok(node, "pct", "set", STOPPED, "--protection", "1")
    said = refused(node, "pct", "set", STOPPED, "--mp1", "local-zfs:1,mp=/x")
    assert said == "can't update CT 102 drive 'mp1' - protection mode enabled\n"
    assert "can't remove CT 102 drive 'mp0'" in refused(node, "pct", "set", STOPPED, "--delete", "mp0")


def test_a_mount_point_over_a_symbolic_link() -> None:
    node = small_node()
    inside(node, "mkdir /real; ln -s real /link")
    said = refused(node, "pct", "set", RUNNING, "--mp0", "local-zfs:1,mp=/link/data", "--onboot", "1")
    assert "mp0: unable to hotplug mp0: symlink encountered at: //link\n" in said
    assert datasets(node, RUNNING) == ["subvol-101-disk-0"], "the volume that was made is gone"
    assert "onboot" not in held(node, RUNNING), "nothing of the call is written"
    ok(node, "pct", "stop", RUNNING)
    ok(node, "pct", "set", RUNNING, "--mp0", "local-zfs:1,mp=/link/data")
    failed = node.run(("pct", "start", RUNNING))
    assert failed.stdout.startswith("run_buffer: 571 Script exited with status 20\n")
    assert failed.stderr == "startup for container '101' failed\n"


def test_several_deletions_and_settings_in_one_call() -> None:
    node = small_node()
    ok(node, "pct", "set", STOPPED, "--onboot", "1", "--tags", "a", "--description", "x", "--mp0", DATA)
    result = node.run(("pct", "set", STOPPED, "--delete", "tags,mp0,description,net7", "--memory", "300"))
    assert result.ok
    assert result.stderr == "cannot delete 'net7' - not set in current configuration!\n"
    section = read(node, STOPPED).current
    assert (section.description, section.get("tags"), section.get("memory")) == ("", None, "300")
    assert section.get("unused0") == "local-zfs:subvol-102-disk-1"


@pytest.mark.parametrize("zone", ["Mars/Base", "Nowhere", "Etc/UTC"])
def test_a_time_zone_that_is_none(zone: str) -> None:
    node = small_node()
    for argv in (("pct", "set", STOPPED), create(103), ("pct", "set", RUNNING)):
        assert f"timezone: invalid format - invalid time zone '{zone}'\n" in refused(node, *argv, "--timezone", zone)
    for ctid, good in ((STOPPED, "Europe/Berlin"), (RUNNING, "host")):
        ok(node, "pct", "set", ctid, "--timezone", good)


def test_a_change_says_what_the_node_lacks() -> None:
    node = small_node()
    node.files.device("c 195 0", "/dev/nvidia0")
    ok(node, "pct", "set", STOPPED, "--dev0", "/dev/nvidia0,gid=44")
    ok(node, "pct", "start", STOPPED)
    assert inside(node, "stat -c '%F %u %g' /dev/nvidia0", STOPPED) == "character special file 0 44\n"
    ok(node, "pct", "stop", STOPPED)
    node.files.remove("/dev/nvidia0")
    result = node.run(("pct", "set", STOPPED, "--memory", "300"))
    assert (result.rc, result.stderr) == (2, "Device /dev/nvidia0 does not exist\n")
    assert held(node, STOPPED)["memory"] == "300", "it is written all the same"
    result = node.run(("pct", "start", STOPPED))
    assert (result.rc, result.stdout, result.stderr) == (255, "", "Device /dev/nvidia0 does not exist\n")
