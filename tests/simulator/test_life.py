"""What a container goes through: volumes that come and go, snapshots, clones, templates, the end."""

from __future__ import annotations

import pytest

from phoenix_hypervisor.proxmox.guest import GuestConfig, parse
from phoenix_hypervisor.simulator.node import Node
from simulator.small import TARBALL, create, small_node

RUNNING, STOPPED, NEW = "101", "102", "150"
DATA = "local-zfs:8,mp=/data"


def _ok(node: Node, *argv: str) -> str:
    result = node.run(argv)
    assert result.ok, result.stderr
    return result.stdout


def _refused(node: Node, *argv: str) -> str:
    result = node.run(argv)
    assert not result.ok, result.stdout
    return result.stderr


def _inside(node: Node, script: str, ctid: str = RUNNING) -> str:
    return _ok(node, "lxc-attach", "-n", ctid, "--clear-env", "--", "sh", "-c", script)


def _config(node: Node, ctid: str) -> GuestConfig:
    return parse(node.files.read(f"/etc/pve/lxc/{ctid}.conf"))


def _options(node: Node, ctid: str) -> dict[str, str]:
    return dict(_config(node, ctid).current.options)


def _datasets(node: Node, ctid: str) -> list[str]:
    return [name.rpartition("/")[2] for name in sorted(node.zfs.datasets) if f"-{ctid}-" in name]


def _dir_node() -> Node:
    node = small_node()
    node.add_storage("disk", "dir", "images,rootdir", path="/srv/disk")
    _ok(node, "pct", "create", "103", TARBALL, "--rootfs", "disk:3", "--features", "nesting=1")
    return node


# -- volumes


def test_a_volume_is_made_with_the_container() -> None:
    node = small_node()
    _ok(node, *create(103, "--mp0", f"{DATA},backup=1", "--start", "1"))
    assert _options(node, "103")["mp0"] == "local-zfs:subvol-103-disk-1,mp=/data,backup=1,size=8G"
    assert _ok(node, "zfs", "get", "-Hp", "-o", "value", "refquota", "rpool/data/subvol-103-disk-1") == "8589934592\n"
    assert _inside(node, "findmnt -rno SOURCE,FSTYPE /data", "103") == "rpool/data/subvol-103-disk-1 zfs\n"
    assert _inside(node, "touch /data/x; stat -c %u:%g /data /data/x", "103") == "0:0\n0:0\n"
    assert [entry.uid for entry in node.zfs.datasets["rpool/data/subvol-103-disk-1"].tree.values()] == [100000] * 2


@pytest.mark.parametrize("ctid", [STOPPED, RUNNING])
def test_a_new_volume_is_there_at_once(ctid: str) -> None:
    node = small_node()
    _ok(node, "pct", "set", ctid, "--mp0", DATA)
    assert _options(node, ctid)["mp0"] == f"local-zfs:subvol-{ctid}-disk-1,mp=/data,size=8G"
    assert _config(node, ctid).pending is None
    if ctid == STOPPED:
        _ok(node, "pct", "start", ctid)
    _inside(node, "echo kept > /data/file", ctid)
    assert node.files.read(f"/rpool/data/subvol-{ctid}-disk-1/file") == "kept\n"
    _ok(node, "pct", "reboot", ctid)
    assert _inside(node, "cat /data/file", ctid) == "kept\n"


def test_a_changed_mount_point_waits_for_the_next_start() -> None:
    node = small_node()
    _ok(node, "pct", "set", RUNNING, "--mp0", DATA, "--mp1", "local-zfs:1,mp=/logs")
    _inside(node, "echo kept > /data/file")
    volume = "local-zfs:subvol-101-disk-1"
    _ok(node, "pct", "set", RUNNING, "--mp0", f"{volume},mp=/other", "--delete", "mp1")
    assert _config(node, RUNNING).pending_delete == ("mp1",)
    assert "new mp0: local-zfs:subvol-101-disk-1,mp=/other\n" in _ok(node, "pct", "pending", RUNNING)
    assert _inside(node, "cat /data/file; ls -d /logs") == "kept\n/logs\n"
    _ok(node, "pct", "reboot", RUNNING)
    assert _inside(node, "cat /other/file") == "kept\n"
    options = _options(node, RUNNING)
    assert (options["mp0"], options["unused0"]) == (f"{volume},mp=/other,size=8G", "local-zfs:subvol-101-disk-2")
    assert "mp1" not in options


def test_a_volume_in_place_of_another_is_made_at_the_next_start() -> None:
    node = small_node()
    _ok(node, "pct", "set", RUNNING, "--mp0", DATA)
    _ok(node, "pct", "set", RUNNING, "--mp0", "local-zfs:2,mp=/data")
    assert _datasets(node, RUNNING) == ["subvol-101-disk-0", "subvol-101-disk-1"]
    _ok(node, "pct", "stop", RUNNING)
    _ok(node, "pct", "set", RUNNING, "--memory", "300")
    assert "new mp0: local-zfs:2,mp=/data\n" in _ok(node, "pct", "pending", RUNNING), "a change applies what it names"
    _ok(node, "pct", "start", RUNNING)
    assert _options(node, RUNNING)["mp0"] == "local-zfs:subvol-101-disk-2,mp=/data,size=2G"
    assert _options(node, RUNNING)["unused0"] == "local-zfs:subvol-101-disk-1"


def test_a_volume_that_is_no_longer_wanted() -> None:
    node = small_node()
    _ok(node, "pct", "set", STOPPED, "--mp0", DATA)
    _ok(node, "pct", "set", STOPPED, "--delete", "mp0")
    assert _options(node, STOPPED)["unused0"] == "local-zfs:subvol-102-disk-1"
    _ok(node, "pct", "set", STOPPED, "--mp3", "local-zfs:subvol-102-disk-1,mp=/back,size=1T")
    options = _options(node, STOPPED)
    assert options["mp3"] == "local-zfs:subvol-102-disk-1,mp=/back,size=8G", "the size is the volume's"
    assert "unused0" not in options
    _ok(node, "pct", "set", STOPPED, "--delete", "mp3")
    _ok(node, "pct", "set", STOPPED, "--delete", "unused0")
    assert _datasets(node, STOPPED) == ["subvol-102-disk-0"]
    assert "unused0" not in _options(node, STOPPED)


def test_an_unused_volume_that_a_snapshot_names_is_kept() -> None:
    node = small_node()
    _ok(node, "pct", "set", STOPPED, "--mp0", DATA)
    _ok(node, "pct", "snapshot", STOPPED, "with")
    _ok(node, "pct", "set", STOPPED, "--delete", "mp0")
    _ok(node, "pct", "set", STOPPED, "--delete", "unused0")
    assert _datasets(node, STOPPED) == ["subvol-102-disk-0", "subvol-102-disk-1"]
    _ok(node, "pct", "delsnapshot", STOPPED, "with")
    assert _options(node, STOPPED)["unused1"] == "local-zfs:subvol-102-disk-1", "the root was unused0 until written"


def test_an_unused_volume_that_clones_hang_on_stays() -> None:
    node = small_node()
    _ok(node, "pct", "set", STOPPED, "--mp0", DATA)
    _ok(node, "zfs", "snapshot", "rpool/data/subvol-102-disk-1@x")
    _ok(node, "zfs", "clone", "rpool/data/subvol-102-disk-1@x", "rpool/data/other")
    _ok(node, "pct", "set", STOPPED, "--delete", "mp0")
    assert "unable to apply pending change unused0" in _refused(node, "pct", "set", STOPPED, "--delete", "unused0")
    assert "unused0" in _options(node, STOPPED)


def test_a_volume_of_another_container_is_not_freed() -> None:
    node = small_node()
    _ok(node, "pct", "set", STOPPED, "--mp0", "local-zfs:subvol-101-disk-0,mp=/theirs")
    _ok(node, "pct", "set", STOPPED, "--delete", "mp0")
    result = node.run(("pct", "set", STOPPED, "--delete", "unused0"))
    assert result.ok
    assert result.stderr == "ignore deletion of 'local-zfs:subvol-101-disk-0', CT 102 isn't the owner!\n"
    assert _datasets(node, RUNNING) == ["subvol-101-disk-0"]


def test_volumes_grow() -> None:
    node = small_node()
    _ok(node, "pct", "set", RUNNING, "--mp0", DATA)
    _ok(node, "pct", "resize", RUNNING, "mp0", "9G")
    assert _options(node, RUNNING)["mp0"] == "local-zfs:subvol-101-disk-1,mp=/data,size=9G"
    assert _ok(node, "zfs", "get", "-Hp", "-o", "value", "refquota", "rpool/data/subvol-101-disk-1") == f"{9 << 30}\n"
    assert _refused(node, "pct", "resize", RUNNING, "mp0", "8G") == "unable to shrink disk size\n"


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
    assert _refused(node, "pct", "set", ctid, "--tags", "later", *words.split()) == said
    assert node.files.read(f"/etc/pve/lxc/{ctid}.conf") == before
    assert _datasets(node, ctid) == [f"subvol-{ctid}-disk-0"]


def test_protection_keeps_volumes_as_they_are() -> None:
    node = small_node()
    _ok(node, "pct", "set", STOPPED, "--mp0", DATA)
    _ok(node, "pct", "set", STOPPED, "--protection", "1")
    said = _refused(node, "pct", "set", STOPPED, "--mp1", "local-zfs:1,mp=/x")
    assert said == "can't update CT 102 drive 'mp1' - protection mode enabled\n"
    assert "can't remove CT 102 drive 'mp0'" in _refused(node, "pct", "set", STOPPED, "--delete", "mp0")


def test_a_mount_point_over_a_symbolic_link() -> None:
    node = small_node()
    _inside(node, "mkdir /real; ln -s real /link")
    said = _refused(node, "pct", "set", RUNNING, "--mp0", "local-zfs:1,mp=/link/data", "--onboot", "1")
    assert "mp0: unable to hotplug mp0: symlink encountered at: //link\n" in said
    assert _datasets(node, RUNNING) == ["subvol-101-disk-0"], "the volume that was made is gone"
    assert "onboot" not in _options(node, RUNNING), "nothing of the call is written"
    _ok(node, "pct", "stop", RUNNING)
    _ok(node, "pct", "set", RUNNING, "--mp0", "local-zfs:1,mp=/link/data")
    failed = node.run(("pct", "start", RUNNING))
    assert failed.stdout.startswith("run_buffer: 571 Script exited with status 20\n")
    assert failed.stderr == "startup for container '101' failed\n"


def test_several_deletions_and_settings_in_one_call() -> None:
    node = small_node()
    _ok(node, "pct", "set", STOPPED, "--onboot", "1", "--tags", "a", "--description", "x", "--mp0", DATA)
    result = node.run(("pct", "set", STOPPED, "--delete", "tags,mp0,description,net7", "--memory", "300"))
    assert result.ok
    assert result.stderr == "cannot delete 'net7' - not set in current configuration!\n"
    section = _config(node, STOPPED).current
    assert (section.description, section.get("tags"), section.get("memory")) == ("", None, "300")
    assert section.get("unused0") == "local-zfs:subvol-102-disk-1"


@pytest.mark.parametrize("zone", ["Mars/Base", "Nowhere", "Etc/UTC"])
def test_a_time_zone_that_is_none(zone: str) -> None:
    node = small_node()
    for argv in (("pct", "set", STOPPED), create(103), ("pct", "set", RUNNING)):
        assert f"timezone: invalid format - invalid time zone '{zone}'\n" in _refused(node, *argv, "--timezone", zone)
    for ctid, good in ((STOPPED, "Europe/Berlin"), (RUNNING, "host")):
        _ok(node, "pct", "set", ctid, "--timezone", good)


def test_a_change_says_what_the_node_lacks() -> None:
    node = small_node()
    node.files.device("c 195 0", "/dev/nvidia0")
    _ok(node, "pct", "set", STOPPED, "--dev0", "/dev/nvidia0,gid=44")
    _ok(node, "pct", "start", STOPPED)
    assert _inside(node, "stat -c '%F %u %g' /dev/nvidia0", STOPPED) == "character special file 0 44\n"
    _ok(node, "pct", "stop", STOPPED)
    node.files.remove("/dev/nvidia0")
    result = node.run(("pct", "set", STOPPED, "--memory", "300"))
    assert (result.rc, result.stderr) == (2, "Device /dev/nvidia0 does not exist\n")
    assert _options(node, STOPPED)["memory"] == "300", "it is written all the same"
    result = node.run(("pct", "start", STOPPED))
    assert (result.rc, result.stdout, result.stderr) == (255, "", "Device /dev/nvidia0 does not exist\n")


# -- snapshots


def test_a_rollback_brings_back_the_section_and_every_volume() -> None:
    node = small_node()
    _ok(node, "pct", "set", RUNNING, "--mp0", DATA, "--tags", "old", "--description", "first", "--memory", "300")
    _inside(node, "echo old > /data/file; echo old > /etc/file")
    _ok(node, "pct", "snapshot", RUNNING, "before", "--description", "of the snapshot")
    _ok(node, "pct", "set", RUNNING, "--tags", "new", "--description", "second", "--memory", "400", "--onboot", "1")
    _ok(node, "pct", "set", RUNNING, "--mp1", "local-zfs:1,mp=/later", "--features", "nesting=1,keyctl=1")
    _inside(node, "echo new > /data/file; echo new > /etc/file")
    _ok(node, "pct", "rollback", RUNNING, "before")
    config = _config(node, RUNNING)
    options = config.current.options
    assert not node.guests.is_running(101)
    assert (options["tags"], options["memory"], options["parent"]) == ("old", "300", "before")
    assert options["unused0"] == "local-zfs:subvol-101-disk-2", "what the snapshot does not know is unused"
    assert not {"onboot", "mp1", "snaptime", "lock"} & options.keys()
    assert config.current.description == "second\n", "the description is not a snapshot's"
    assert config.pending is None
    _ok(node, "pct", "start", RUNNING)
    assert _inside(node, "cat /data/file /etc/file") == "old\nold\n"


def test_a_rollback_mounts_again_what_had_become_unused() -> None:
    node = small_node()
    _ok(node, "pct", "set", STOPPED, "--mp0", DATA)
    _ok(node, "pct", "snapshot", STOPPED, "before")
    _ok(node, "pct", "set", STOPPED, "--delete", "mp0")
    _ok(node, "pct", "rollback", STOPPED, "before", "--start", "1")
    options = _options(node, STOPPED)
    assert options["mp0"].startswith("local-zfs:subvol-102-disk-1,")
    assert "unused0" not in options
    assert node.guests.is_running(102)


def test_a_rollback_is_kept_from_by_newer_snapshots_of_any_kind() -> None:
    node = small_node()
    _ok(node, "pct", "set", STOPPED, "--mp0", DATA)
    _ok(node, "pct", "snapshot", STOPPED, "before")
    _ok(node, "zfs", "snapshot", "rpool/data/subvol-102-disk-1@autosnap")
    said = "can't rollback, 'before' is not most recent snapshot on 'local-zfs:subvol-102-disk-1'\n"
    assert _refused(node, "pct", "rollback", STOPPED, "before") == said
    assert "lock" not in _options(node, STOPPED)


def test_a_snapshot_that_is_gone_from_zfs() -> None:
    node = small_node()
    _ok(node, "pct", "snapshot", STOPPED, "before")
    _ok(node, "zfs", "destroy", "rpool/data/subvol-102-disk-0@before")
    said = "can't rollback, snapshot 'before' does not exist on 'local-zfs:subvol-102-disk-0'\n"
    assert _refused(node, "pct", "rollback", STOPPED, "before") == said
    said = "zfs error: could not find any snapshots to destroy; check snapshot names.\n"
    assert _refused(node, "pct", "delsnapshot", STOPPED, "before") == said
    assert _refused(node, "pct", "delsnapshot", STOPPED, "before") == "CT is locked (snapshot-delete)\n"
    _ok(node, "pct", "unlock", STOPPED)
    _ok(node, "pct", "delsnapshot", STOPPED, "before", "--force", "1")
    assert _config(node, STOPPED).snapshots == {}


# -- clones


def test_a_full_clone_copies_every_volume_and_the_firewall_file() -> None:
    node = small_node()
    _ok(node, "pct", "set", STOPPED, "--mp0", DATA, "--tags", "a", "--description", "of the source", "--onboot", "1")
    node.files.write("/rpool/data/subvol-102-disk-1/file", "data\n")
    node.files.mkdir("/etc/pve/firewall")
    node.files.write("/etc/pve/firewall/102.fw", "[OPTIONS]\nenable: 1\n")
    node.files.write("/etc/pve/firewall/150.fw", "[OPTIONS]\nenable: 0\n")
    said = _ok(node, "pct", "clone", STOPPED, NEW, "--hostname", "new")
    assert "create full clone of mountpoint mp0 (local-zfs:subvol-102-disk-1)\n" in said
    config = _config(node, NEW)
    assert config.current.get("mp0") == "local-zfs:subvol-150-disk-1,mp=/data,size=8G"
    assert (config.current.description, config.current.get("tags")) == ("of the source\n", "a")
    assert node.files.read("/rpool/data/subvol-150-disk-1/file") == "data\n"
    assert node.files.read("/etc/pve/firewall/150.fw") == "[OPTIONS]\nenable: 1\n"
    _ok(node, "pct", "destroy", NEW)
    assert _datasets(node, NEW) == []
    assert node.files.list("/etc/pve/firewall") == ["102.fw"]


def test_a_template_with_volumes_and_its_linked_clones() -> None:
    node = small_node()
    _ok(node, "pct", "set", STOPPED, "--mp0", DATA, "--mp1", "local-zfs:1,mp=/logs")
    _ok(node, "pct", "set", STOPPED, "--delete", "mp1")
    _ok(node, "pct", "template", STOPPED)
    options = _options(node, STOPPED)
    assert options["mp0"] == "local-zfs:basevol-102-disk-1,mp=/data,size=8G"
    assert options["unused0"] == "local-zfs:subvol-102-disk-2", "an unused volume stays as it is"
    _ok(node, "pct", "clone", STOPPED, NEW)
    options = _options(node, NEW)
    assert options["mp0"] == "local-zfs:basevol-102-disk-1/subvol-150-disk-1,mp=/data,size=8G"
    assert "unused0" not in options
    assert _ok(node, "zfs", "get", "-H", "-o", "value", "origin", "rpool/data/subvol-150-disk-1") == (
        "rpool/data/basevol-102-disk-1@__base__\n"
    )
    assert "still in use by linked clones" in _refused(node, "pct", "destroy", STOPPED)
    _ok(node, "pct", "destroy", NEW)
    _ok(node, "pct", "destroy", STOPPED)
    assert _datasets(node, STOPPED) + _datasets(node, NEW) == []


def test_a_full_clone_of_a_template_and_a_clone_of_a_snapshot() -> None:
    node = small_node()
    _inside(node, "echo old > /etc/file")
    _ok(node, "pct", "snapshot", RUNNING, "layer", "--description", "of the snapshot")
    _inside(node, "echo new > /etc/file")
    _ok(node, "pct", "clone", RUNNING, NEW, "--full", "1", "--snapname", "layer")
    assert node.files.read("/rpool/data/subvol-150-disk-0/etc/file") == "old\n"
    config = _config(node, NEW)
    assert config.current.description == "of the snapshot\n"
    assert not config.snapshots
    _ok(node, "pct", "template", NEW)
    _ok(node, "pct", "clone", NEW, "151", "--full", "1")
    assert _options(node, "151")["rootfs"] == "local-zfs:subvol-151-disk-0,size=2G"
    assert node.zfs.datasets["rpool/data/subvol-151-disk-0"].origin == ""
    assert "is not available" in _refused(node, "pct", "clone", RUNNING, "152", "--full", "0", "--snapname", "layer")
    assert not node.files.exists("/etc/pve/lxc/152.conf")
    assert "lock" not in _options(node, RUNNING)


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
    before = _config(node, STOPPED)
    assert _refused(node, "pct", "clone", STOPPED, NEW) == said
    assert _config(node, STOPPED) == before
    assert not node.files.exists(f"/etc/pve/lxc/{NEW}.conf")
    assert not node.files.exists(f"/etc/pve/firewall/{NEW}.fw")


def test_a_template_cannot_have_a_bind_mount_and_says_so_with_exit_0() -> None:
    node = small_node()
    _ok(node, "pct", "set", STOPPED, "--mp0", DATA, "--mp1", "/srv,mp=/srv")
    result = node.run(("pct", "template", STOPPED))
    assert (result.rc, result.stderr) == (0, "Template feature is not available for '/srv'\n")
    assert "template" not in _options(node, STOPPED)
    assert _datasets(node, STOPPED) == ["subvol-102-disk-0", "subvol-102-disk-1"]


def test_what_was_pending_stays_pending_in_a_template() -> None:
    node = small_node()
    _ok(node, "pct", "set", RUNNING, "--features", "nesting=1,keyctl=1")
    _ok(node, "pct", "stop", RUNNING)
    _ok(node, "pct", "template", RUNNING)
    assert "new features: nesting=1,keyctl=1\n" in _ok(node, "pct", "pending", RUNNING)


# -- directories


def test_a_container_on_a_directory() -> None:
    node = _dir_node()
    _ok(node, "pct", "set", "103", "--mp0", "disk:1,mp=/data")
    assert _options(node, "103")["mp0"] == "disk:103/vm-103-disk-1.raw,mp=/data,size=1G"
    assert _refused(node, "pct", "snapshot", "103", "late") == "snapshot feature is not available\n"
    _ok(node, "pct", "start", "103")
    assert _inside(node, "ls -A /data; stat -c %u /data /data/lost+found", "103") == "lost+found\n0\n65534\n"
    _inside(node, "echo kept > /data/file; echo kept > /etc/file", "103")
    _ok(node, "pct", "stop", "103")
    _ok(node, "pct", "clone", "103", NEW, "--storage", "local-zfs")
    assert _options(node, NEW)["rootfs"] == "local-zfs:subvol-150-disk-0,size=3G"
    _ok(node, "pct", "clone", NEW, "151", "--storage", "disk")
    assert _options(node, "151")["mp0"] == "disk:151/vm-151-disk-1.raw,mp=/data,size=1G"
    _ok(node, "pct", "clone", "103", "152")
    for ctid in (NEW, "151", "152"):
        _ok(node, "pct", "start", ctid)
        assert _inside(node, "cat /data/file /etc/file", ctid) == "kept\nkept\n"
    _ok(node, "pct", "destroy", "152", "--force", "1")
    assert not node.files.exists("/srv/disk/images/152")


def test_a_template_on_a_directory_has_full_clones_only() -> None:
    node = _dir_node()
    _ok(node, "pct", "template", "103")
    assert _options(node, "103")["rootfs"] == "disk:103/base-103-disk-0.raw,size=3G"
    assert node.files.list("/srv/disk/images/103") == ["base-103-disk-0.raw"]
    said = "Linked clone feature for 'disk:103/base-103-disk-0.raw' is not available\n"
    assert _refused(node, "pct", "clone", "103", NEW) == said
    assert "lock" not in _options(node, "103")
    _ok(node, "pct", "clone", "103", NEW, "--full", "1")
    assert _options(node, NEW)["rootfs"] == "disk:150/vm-150-disk-0.raw,size=3G"


# -- on the node


def test_files_of_a_mounted_container_are_in_its_volumes() -> None:
    node = small_node()
    _ok(node, "pct", "set", STOPPED, "--mp0", f"{DATA}")
    assert _ok(node, "pct", "mount", STOPPED) == "mounted CT 102 in '/var/lib/lxc/102/rootfs'\n"
    root = "/var/lib/lxc/102/rootfs"
    node.files.write(f"{root}/etc/marker", "x")
    node.files.write(f"{root}/data/file", "y")
    assert node.files.read("/rpool/data/subvol-102-disk-0/etc/marker") == "x"
    assert node.files.read("/rpool/data/subvol-102-disk-1/file") == "y"
    for argv in (("pct", "snapshot", STOPPED, "s1"), ("pct", "set", STOPPED, "--memory", "300")):
        assert _refused(node, *argv) == "CT is locked (mounted)\n"
    assert _refused(node, "zfs", "destroy", "rpool/data/subvol-102-disk-1").endswith("dataset is busy\n")
    _ok(node, "pct", "unmount", STOPPED)
    assert node.files.list(root) == []
    assert _refused(node, "pct", "unmount", STOPPED) == "no lock found trying to remove 'mounted' lock\n"


def test_a_start_takes_the_mounts_away_but_not_the_lock() -> None:
    node = small_node()
    _ok(node, "pct", "mount", STOPPED)
    _ok(node, "pct", "start", STOPPED)
    assert node.files.list("/var/lib/lxc/102/rootfs") == []
    assert _options(node, STOPPED)["lock"] == "mounted"
    _ok(node, "pct", "unmount", STOPPED)
    assert node.guests.is_running(102)


def test_a_mount_that_fails_leaves_the_lock() -> None:
    node = small_node()
    _ok(node, "pct", "set", STOPPED, "--mp0", "/srv/gone,mp=/gone")
    assert _refused(node, "pct", "mount", STOPPED) == (
        "mounting container failed\ndirectory '/srv/gone' does not exist\n"
    )
    assert node.files.list("/var/lib/lxc/102/rootfs") == []
    assert _options(node, STOPPED)["lock"] == "mounted"


# -- the end


def test_what_only_a_snapshot_names_outlives_the_container() -> None:
    node = small_node()
    _ok(node, "pct", "set", STOPPED, "--mp0", DATA, "--mp1", "local-zfs:1,mp=/x")
    _ok(node, "pct", "snapshot", STOPPED, "before")
    _ok(node, "pct", "set", STOPPED, "--delete", "mp0,mp1")
    _ok(node, "pct", "set", STOPPED, "--delete", "unused0")
    _ok(node, "pct", "destroy", STOPPED)
    assert _datasets(node, STOPPED) == ["subvol-102-disk-1"]


def test_unreferenced_volumes_go_when_told_so() -> None:
    node = small_node()
    _ok(node, "pvesm", "alloc", "local-zfs", STOPPED, "", "1G")
    _ok(node, "pct", "destroy", STOPPED, "--destroy-unreferenced-disks", "1")
    assert _datasets(node, STOPPED) == []


def test_a_running_container_is_destroyed_by_force_alone() -> None:
    node = small_node()
    assert _refused(node, "pct", "destroy", RUNNING) == "unable to destroy CT 101 - container is running\n"
    result = node.run(("pct", "destroy", RUNNING, "--force", "1"))
    assert (result.ok, result.stderr) == (True, "forced to stop CT 101 before destroying!\n")
