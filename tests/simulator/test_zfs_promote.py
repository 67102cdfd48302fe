"""``zfs promote`` turns clone and origin round; what has no room is refused in ZFS's words."""

from __future__ import annotations

import pytest

from phoenix_hypervisor.simulator.node import Node

TREE = (
    "zfs create tank/a",
    "zfs snapshot tank/a@one",
    "zfs snapshot tank/a@two",
    "zfs snapshot tank/a@three",
    "zfs clone tank/a@one tank/first",
    "zfs clone tank/a@two tank/second",
    "zfs snapshot tank/second@own",
    "zfs clone tank/a@three tank/third",
)


def _node(*commands: str) -> Node:
    node = Node.new()
    node.add_pool("tank", 1 << 40)
    for command in commands:
        result = node.run(command.split())
        assert result.ok, result.stderr
    return node


def _origins(node: Node) -> dict[str, str]:
    shown = node.run(["zfs", "list", "-H", "-o", "name,origin", "-r", "tank"]).stdout
    return dict(line.split("\t") for line in shown.splitlines())


def _snapshots(node: Node, name: str) -> list[str]:
    return node.run(f"zfs list -H -o name -t snapshot -s createtxg {name}".split()).stdout.split()


def test_the_snapshots_up_to_the_origin_and_their_clones_go_to_the_promoted() -> None:
    node = _node(*TREE)
    node.files.write("/tank/a/kept", "of the origin")
    assert node.run(["zfs", "promote", "tank/second"]).ok
    assert _origins(node) == {
        "tank": "-",
        "tank/a": "tank/second@two",
        "tank/first": "tank/second@one",
        "tank/second": "-",
        "tank/third": "tank/a@three",
    }
    assert _snapshots(node, "tank/second") == ["tank/second@one", "tank/second@two", "tank/second@own"]
    assert _snapshots(node, "tank/a") == ["tank/a@three"]
    assert node.files.read("/tank/a/kept") == "of the origin"
    assert node.run(["zfs", "destroy", "-r", "tank/a"]).stderr.startswith(
        "cannot destroy 'tank/a': filesystem has dependent clones\n"
    )
    assert node.run(["zfs", "destroy", "-R", "tank/a"]).ok
    assert "tank/second" in _origins(node)


def test_a_clone_of_a_clone_takes_over_the_origin_of_its_origin() -> None:
    node = _node(*TREE, "zfs clone tank/second@own tank/deep", "zfs promote tank/deep")
    assert (_origins(node)["tank/deep"], _origins(node)["tank/second"]) == ("tank/a@two", "tank/deep@own")
    assert node.run(["zfs", "promote", "tank/second"]).ok, "and back again"
    assert (_origins(node)["tank/deep"], _origins(node)["tank/second"]) == ("tank/second@own", "tank/a@two")


def test_what_is_promoted_no_longer_needs_its_origin() -> None:
    node = _node(*TREE[:2], TREE[4], "zfs promote tank/first")
    assert node.run(["zfs", "destroy", "-r", "tank/first"]).rc == 1
    assert node.run(["zfs", "destroy", "tank/a"]).ok
    assert _snapshots(node, "tank/first") == ["tank/first@one"]


@pytest.mark.parametrize(
    ("before", "command", "rc", "said"),
    [
        ((), "zfs promote", 2, "missing clone filesystem argument"),
        ((), "zfs promote tank/a tank/first", 2, "too many arguments"),
        ((), "zfs promote -r tank/first", 2, "invalid option 'r'"),
        ((), "zfs promote tank/none", 1, "cannot open 'tank/none': dataset does not exist"),
        ((), "zfs promote tank/a", 1, "cannot promote 'tank/a': not a cloned filesystem"),
        (
            (),
            "zfs promote tank/second@own",
            1,
            "cannot open 'tank/second@own': snapshot delimiter '@' is not expected here",
        ),
        (
            ("zfs snapshot tank/second@one",),
            "zfs promote tank/second",
            1,
            "cannot promote 'tank/second': conflicting snapshot 'one' from parent 'tank/a@two'",
        ),
        (
            ("zfs set quota=50K tank/second",),
            "zfs promote tank/second",
            1,
            "cannot promote 'tank/second': out of space",
        ),
        ((), "zfs create -o quota=1K tank/x", 1, "cannot create 'tank/x': out of space"),
        ((), "zfs create -o refquota=1K tank/x", 1, "cannot create 'tank/x': out of space"),
        ((), "zfs create -o reservation=2T tank/x", 1, "cannot create 'tank/x': out of space"),
        ((), "zfs clone -o refquota=1K tank/a@one tank/x", 1, "cannot create 'tank/x': out of space"),
        (("zfs set quota=100K tank/a",), "zfs create tank/a/x", 1, "cannot create 'tank/a/x': out of space"),
        (
            (),
            "zfs set quota=1K tank/a",
            255,
            "cannot set property for 'tank/a': size is less than current used or reserved space",
        ),
        (
            (),
            "zfs set reservation=2T tank/a",
            255,
            "cannot set property for 'tank/a': size is greater than available space",
        ),
    ],
)
def test_refusals(before: tuple[str, ...], command: str, rc: int, said: str) -> None:
    node = _node(*TREE, *before)
    origins = _origins(node)
    result = node.run(command.split())
    assert (result.rc, result.stderr.splitlines()[0]) == (rc, said)
    assert _origins(node) == origins


def test_a_limit_that_holds_an_empty_dataset_is_taken() -> None:
    node = _node(*TREE, "zfs create -o quota=96K -o refquota=96K tank/x", "zfs clone -o quota=1K tank/a@one tank/y")
    assert node.run(["zfs", "get", "-Hp", "-o", "value", "quota", "tank/x"]).stdout == "98304\n"
