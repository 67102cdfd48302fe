"""``zfs`` beyond the recordings: trees of clones, mounts, listing, usage."""

from __future__ import annotations

import pytest

from phoenix_hypervisor.simulator.node import Node
from phoenix_hypervisor.simulator.zfs.properties import nice


def _node(*commands: str) -> Node:
    node = Node.new()
    node.add_pool("tank", 1 << 40)
    for command in commands:
        result = node.run(command.split())
        assert result.ok, result.stderr
    return node


TREE = (
    "zfs create -p tank/a/b",
    "zfs snapshot tank/a/b@one",
    "zfs clone tank/a/b@one tank/c",
    "zfs snapshot tank/c@two",
    "zfs clone -o recordsize=16K tank/c@two tank/d",
)


def _names(node: Node) -> list[str]:
    return node.run(["zfs", "list", "-H", "-t", "all", "-o", "name", "-r", "tank"]).stdout.split()


@pytest.mark.parametrize(
    ("command", "left", "said"),
    [
        ("zfs destroy tank/d", ["tank", "tank/a", "tank/a/b", "tank/a/b@one", "tank/c", "tank/c@two"], ""),
        ("zfs destroy -R tank/a", ["tank"], ""),
        ("zfs destroy -R tank/a/b@one", ["tank", "tank/a", "tank/a/b"], ""),
        (
            "zfs destroy -r tank/a",
            None,
            "cannot destroy 'tank/a': filesystem has dependent clones\n"
            "use '-R' to destroy the following datasets:\ntank/d\ntank/c@two\ntank/c\n",
        ),
        (
            "zfs destroy tank/a",
            None,
            "cannot destroy 'tank/a': filesystem has children\n"
            "use '-r' to destroy the following datasets:\ntank/a/b@one\ntank/a/b\n",
        ),
        (
            "zfs destroy tank/c@two",
            None,
            "cannot destroy 'tank/c@two': snapshot has dependent clones\n"
            "use '-R' to destroy the following datasets:\ntank/d\n",
        ),
        ("zfs destroy tank/c@nosuch", None, "could not find any snapshots to destroy; check snapshot names.\n"),
        ("zfs destroy tank/nosuch", None, "cannot open 'tank/nosuch': dataset does not exist\n"),
    ],
)
def test_destroying_parts_of_a_tree_of_clones(command: str, left: list[str] | None, said: str) -> None:
    node = _node(*TREE)
    before = _names(node)
    result = node.run(command.split())
    assert (result.ok, result.stderr) == (left is not None, said)
    assert _names(node) == (before if left is None else left)
    assert {mount.source for mount in node.files.mounts if mount.source.startswith("tank")} == {
        name for name in _names(node) if "@" not in name
    }


@pytest.mark.parametrize(
    ("command", "rc", "said"),
    [
        ("zfs clone tank/a/b@no tank/x", 1, "cannot open 'tank/a/b@no': dataset does not exist"),
        ("zfs clone tank/a/b@one tank/c", 1, "cannot create 'tank/c': dataset already exists"),
        ("zfs clone tank/a/b@one rpool/x", 1, "cannot create 'rpool/x': source and target pools differ"),
        ("zfs clone tank/a/b@one tank/x/y", 1, "cannot create 'tank/x/y': parent does not exist"),
        ("zfs clone -o colour=red tank/a/b@one tank/x", 1, "cannot create 'tank/x': invalid property 'colour'"),
        ("zfs snapshot tank/nosuch@x", 2, "cannot open 'tank/nosuch': dataset does not exist"),
        ("zfs set used=1 tank/a", 255, "cannot set property for 'tank/a': 'used' is readonly"),
        ("zfs set quota=lots tank/a", 255, "cannot set property for 'tank/a': bad numeric value 'lots'"),
        ("zfs get nosuch tank/a", 2, "bad property list: invalid property 'nosuch'"),
        ("zfs inherit quota tank/a", 2, "'quota' property cannot be inherited"),
        ("zfs set compression tank/a", 2, "missing property=value argument(s)"),
        ("zfs create", 2, "missing filesystem argument"),
        ("zfs create -q tank/x", 2, "invalid option 'q'"),
        ("zfs frobnicate", 2, "unrecognized command 'frobnicate'"),
    ],
)
def test_refusals(command: str, rc: int, said: str) -> None:
    result = _node(*TREE).run(command.split())
    assert (result.rc, result.stderr.splitlines()[0], result.stdout) == (rc, said, "")


def test_properties_are_inherited_and_read_back_normalised() -> None:
    node = _node(*TREE, "zfs set recordsize=1M atime=off xattr=sa acltype=posixacl quota=10G tank/a")
    keys = "recordsize,atime,xattr,acltype,quota"
    result = node.run(("zfs", "get", "-Hp", "-o", "value,source", keys, "tank/a/b"))
    inherited = "".join(f"{value}\tinherited from tank/a\n" for value in ("1048576", "off", "on", "posix"))
    assert result.stdout == f"{inherited}0\tdefault\n"
    assert node.run(["zfs", "get", "-H", "-o", "value", "quota", "tank/a"]).stdout == "10G\n"
    assert node.run(["zfs", "inherit", "atime", "tank/a"]).ok
    assert node.run(["zfs", "get", "-H", "-o", "value,source", "atime", "tank/a/b"]).stdout == "on\tdefault\n"


def test_clones_do_not_inherit_what_is_local_to_their_origin() -> None:
    node = _node(*TREE, "zfs set recordsize=4K tank/a/b")
    assert node.run(["zfs", "get", "-Hp", "-o", "value", "recordsize", "tank/c"]).stdout == "131072\n"
    assert node.run(["zfs", "get", "-Hp", "-o", "value", "recordsize", "tank/d"]).stdout == "16384\n"


def test_files_follow_snapshots_clones_and_rollback() -> None:
    node = _node("zfs create tank/a")
    node.files.write("/tank/a/file", "old")
    for command in ("zfs snapshot tank/a@s", "zfs clone tank/a@s tank/b"):
        assert node.run(command.split()).ok
    node.files.write("/tank/a/file", "new")
    node.files.write("/tank/b/other", "of the clone")
    assert (node.files.read("/tank/a/file"), node.files.read("/tank/b/file")) == ("new", "old")
    assert node.run(["zfs", "rollback", "tank/a@s"]).ok
    assert (node.files.read("/tank/a/file"), node.files.exists("/tank/a/other")) == ("old", False)


def test_rollback_reaches_the_newest_snapshot_only() -> None:
    node = _node("zfs create tank/a", "zfs snapshot tank/a@one", "zfs snapshot tank/a@two")
    assert node.run(["zfs", "rollback", "tank/a@one"]).stderr == (
        "cannot rollback to 'tank/a@one': more recent snapshots or bookmarks exist\n"
        "use '-r' to force deletion of the following snapshots and bookmarks:\ntank/a@two\n"
    )
    assert node.run(["zfs", "rollback", "-r", "tank/a@one"]).ok
    assert _names(node) == ["tank", "tank/a", "tank/a@one"]


def test_mounts_follow_the_mountpoint_and_the_name() -> None:
    node = _node("zfs create -p tank/a/b", "zfs set mountpoint=/srv tank/a")
    node.files.write("/srv/b/x", "1")
    assert node.run(["zfs", "rename", "tank/a", "tank/z"]).ok
    assert node.run(["zfs", "get", "-H", "-o", "value", "mountpoint", "tank/z/b"]).stdout == "/srv/b\n"
    assert node.files.read("/srv/b/x") == "1"
    assert node.run(["zfs", "set", "mountpoint=none", "tank/z"]).ok
    assert not node.files.exists("/srv/b/x")
    assert node.run(["zfs", "list", "-H", "-o", "name,mounted,mountpoint", "-r", "tank/z"]).stdout == (
        "tank/z\tno\tnone\ntank/z/b\tno\tnone\n"
    )


def test_listing_by_type_depth_and_order() -> None:
    node = _node(*TREE)

    def listed(words: str) -> list[str]:
        return node.run(f"zfs list -H -o name {words}".split()).stdout.split()

    assert listed("-t snapshot tank/c") == ["tank/c@two"]
    assert listed("-t snapshot -r tank") == ["tank/a/b@one", "tank/c@two"]
    assert listed("-d 1 tank") == ["tank", "tank/a", "tank/c", "tank/d"]
    assert listed("tank/a/b@one") == ["tank/a/b@one"]
    assert listed("-S name tank/a tank/c") == ["tank/c", "tank/a"]
    assert listed("-r tank/c")[0] == "tank/c"


def test_a_clone_uses_nothing_of_its_own_at_first() -> None:
    node = _node("zfs create tank/a")
    node.files.write("/tank/a/big", "x" * 1_000_000)
    for command in ("zfs snapshot tank/a@s", "zfs clone tank/a@s tank/b"):
        assert node.run(command.split()).ok
    used, refer = node.run(["zfs", "list", "-Hp", "-o", "used,refer", "tank/b"]).stdout.split()
    assert (used, int(refer) > 1_000_000) == ("0", True)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0B"),
        (1023, "1023B"),
        (1024, "1K"),
        (77926400, "74.3M"),
        (4 << 30, "4G"),
        (1536, "1.50K"),
        (151564288, "145M"),
    ],
)
def test_numbers_are_printed_as_zfs_does(number: int, text: str) -> None:
    assert nice(number) == text
