"""Pools: made on disks, destroyed, exported, imported; what is refused; what disks keep."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from phoenix_hypervisor.simulator.node import Node

BY_ID = "/dev/disk/by-id"
GIB = 1 << 30
NAMES = [f"ata-Example_{letter}" for letter in "ABCDEF"]
DISKS = [f"{BY_ID}/{name}" for name in NAMES]


def _node(version: int = 9, size: int = 1024 * GIB) -> Node:
    node = Node.new(version=version)
    for name in NAMES:
        node.add_disk(name, size)
    return node


def _zpool(node: Node, *words: str) -> tuple[int, str]:
    result = node.run(("zpool", *words))
    return result.rc, result.stderr


def _made(*words: str, version: int = 9) -> Node:
    node = _node(version)
    assert _zpool(node, "create", *words) == (0, "")
    return node


def _status(node: Node, pool: str) -> Any:
    return json.loads(node.run(("zpool", "status", "-j", "--json-int", pool)).stdout)["pools"][pool]


# -- making


@pytest.mark.parametrize(
    ("layout", "groups", "size", "usable"),
    [
        (["A"], ["ata-Example_A"], 1016, 1016),
        (["A", "B"], ["ata-Example_A", "ata-Example_B"], 2032, 2032),
        (["mirror", "A", "B"], ["mirror-0"], 1016, 1016),
        (["mirror", "A", "B", "mirror", "C", "D"], ["mirror-0", "mirror-1"], 2032, 2032),
        (["raidz", "A", "B", "C"], ["raidz1-0"], 3056, 2035),
        (["raidz2", "A", "B", "C", "D"], ["raidz2-0"], 4080, 1976),
        (["raidz3", "A", "B", "C", "D", "E"], ["raidz3-0"], 5104, 2033),
    ],
)
def test_layouts(layout: list[str], groups: list[str], size: int, usable: int) -> None:
    words = [f"{BY_ID}/ata-Example_{word}" if len(word) == 1 else word for word in layout]
    node = _made("tank", *words)
    root = _status(node, "tank")["vdevs"]["tank"]
    assert list(root["vdevs"]) == groups
    assert (root["total_space"] // GIB, root["def_space"] // GIB) == (size, usable)
    for path in (word for word in words if "/" in word):
        assert [part.rpartition("-")[2] for part in node.files.glob(f"{path}-part*")] == ["part1", "part9"]
    shown = node.run(("zpool", "status", "tank")).stdout
    assert all(f" {name} " in shown for name in groups)


def test_properties_of_a_new_pool() -> None:
    own = ("-o", "ashift=12", "-o", "autotrim=on")
    root = ("-O", "compression=lz4", "-O", "acltype=posixacl", "-O", "xattr=sa", "-O", "mountpoint=/srv/tank")
    node = _made(*own, *root, "tank", DISKS[0])
    keys = "ashift,autotrim,autoexpand,health"
    read = node.run(("zpool", "get", "-Hp", "-o", "property,value,source", keys, "tank")).stdout
    assert read == "ashift\t12\tlocal\nautotrim\ton\tlocal\nautoexpand\toff\tdefault\nhealth\tONLINE\t-\n"
    keys = "compression,acltype,xattr,mountpoint"
    read = node.run(("zfs", "get", "-Hp", "-o", "value,source", keys, "tank")).stdout
    assert read == "lz4\tlocal\nposix\tlocal\non\tlocal\n/srv/tank\tlocal\n"
    assert node.files.is_dir("/srv/tank")
    assert _zpool(node, "set", "autotrim=off", "tank") == (0, "")
    assert node.run(("zpool", "get", "-H", "-o", "value", "autotrim", "tank")).stdout == "off\n"


def test_a_pool_elsewhere_and_a_pool_that_is_only_asked_about() -> None:
    node = _made("-R", "/mnt", "tank", DISKS[0])
    assert node.zfs.mountpoint("tank") == "/mnt/tank"
    before = node.disk_content(NAMES[1])
    asked = node.run(("zpool", "create", "-n", "pool", "mirror", DISKS[1], DISKS[2]))
    assert asked.stdout == (
        "would create 'pool' with the following layout:\n\n"
        "\tpool\n\t  mirror\n\t    ata-Example_B\n\t    ata-Example_C\n"
    )
    assert (node.disk_content(NAMES[1]), "pool" in node.zfs.pools) == (before, False)


USE_FORCE = "invalid vdev specification\nuse '-f' to override the following errors:\n"
REFUSED: list[tuple[list[str], int, str]] = [
    ([], 2, "missing pool name argument"),
    (["tank"], 2, "missing vdev specification"),
    (["tank", "/dev/nosuch"], 1, "cannot resolve path '/dev/nosuch'\n"),
    (["tank", "nosuch"], 1, "cannot open 'nosuch': no such device in /dev\nmust be "),
    (["tank", "/etc/hostname"], 1, "cannot use '/etc/hostname': must be a block device or regular file\n"),
    (["tank", "mirror", DISKS[0]], 1, "invalid vdev specification: mirror requires at least 2 devices\n"),
    (["tank", "raidz2", *DISKS[:2]], 1, "invalid vdev specification: raidz2 requires at least 3 devices\n"),
    (["9tank", DISKS[0]], 1, "cannot create '9tank': name must begin with a letter\n"),
    (["ta;nk", DISKS[0]], 1, "cannot create 'ta;nk': invalid character ';' in pool name\n"),
    (["mirror", *DISKS[:2]], 1, "cannot create 'mirror': name is reserved\npool name may have been omitted\n"),
    (["rpool", DISKS[0]], 1, "mountpoint '/rpool' exists and is not empty\nuse '-m' option to "),
    (["-m", "none", "rpool", DISKS[0]], 1, "cannot create 'rpool': pool already exists\n"),
    (["tank", "/dev/sda"], 1, "/dev/sda is in use and contains a unknown filesystem.\n"),
    (["-f", "tank", "/dev/sda"], 1, "/dev/sda is in use and contains a unknown filesystem.\n"),
    (["tank", "/dev/sda3"], 1, f"{USE_FORCE}/dev/sda3 is part of active pool 'rpool'\n"),
    (["-o", "ashift=99", "tank", DISKS[0]], 1, "cannot create 'tank': property 'ashift' number 99 is invalid, only "),
    (["-o", "autotrim=maybe", "tank", DISKS[0]], 1, "cannot create 'tank': 'autotrim' must be one of 'on | off'\n"),
    (["-o", "nosuch=1", "tank", DISKS[0]], 1, "property 'nosuch' is not a valid pool or vdev property\n"),
    (["-O", "nosuch=1", "tank", DISKS[0]], 1, "cannot create 'tank': invalid property 'nosuch'\n"),
    (["-m", "srv", "tank", DISKS[0]], 1, "invalid mountpoint 'srv': must be an absolute path, 'legacy', or 'none'\n"),
    (["tank", "mirror", *DISKS[:2], DISKS[2]], 1, f"{USE_FORCE}mirror contains"),
    (["tank", "mirror", DISKS[0], DISKS[0]], 1, "cannot create 'tank': one or more vdevs refer to the same device"),
    (["-q", "tank", DISKS[0]], 2, "invalid option 'q'"),
    (["tank", "draid1", *DISKS[:3]], 1, "cannot use 'draid1': not simulated\n"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "rc", "said"), REFUSED)
def test_what_is_refused(words: list[str], rc: int, said: str) -> None:
    node = _node()
    if "mirror contains" in said:
        node.remove_disk(NAMES[2])
        node.add_disk(NAMES[2], 512 * GIB)
    node.files.mkdir("/rpool/thing", parents=True)
    before = [node.disk_content(name) for name in NAMES]
    result = _zpool(node, "create", *words)
    assert (result[0], result[1][: len(said)]) == (rc, said)
    assert [node.disk_content(name) for name in NAMES] == before


def test_shapes_that_only_force_makes() -> None:
    wanted = ("tank", "mirror", *DISKS[:2], "raidz1", *DISKS[2:5])
    node = _node()
    assert _zpool(node, "create", *wanted) == (
        1,
        f"{USE_FORCE}mismatched replication level: both mirror and raidz vdevs are present\n",
    )
    assert _zpool(node, "create", "-f", *wanted) == (0, "")


TAKEN = {
    "gpt-empty": "",
    "gpt-partitions": "",
    "zfs-destroyed": "",
    "vm": "",
    "ext4": "contains a filesystem of type 'ext4'",
    "xfs": "contains a filesystem of type 'xfs'",
    "lvm": "contains a filesystem of type 'LVM2_member'",
    "swap": "contains a filesystem of type 'swap'",
    "raid": "contains a filesystem of type 'linux_raid_member'",
    "luks": "contains a filesystem of type 'crypto_LUKS'",
    "unseen-by-udev": "contains a filesystem of type 'ext4'",
    "dos-ext4": "does not contain an EFI label but it may contain partition\ninformation in the MBR.",
    "gpt-ext4": "-part1 contains a filesystem of type 'ext4'",
    "zfs-exported": "-part1 is part of exported pool 'oldsdb'",
    "zfs-foreign": "-part1 is part of potentially active pool 'oldsdb'",
    "mounted": "is in use and contains a ext4 filesystem.",
    "mounted-partition": "is in use and contains a unknown filesystem.",
    "swap-active": "is in use and contains a swap filesystem.",
    "lvm-active": "is in use and contains a LVM2_member filesystem.",
    "zfs": "is in use and contains a unknown filesystem.",
}


@pytest.mark.parametrize("kind", TAKEN)
def test_what_create_takes_without_a_word_and_what_not(kind: str) -> None:
    node = _node()
    node.put_on_disk(NAMES[0], kind)
    before = node.disk_content(NAMES[0])
    rc, said = _zpool(node, "create", "tank", DISKS[0])
    assert (rc == 0, TAKEN[kind] in said) == (not TAKEN[kind], True)
    assert (node.disk_content(NAMES[0]) == before) == bool(TAKEN[kind])
    if TAKEN[kind]:
        assert (_zpool(node, "create", "-f", "tank", DISKS[0])[0] == 0) == ("in use" not in TAKEN[kind])


# -- coming and going


def _filled(*words: str) -> Node:
    node = _made("tank", *(words or (DISKS[0],)))
    for command in (
        "zfs create tank/a",
        "zfs set quota=10G tank/a",
        "zfs snapshot tank/a@s",
        "zfs clone tank/a@s tank/b",
    ):
        assert node.run(command.split()).ok
    node.files.write("/tank/a/file", "kept")
    return node


@pytest.mark.parametrize("go", ["export", "destroy"])
def test_a_pool_that_left_comes_back_with_all_that_it_held(go: str, tmp_path: Path) -> None:
    node = _filled("mirror", *DISKS[:2])
    assert _zpool(node, go, "tank") == (0, "")
    assert not node.files.exists("/tank/a")
    assert _zpool(node, "list", "tank") == (1, "cannot open 'tank': no such pool\n")
    node.save(tmp_path / "node.json")
    node = Node.load(tmp_path / "node.json")
    destroyed = ["-D"] if go == "destroy" else []
    assert ("  pool: tank\n" in node.run(("zpool", "import")).stdout) == (go == "export")
    listed = node.run(("zpool", "import", *destroyed)).stdout
    assert f" state: ONLINE{' (DESTROYED)' if destroyed else ''}\n" in listed
    assert listed.endswith(
        "\ttank               ONLINE\n\t  mirror-0         ONLINE\n"
        "\t    ata-Example_A  ONLINE\n\t    ata-Example_B  ONLINE\n"
    )
    guid = listed.split("    id: ")[1].split()[0]
    assert _zpool(node, "import", *destroyed, guid) == (0, "")
    assert node.files.read("/tank/a/file") == "kept"
    assert node.run(("zfs", "get", "-Hp", "-o", "value", "quota,origin", "tank/a")).stdout == f"{10 * GIB}\n-\n"
    assert node.run(("zfs", "get", "-H", "-o", "value", "origin", "tank/b")).stdout == "tank/a@s\n"


def test_importing_under_another_name_without_mounting_and_elsewhere() -> None:
    node = _filled()
    for words in (["export", "tank"], ["import", "-N", "tank", "vast"]):
        assert _zpool(node, *words) == (0, "")
    assert (node.zfs.mountpoint("vast/a"), node.zfs.datasets["vast/b"].origin) == (None, "vast/a@s")
    assert node.run(("zfs", "mount", "vast/a")).ok
    assert node.files.read("/vast/a/file") == "kept"
    assert node.run(("wipefs", "-n", "-a", f"{DISKS[0]}-part1")).ok
    assert 'LABEL="vast"' in node.run(("blkid", f"{DISKS[0]}-part1")).stdout
    for words in (["export", "vast"], ["import", "-R", "/mnt", "-d", BY_ID, "vast"]):
        assert _zpool(node, *words) == (0, "")
    assert node.zfs.mountpoint("vast/a") == "/mnt/vast/a"


def test_refused_imports() -> None:
    node = _filled()
    assert _zpool(node, "import", "nosuch") == (1, "cannot import 'nosuch': no such pool available\n")
    assert _zpool(node, "export", "tank") == (0, "")
    assert _zpool(node, "import", "-d", DISKS[1], "tank")[0] == 1
    assert _zpool(node, "create", "tank", DISKS[1]) == (0, "")
    assert _zpool(node, "import", "tank") == (
        1,
        "cannot import 'tank': a pool with that name already exists\n"
        "use the form 'zpool import <pool | id> <newpool>' to give it a new name\n",
    )
    assert _zpool(node, "export", "tank") == (0, "")
    assert _zpool(node, "import", "tank") == (
        1, "cannot import 'tank': more than one matching pool\nimport by numeric ID instead\n"
    )  # fmt: skip
    node.put_on_disk(NAMES[2], "zfs-foreign")
    assert "in use from another system" in _zpool(node, "import", "oldsdd")[1]
    assert _zpool(node, "import", "-f", "oldsdd") == (0, "")


def test_an_overwritten_pool_cannot_come_back() -> None:
    node = _filled()
    for words in (("destroy", "tank"), ("create", "other", DISKS[0])):
        assert _zpool(node, *words) == (0, "")
    assert _zpool(node, "import", "-D", "tank") == (1, "cannot import 'tank': no such pool available\n")


@pytest.mark.parametrize("go", ["export", "destroy"])
def test_a_pool_in_use_does_not_leave(go: str) -> None:
    node = _filled()
    node.put_on_disk(NAMES[1], "ext4")
    node.files.mkdir("/tank/a/on")
    assert node.run(("mount", DISKS[1], "/tank/a/on")).ok
    rc, said = _zpool(node, go, "tank")
    assert (rc, said.splitlines()[0]) == (1, "cannot unmount '/tank/a': pool or dataset is busy")
    assert node.files.read("/tank/a/file") == "kept"


def test_proxmox_imports_the_pool_of_a_storage_again() -> None:
    node = _filled()
    node.add_storage("fast", "zfspool", "rootdir", pool="tank")
    assert _zpool(node, "export", "tank") == (0, "")
    assert node.run(("pvesm", "status")).stdout.splitlines()[1].split()[:3] == ["fast", "zfspool", "active"]
    assert node.files.read("/tank/a/file") == "kept"


def test_labels_are_cleared_only_when_nobody_needs_them() -> None:
    node = _filled()
    part = f"{DISKS[0]}-part1"
    assert _zpool(node, "labelclear", "-f", part) == (1, f'{part} is a member (ACTIVE) of pool "tank"\n')
    assert _zpool(node, "export", "tank") == (0, "")
    assert _zpool(node, "labelclear", part)[1].endswith(f'{part} is a member of exported pool "tank"\n')
    assert _zpool(node, "labelclear", DISKS[0]) == (1, f"failed to read label from {DISKS[0]}\n")
    assert _zpool(node, "labelclear", "-f", part) == (0, "")
    assert _zpool(node, "import") == (0, "no pools available to import\n")


# -- health


def test_a_missing_disk_degrades_a_mirror_and_stops_a_stripe() -> None:
    node = _made("tank", "mirror", *DISKS[:2])
    node.remove_disk(NAMES[0])
    assert _status(node, "tank")["state"] == "DEGRADED"
    assert "ata-Example_A  UNAVAIL" in node.run(("zpool", "status", "tank")).stdout
    stripe = _made("tank", *DISKS[:2])
    assert _zpool(stripe, "export", "tank") == (0, "")
    stripe.remove_disk(NAMES[0])
    assert " state: UNAVAIL\n" in stripe.run(("zpool", "import")).stdout
    assert _zpool(stripe, "import", "tank")[0] == 1


def test_offline_and_online() -> None:
    node = _made("tank", "mirror", *DISKS[:2])
    assert _zpool(node, "offline", "tank", NAMES[0]) == (0, "")
    assert _zpool(node, "offline", "tank", DISKS[1]) == (1, f"cannot offline {DISKS[1]}: no valid replicas\n")
    assert node.run(("zpool", "list", "-Ho", "health", "tank")).stdout == "DEGRADED\n"
    assert _zpool(node, "online", "tank", "sdb") == (0, "")
    assert node.run(("zpool", "status", "-x")).stdout == "all pools are healthy\n"
    assert _zpool(node, "offline", "tank", "sdz") == (1, "cannot offline sdz: no such device in pool\n")


def test_status_as_the_version_has_it() -> None:
    old = _made("tank", DISKS[0], version=8)
    assert _zpool(old, "status", "-j")[0] == 2
    assert f"  {DISKS[0]}-part1  ONLINE" in old.run(("zpool", "status", "-P")).stdout
    assert "  sdb       ONLINE" in old.run(("zpool", "status", "-L", "tank")).stdout
    assert old.run(("zfs", "get", "-H", "-o", "value", "xattr", "tank")).ok
    assert _zpool(old, "scrub", "tank") == (0, "")
    assert "  scan: scrub repaired 0B in 00:00:00 with 0 errors on " in old.run(("zpool", "status", "tank")).stdout


def test_logs_cache_and_spares_and_adding() -> None:
    node = _made("tank", "mirror", *DISKS[:2], "log", DISKS[2], "cache", DISKS[3])
    found = _status(node, "tank")
    assert (list(found["logs"]), list(found["l2cache"])) == (["ata-Example_C"], ["ata-Example_D"])
    size = found["vdevs"]["tank"]["total_space"]
    assert "pool uses mirror and new vdev is disk" in _zpool(node, "add", "tank", DISKS[4])[1]
    assert _zpool(node, "add", "tank", "mirror", *DISKS[4:6]) == (0, "")
    assert _status(node, "tank")["vdevs"]["tank"]["total_space"] == 2 * size
    assert _zpool(node, "attach", "tank", DISKS[0], DISKS[1]) == (2, "zpool attach: not simulated\n")


# -- datasets and memory


def test_mounting_datasets(tmp_path: Path) -> None:
    node = _filled()
    assert node.run(("zfs", "unmount", "tank/a")).ok
    assert node.run(("zfs", "unmount", "tank/a")).stderr == "cannot unmount 'tank/a': not currently mounted\n"
    node.save(tmp_path / "node.json")
    assert not Node.load(tmp_path / "node.json").files.exists("/tank/a/file")
    assert node.run(("zfs", "mount", "tank/a")).ok
    assert node.run(("zfs", "mount", "tank/a")).stderr == "cannot mount 'tank/a': filesystem already mounted\n"
    node.put_on_disk(NAMES[1], "ext4")
    node.files.mkdir("/tank/a/on")
    assert node.run(("mount", DISKS[1], "/tank/a/on")).ok
    moved = node.run(("zfs", "set", "mountpoint=/srv/a", "tank/a"))
    assert (moved.rc, moved.stderr) == (255, "cannot unmount '/tank/a': pool or dataset is busy\n")
    assert node.run(("umount", "/tank/a/on")).ok
    assert node.run(("zfs", "set", "mountpoint=/srv/a", "tank/a")).ok
    assert node.files.read("/srv/a/file") == "kept"


def test_received_properties() -> None:
    node = _filled()
    node.zfs.datasets["tank/a"].received["compression"] = "zstd"
    read = ("zfs", "get", "-H", "-o", "value,source", "compression", "tank/a")
    assert node.run(read).stdout == "zstd\treceived\n"
    for words, said in (("set compression=lz4", "lz4\tlocal\n"), ("inherit -S compression", "zstd\treceived\n"),
                        ("inherit compression", "on\tdefault\n")):  # fmt: skip
        assert node.run(("zfs", *words.split(), "tank/a")).ok
        assert node.run(read).stdout == said


def test_the_limits_of_the_arc(tmp_path: Path) -> None:
    """The kernel refuses what is no number; a limit out of bounds is kept, and ignored."""
    node = Node.new()
    node.set_memory(16 * GIB)
    parameter = "/sys/module/zfs/parameters/zfs_arc_max"

    def in_force() -> int:
        rows = node.files.read("/proc/spl/kstat/zfs/arcstats").splitlines()
        return next(int(row.split()[2]) for row in rows if row.startswith("c_max "))

    assert (node.files.read(parameter), in_force()) == ("0\n", 8 * GIB)
    assert "MemTotal:       16777216 kB\n" in node.files.read("/proc/meminfo")
    for value, limit in ((4 * GIB, 4 * GIB), (32 << 20, 4 * GIB), (17 * GIB, 4 * GIB), (GIB, GIB)):
        assert node.run(("sh", "-c", f"echo {value} > {parameter}")).ok
        assert (node.files.read(parameter), in_force()) == (f"{value}\n", limit)
    refused = node.run(("bash", "-c", f"echo much > {parameter}"))
    assert (refused.rc, refused.stderr) == (1, "bash: line 1: echo: write error: Invalid argument\n")
    node.save(tmp_path / "node.json")
    assert Node.load(tmp_path / "node.json").files.read(parameter) == f"{GIB}\n"
