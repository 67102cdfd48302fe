"""Processes at the same time: PVE's locks, and the same end from the same seed."""

from __future__ import annotations

from pathlib import Path

from phoenix_hypervisor.simulator.locks import config_lock
from phoenix_hypervisor.simulator.node import Node
from simulator.driving import together
from simulator.small import create, small_node


def test_creations_on_one_storage_go_in_parallel() -> None:
    node = small_node()
    alone = small_node().run(create(150)).seconds
    results = together(node, [create(ctid) for ctid in (150, 151, 152)])
    assert [result.rc for result in results] == [0, 0, 0]
    assert max(result.seconds for result in results) < alone + 1
    assert sorted(name for name in node.zfs.datasets if "-15" in name) == [
        f"rpool/data/subvol-{ctid}-disk-0" for ctid in (150, 151, 152)
    ]


def test_one_id_is_given_once() -> None:
    results = together(small_node(), [create(150), create(150)])
    assert sorted(result.rc for result in results) == [0, 2]
    assert {result.stderr for result in results if result.rc} == {"CT 150 already exists on node 'pve1'\n"}


def test_a_second_clone_of_one_source_fails_at_once() -> None:
    node = small_node()
    assert node.run(("pct", "template", "102")).ok
    first, second = together(node, [("pct", "clone", "102", "150"), ("pct", "clone", "102", "151")])
    assert (first.rc, second.rc, second.stderr) == (0, 255, "CT is locked (disk)\n")


def test_changes_of_one_container_wait_for_each_other() -> None:
    node = small_node()
    sizes = ["300", "301", "302", "303"]
    results = together(node, [("pct", "set", "102", "--memory", size) for size in sizes])
    assert [result.rc for result in results] == [0] * 4


def test_a_configuration_lock_that_stays_taken_is_given_up_after_ten_seconds() -> None:
    node = small_node()
    node.locks.held.add(config_lock(102))
    result = node.run(("pct", "set", "102", "--memory", "300"))
    assert result.stderr == "can't lock file '/run/lock/lxc/pve-config-102.lock' - got timeout\n"
    assert 10 < result.seconds < 12


def test_zfs_clones_of_one_snapshot_need_no_lock() -> None:
    node = small_node()
    assert node.run(("pct", "snapshot", "101", "layer")).ok
    origin = "rpool/data/subvol-101-disk-0@layer"
    results = together(node, [("zfs", "clone", origin, f"rpool/data/subvol-{ctid}-disk-0") for ctid in range(200, 300)])
    assert all(result.ok and result.seconds < 0.1 for result in results)


def test_the_same_seed_and_commands_give_the_same_node(tmp_path: Path) -> None:
    texts = []
    for name in ("one", "two"):
        node = small_node()
        results = together(node, [create(150), ("pct", "snapshot", "101", "a"), ("pct", "clone", "102", "151")])
        node.save(tmp_path / name)
        texts.append(((tmp_path / name).read_bytes(), results))
    assert texts[0] == texts[1]


def test_another_seed_gives_other_addresses() -> None:
    def mac(seed: int) -> str:
        return small_node(seed).guests.load(101).current.options["net0"]

    assert mac(1) != mac(2)


def test_addresses_come_some_time_after_the_start() -> None:
    node = small_node()
    assert node.run(("pct", "start", "102")).ok
    box = node.container(102)
    assert box is not None
    assert [(one.interface, one.cidr) for one in box.addresses] == [("eth0", "")]
    assert not box.booted
    node.clock += 5
    assert [(one.interface, one.cidr) for one in box.addresses] == [("eth0", "10.0.0.102/24")]
    assert box.booted


def test_a_node_knows_its_own_addresses() -> None:
    assert [(one.interface, one.cidr) for one in Node.new().addresses] == [("vmbr0", "10.0.0.2/24")]
