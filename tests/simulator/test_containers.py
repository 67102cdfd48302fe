"""What a container sees, what a change does to a running and to a stopped one, and the rules of /etc/pve."""

from __future__ import annotations

import pytest

from phoenix_hypervisor.proxmox.guest import parse
from phoenix_hypervisor.simulator.node import Node
from simulator.small import TARBALL, create, small_node

RUNNING, STOPPED = "101", "102"


def _ok(node: Node, *argv: str) -> str:
    result = node.run(argv)
    assert result.ok, result.stderr
    return result.stdout


def _inside(node: Node, script: str, ctid: str = RUNNING) -> str:
    return _ok(node, "lxc-attach", "-n", ctid, "--clear-env", "--", "sh", "-c", script)


def _pending(node: Node, ctid: str) -> dict[str, str]:
    config = parse(node.files.read(f"/etc/pve/lxc/{ctid}.conf"))
    new = dict(config.pending.options) if config.pending else {}
    return {**new, **dict.fromkeys(config.pending_delete, "deleted")}


# -- changes


@pytest.mark.parametrize(
    ("words", "pending"),
    [
        ("--memory 700 --swap 0 --cores 2 --cpulimit 1", {}),
        ("--hostname other --tags b;A --onboot 1 --startup order=2 --description x --protection 1", {}),
        ("--net0 name=eth0,bridge=vmbr0,ip=dhcp --net1 name=eth1,bridge=vmbr0", {}),
        ("--mp0 /srv,mp=/srv --dev0 /dev/fuse", {}),
        ("--features nesting=1,keyctl=1", {"features": "nesting=1,keyctl=1"}),
        ("--features nesting=1", {}),
        ("--nameserver 10.0.0.1,10.0.0.2", {"nameserver": "10.0.0.1 10.0.0.2"}),
        ("--memory 700 --tty 4", {"tty": "4"}),
        ("--delete features", {"features": "deleted"}),
        ("--delete net0", {}),
    ],
)
def test_what_is_hot_and_what_waits(words: str, pending: dict[str, str]) -> None:
    node = small_node()
    _ok(node, "pct", "set", RUNNING, *words.split())
    assert _pending(node, RUNNING) == pending
    _ok(node, "pct", "set", STOPPED, *words.split())
    assert _pending(node, STOPPED) == {}
    _ok(node, "pct", "reboot", RUNNING)
    assert _pending(node, RUNNING) == {}
    stored = {ctid: parse(node.files.read(f"/etc/pve/lxc/{ctid}.conf")).current.options for ctid in (RUNNING, STOPPED)}
    own = {"rootfs", "hostname"} | {key for key in stored[RUNNING] if key.startswith("net")}
    assert {key: value for key, value in stored[RUNNING].items() if key not in own} == {
        key: value for key, value in stored[STOPPED].items() if key not in own
    }


def test_a_pending_change_is_taken_back_by_setting_what_holds() -> None:
    node = small_node()
    _ok(node, "pct", "set", RUNNING, "--features", "nesting=1,fuse=1")
    _ok(node, "pct", "set", RUNNING, "--features", "nesting=1")
    assert _pending(node, RUNNING) == {}


def test_a_hand_edit_is_seen_at_once() -> None:
    node = small_node()
    _ok(node, "sed", "-i", "s/^memory: .*/memory: 1234/", f"/etc/pve/lxc/{STOPPED}.conf")
    assert "memory: 1234\n" in _ok(node, "pct", "config", STOPPED)


def test_a_volume_that_is_no_longer_mounted_becomes_unused_and_then_goes() -> None:
    node = small_node()
    _ok(node, "pct", "set", STOPPED, "--mp0", "local-zfs:1,mp=/data")
    _ok(node, "pct", "set", STOPPED, "--delete", "mp0")
    assert "unused0: local-zfs:subvol-102-disk-1\n" in _ok(node, "pct", "config", STOPPED)
    _ok(node, "pct", "destroy", STOPPED)
    assert not [name for name in node.zfs.datasets if "-102-" in name]


# -- what a container sees


def test_its_files_are_those_under_the_dataset() -> None:
    node = small_node()
    _inside(node, "echo from inside > /etc/marker")
    assert node.files.read("/rpool/data/subvol-101-disk-0/etc/marker") == "from inside\n"
    node.files.write("/rpool/data/subvol-101-disk-0/etc/other", "from the node\n")
    assert _inside(node, "cat /etc/other") == "from the node\n"


def test_an_unprivileged_container_is_somebody_else_on_the_node() -> None:
    node = small_node()
    root = "/rpool/data/subvol-101-disk-0"
    _inside(node, "echo x > /etc/mine; mkdir /srv/mine; chown 33:33 /srv/mine")
    node.files.write(f"{root}/etc/theirs", "x")
    script = "stat -c %u:%g /etc/mine /srv/mine /etc/theirs /etc/passwd /dev/null"
    assert _inside(node, script).split() == ["0:0", "33:33", "65534:65534", "0:0", "65534:65534"]
    owners = [node.files.stat(f"{root}{path}") for path in ("/etc/mine", "/srv/mine", "/etc/theirs", "/etc/passwd")]
    assert [entry.uid for entry in owners if entry] == [100000, 100033, 0, 100000]


def test_a_privileged_container_is_not() -> None:
    node = small_node()
    _ok(node, *create(103, "--unprivileged", "0", "--start", "1"))
    _inside(node, "echo x > /etc/mine", "103")
    entry = node.files.stat("/rpool/data/subvol-103-disk-0/etc/mine")
    assert entry is not None
    assert entry.uid == 0


def test_volumes_binds_and_devices() -> None:
    node = small_node()
    node.files.mkdir("/srv/share")
    node.files.write("/srv/share/file", "shared\n")
    _ok(node, "pct", "set", STOPPED, "--mp0", "local-zfs:1,mp=/data", "--mp1", "/srv/share,mp=/mnt/share,ro=1")
    _ok(node, "pct", "set", STOPPED, "--dev0", "/dev/fuse,mode=0666,gid=44")
    _ok(
        node,
        "sh",
        "-c",
        f"echo 'lxc.mount.entry: /srv/share mnt/raw none bind,create=dir 0 0' >> /etc/pve/lxc/{STOPPED}.conf",
    )
    _ok(node, "pct", "start", STOPPED)
    assert _inside(node, "cat /mnt/share/file /mnt/raw/file; stat -c '%a %g %t:%T' /dev/fuse", STOPPED) == (
        "shared\nshared\n666 44 a:e5\n"
    )
    _inside(node, "echo kept > /data/file", STOPPED)
    assert node.files.read("/rpool/data/subvol-102-disk-1/file") == "kept\n"
    read_only = node.run(("lxc-attach", "-n", STOPPED, "--", "sh", "-c", "echo x > /mnt/share/file"))
    assert "Read-only file system" in read_only.stderr


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("mp0: /srv/gone,mp=/gone", "startup for container '102' failed\n"),
        ("dev0: /dev/gone", "Device /dev/gone does not exist\n"),
        ("lxc.mount.entry: /srv/gone gone none bind,create=dir 0 0", "startup for container '102' failed\n"),
        ("lxc.mount.entry: /srv/gone gone none bind,optional,create=dir 0 0", ""),
        ("net1: name=eth1,bridge=vmbr7", "bridge 'vmbr7' does not exist\n"),
        ("lock: backup", "CT is locked (backup)\n"),
        ("template: 1", "you can't start a CT if it's a template\n"),
    ],
)
def test_what_keeps_a_container_from_starting(lines: str, said: str) -> None:
    node = small_node()
    node.files.write(f"/etc/pve/lxc/{STOPPED}.conf", f"{lines}\n", append=True)
    result = node.run(("pct", "start", STOPPED))
    assert (result.ok, result.stderr) == (said == "", said)
    assert node.guests.is_running(102) == (said == "")


def test_what_lies_in_memory_is_gone_after_a_restart() -> None:
    node = small_node()
    assert _inside(node, "cat /tmp/kept") == "kept\n"
    _ok(node, "pct", "reboot", RUNNING)
    assert _inside(node, "ls /tmp") == ""


def test_identity_is_drawn_at_the_first_boot_and_kept() -> None:
    node = small_node()
    first = _inside(node, "cat /etc/machine-id")
    _ok(node, "pct", "reboot", RUNNING)
    assert _inside(node, "cat /etc/machine-id") == first
    _ok(node, "pct", "start", STOPPED)
    assert _inside(node, "cat /etc/machine-id", STOPPED) != first
    assert len(first) == 33


def test_a_container_on_a_directory_storage_knows_no_snapshots() -> None:
    node = small_node()
    node.add_storage("disk", "dir", "images,rootdir", path="/srv/disk")
    _ok(node, "pct", "create", "103", TARBALL, "--rootfs", "disk:3", "--start", "1")
    assert "rootfs: disk:103/vm-103-disk-0.raw,size=3G\n" in _ok(node, "pct", "config", "103")
    assert node.run(("pct", "snapshot", "103", "late")).stderr == "snapshot feature is not available\n"
    _inside(node, "echo x > /etc/x", "103")
    _ok(node, "pct", "resize", "103", "rootfs", "+1G")
    assert "disk:103/vm-103-disk-0.raw raw     rootdir   4294967296 103" in _ok(node, "pvesm", "list", "disk")
    _ok(node, "pct", "destroy", "103", "--force", "1")
    assert node.files.glob("/srv/disk/images/103/*") == []


# -- /etc/pve


def test_an_id_is_the_clusters() -> None:
    node = small_node()
    node.files.mkdir("/etc/pve/nodes/other/lxc", parents=True)
    node.files.write("/etc/pve/nodes/other/lxc/200.conf", "hostname: far\n")
    assert '"200": { "node": "other", "type": "lxc"' in node.files.read("/etc/pve/.vmlist")
    with pytest.raises(FileExistsError):
        node.files.write("/etc/pve/lxc/200.conf", "hostname: near\n")
    assert node.run(create(200)).stderr == "CT 200 already exists on node 'other'\n"
    assert "200" not in _ok(node, "pct", "list")


def test_modes_are_fixed() -> None:
    node = small_node()
    path = f"/etc/pve/lxc/{STOPPED}.conf"
    with pytest.raises(PermissionError):
        node.files.chmod(path, 0o600)
    node.files.chmod(path, 0o640)
    node.files.write("/etc/pve/test.cfg", "x", mode=0o777)
    entry = node.files.stat("/etc/pve/test.cfg")
    assert entry is not None
    assert (entry.mode, entry.gid) == (0o640, 33)


def test_every_change_counts_in_the_versions() -> None:
    node = small_node()
    before = node.files.read("/etc/pve/.version"), node.files.read("/etc/pve/.vmlist")
    _ok(node, "pct", "set", STOPPED, "--memory", "300")
    assert node.files.read("/etc/pve/.vmlist") != before[1]
    assert node.files.read("/etc/pve/.version") != before[0]


def test_the_links_of_a_real_node() -> None:
    node = small_node()
    assert node.files.resolve("/etc/pve/lxc/101.conf") == "/etc/pve/nodes/pve1/lxc/101.conf"
    assert node.files.read("/etc/pve/local/lxc/101.conf") == node.files.read("/etc/pve/lxc/101.conf")
