"""Raw ``lxc.*`` lines: folders of the node in a container, id maps, keys that Proxmox does not take."""

from __future__ import annotations

from pathlib import Path

import pytest

from phoenix_hypervisor.simulator.node import Node
from simulator.small import create, small_node

CTID = "102"
CONF = f"/etc/pve/lxc/{CTID}.conf"
FAILED = f"startup for container '{CTID}' failed\n"


def _ok(node: Node, *argv: str) -> str:
    result = node.run(argv)
    assert result.ok, result.stderr
    return result.stdout


def _inside(node: Node, script: str) -> str:
    return _ok(node, "lxc-attach", "-n", CTID, "--clear-env", "--", "sh", "-c", script)


def _node(*lines: str) -> Node:
    """A node whose stopped container has raw lines.

    /srv/share belongs to the container's root, /srv/a b to another user of it, /srv/host to the node's root.
    """
    node = small_node()
    for folder, owner in (("/srv/share", 100_000), ("/srv/a b", 100_033), ("/srv/host", 0)):
        node.files.mkdir(folder)
        node.files.chown(folder, owner, owner)
        node.files.write(f"{folder}/file", f"{folder}\n", uid=owner, gid=owner)
    node.files.write(CONF, "".join(f"{line}\n" for line in lines), append=True)
    return node


def _entry(source: str, target: str, options: str = "bind,create=dir") -> str:
    return f"lxc.mount.entry: {source} {target} none {options} 0 0"


def test_a_folder_of_the_node_is_the_same_folder_inside() -> None:
    node = _node(_entry("/srv/share", "mnt/share"), _entry(r"/srv/a\040b", r"mnt/a\040b"), _entry("/srv/host", "host"))
    _ok(node, "pct", "start", CTID)
    assert _inside(node, "cat /mnt/share/file '/mnt/a b/file' /host/file") == "/srv/share\n/srv/a b\n/srv/host\n"
    assert _inside(node, "stat -c %u:%g /mnt/share/file '/mnt/a b/file' /host/file").split() == [
        "0:0",
        "33:33",
        "65534:65534",
    ]
    _inside(node, "echo inside > /mnt/share/new; chown 33:33 /mnt/share/new")
    entry = node.files.stat("/srv/share/new")
    assert entry is not None
    assert (entry.data, entry.uid) == ("inside\n", 100_033)
    node.files.write("/srv/share/later", "from the node\n")
    assert _inside(node, "cat /mnt/share/later") == "from the node\n"
    assert "/mnt/share /srv/share" in _inside(node, "findmnt -rno TARGET,SOURCE")


@pytest.mark.parametrize(
    "script",
    [
        "echo x > /host/new",
        "echo x > /host/file",
        "mkdir /host/new",
        "rm /host/file",
        "mv /host/file /host/other",
        "mv /share/file /host/other",
        "chmod 600 /host/file",
        "chown 0 /host/file",
    ],
)
def test_what_belongs_to_the_node_is_not_the_containers_to_change(script: str) -> None:
    node = _node(_entry("/srv/host", "host"), _entry("/srv/share", "share"))
    _ok(node, "pct", "start", CTID)
    result = node.run(("lxc-attach", "-n", CTID, "--", "sh", "-c", script))
    assert not result.ok
    assert "ermission denied" in result.stderr or "not permitted" in result.stderr
    assert node.files.list("/srv/host") == ["file"]
    node.files.chmod("/srv/host", 0o777)
    _inside(node, "echo x > /host/new")


def test_the_mount_point_stays_as_an_empty_folder() -> None:
    node = _node(_entry("/srv/share", "mnt/deep/share"))
    _ok(node, "pct", "start", CTID)
    _ok(node, "pct", "stop", CTID)
    folder = "/rpool/data/subvol-102-disk-0/mnt/deep/share"
    entry = node.files.stat(folder)
    assert entry is not None
    assert (entry.kind, entry.uid, node.files.list(folder)) == ("directory", 100_000, [])


def test_a_single_file_read_only_and_a_file_system_in_memory() -> None:
    node = _node(
        _entry("/srv/share/file", "etc/shared.conf", "bind,ro,create=file"),
        "lxc.mount.entry: tmpfs scratch tmpfs size=1G,create=dir 0 0",
    )
    _ok(node, "pct", "start", CTID)
    assert _inside(node, "cat /etc/shared.conf; ls /scratch; echo x > /scratch/x") == "/srv/share\n"
    result = node.run(("lxc-attach", "-n", CTID, "--", "sh", "-c", "echo x > /etc/shared.conf"))
    assert "Read-only file system" in result.stderr
    _ok(node, "pct", "reboot", CTID)
    assert _inside(node, "ls /scratch") == ""


def test_datasets_below_are_seen_with_rbind_alone() -> None:
    node = _node(_entry("/rpool", "one"), _entry("/rpool", "all", "rbind,create=dir"))
    _ok(node, "zfs", "create", "rpool/media")
    node.files.write("/rpool/media/film", "x")
    _ok(node, "pct", "start", CTID)
    assert _inside(node, "ls /one/media; ls /all/media") == "film\n"


def test_lines_act_at_the_next_start() -> None:
    node = _node()
    _ok(node, "pct", "start", CTID)
    node.files.write(CONF, _entry("/srv/share", "share") + "\n", append=True)
    assert _inside(node, "ls -d /share 2>&1 || true") == "ls: cannot access '/share': No such file or directory\n"
    _ok(node, "pct", "reboot", CTID)
    assert _inside(node, "cat /share/file") == "/srv/share\n"
    _ok(node, "sed", "-i", "/^lxc.mount.entry/d", CONF)
    assert _inside(node, "cat /share/file") == "/srv/share\n"
    _ok(node, "pct", "reboot", CTID)
    assert _inside(node, "ls /share") == ""


def test_a_container_with_lines_is_snapshotted_cloned_and_kept_running(tmp_path: Path) -> None:
    node = _node(_entry("/srv/share", "share"))
    _ok(node, "pct", "start", CTID)
    _ok(node, "pct", "snapshot", CTID, "with")
    _ok(node, "pct", "clone", CTID, "150", "--snapname", "with")
    assert _entry("/srv/share", "share") in node.files.read("/etc/pve/lxc/150.conf")
    node.save(tmp_path / "node")
    node = Node.load(tmp_path / "node")
    assert _inside(node, "cat /share/file") == "/srv/share\n"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (_entry("/srv/gone", "gone"), 'No such file or directory - Failed to mount "/srv/gone" on "/usr/lib'),
        (_entry("/srv/share", "gone", "bind"), "No such file or directory - Failed to mount"),
        (_entry("/srv/share", "etc/hostname", "bind"), "Not a directory - Failed to mount"),
        (_entry("/srv/share/file", "opt", "bind"), "Not a directory - Failed to mount"),
        (_entry("/srv/share", "bin/share"), "Too many levels of symbolic links - bin in "),
        (_entry("/srv/share", "opt", "ro"), "No such device - Failed to mount"),
        (_entry("/srv/a b", r"mnt/a\040b"), "No such file or directory - Failed to mount"),
    ],
)
def test_a_line_that_cannot_be_mounted_keeps_the_container_from_starting(line: str, reason: str) -> None:
    node = _node(line)
    result = node.run(("pct", "start", CTID))
    assert (result.rc, result.stderr) == (255, FAILED)
    assert result.stdout.startswith("mount_entry: ")
    assert reason in result.stdout
    assert f'Failed to spawn container "{CTID}"\n' in result.stdout
    assert _ok(node, "pct", "status", CTID) == "status: stopped\n"


@pytest.mark.parametrize(
    "line",
    [
        _entry("/srv/gone", "gone", "bind,optional,create=dir"),
        _entry("/srv/share", "gone", "bind,optional"),
        _entry("/srv/share", "/absolute"),
        "lxc.mount.entry: proc proc proc defaults 0 0",
    ],
)
def test_lines_that_lxc_passes_over(line: str) -> None:
    node = _node(line)
    _ok(node, "pct", "start", CTID)
    assert _inside(node, "ls -d /gone/* /absolute 2>/dev/null || true") == ""


# -- id maps

MAP = (
    "lxc.idmap: u 0 100000 1000",
    "lxc.idmap: g 0 100000 1000",
    "lxc.idmap: u 1000 1000 1",
    "lxc.idmap: g 1000 1000 1",
    "lxc.idmap: u 1001 101001 64535",
    "lxc.idmap: g 1001 101001 64535",
)


def _allow(node: Node) -> None:
    for file in ("/etc/subuid", "/etc/subgid"):
        node.files.write(file, "root:1000:1\n", append=True)


def test_a_mapped_user_is_the_same_inside_and_on_the_node() -> None:
    node = _node(*MAP, _entry("/srv/share", "share"))
    _allow(node)
    node.files.chown("/srv/share/file", 1000, 1000)
    _ok(node, "pct", "start", CTID)
    assert _inside(node, "stat -c %u:%g /share/file /share /etc/passwd") == "1000:1000\n0:0\n0:0\n"
    _inside(node, "echo x > /share/mine; chown 1000:1001 /share/mine")
    entry = node.files.stat("/srv/share/mine")
    assert entry is not None
    assert (entry.uid, entry.gid) == (1000, 101_001)
    assert "lxc.idmap = u 1000 1000 1\n" in node.files.read(f"/var/lib/lxc/{CTID}/config")


def test_root_may_map_only_what_subuid_and_subgid_allow() -> None:
    node = _node(*MAP)
    result = node.run(("pct", "start", CTID))
    assert (result.rc, result.stderr) == (255, FAILED)
    assert "newuidmap: uid range [1000-1001) -> [1000-1001) not allowed" in result.stdout
    node.files.write("/etc/subuid", "root:1000:1\n", append=True)
    assert "newgidmap: gid range" in node.run(("pct", "start", CTID)).stdout
    node.files.write("/etc/subgid", "root:1000:1\n", append=True)
    _ok(node, "pct", "start", CTID)


def test_an_id_map_that_is_none_or_overlaps() -> None:
    node = _node("lxc.idmap: u 0 lots 1000")
    result = node.run(("pct", "start", CTID))
    assert (result.ok, result.stderr) == (False, f"lxc.idmap: failed to parse idmap: u 0 lots 1000\n{FAILED}")
    node = _node("lxc.idmap: u 0 100000 65536", "lxc.idmap: u 10 101000 10", "lxc.idmap: g 0 100000 65536")
    said = "invalid map entry 'u 10 101000 10': container uid 10 is also mapped by entry 'u 0 100000 65536'"
    assert node.run(("pct", "start", CTID)).stderr == f"lxc.idmap: {said}\n{FAILED}"


def test_ids_without_a_counterpart_cannot_be_given_away() -> None:
    node = _node("lxc.idmap: u 0 100000 1000", "lxc.idmap: g 0 100000 1000")
    _ok(node, "pct", "start", CTID)
    result = node.run(("lxc-attach", "-n", CTID, "--", "chown", "2000", "/etc/passwd"))
    assert not result.ok
    assert result.stderr.endswith("'/etc/passwd': Invalid argument\n")


# -- keys


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("lxc.nosuch: 1", "vm 102 - unable to parse config: lxc.nosuch: 1\n"),
        ("lxc.rootfs.path: /x", "vm 102 - lxc.rootfs.path: lxc.rootfs.path is auto generated from rootfs\n"),
        ("nonsense", "vm 102 - unable to parse config: nonsense\n"),
    ],
)
def test_keys_that_proxmox_does_not_take_are_told_of_and_dropped(line: str, said: str) -> None:
    node = _node(line)
    result = node.run(("pct", "config", CTID))
    assert (result.ok, result.stderr) == (True, said)
    assert line not in result.stdout
    result = node.run(("pct", "set", CTID, "--memory", "300"))
    assert (result.ok, result.stderr) == (True, said)
    assert line not in node.files.read(CONF)
    assert node.run(("pct", "start", CTID)).stderr == ""


def test_an_old_key_is_kept_with_a_warning() -> None:
    node = _node("lxc.cgroup.devices.allow: a")
    said = "vm 102 - lxc.cgroup.devices.allow is deprecated, this will be a hard error in the future!\n"
    assert node.run(("pct", "set", CTID, "--memory", "300")).stderr == said
    assert "lxc.cgroup.devices.allow: a\n" in node.files.read(CONF)


def test_a_privileged_container_with_an_id_map_is_a_mapped_one() -> None:
    node = small_node()
    _ok(node, *create(103, "--unprivileged", "0"))
    node.files.write("/etc/pve/lxc/103.conf", "lxc.idmap: u 0 100000 65536\nlxc.idmap: g 0 100000 65536\n", append=True)
    _ok(node, "pct", "start", "103")
    assert _ok(node, "lxc-attach", "-n", "103", "--", "stat", "-c", "%u", "/etc/passwd") == "65534\n"
