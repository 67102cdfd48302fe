"""The limit of the ARC: now, at boot, and against the memory that the node has."""

from __future__ import annotations

import pytest

from features.host.converging import changes, converge
from features.host.zfs_nodes import kept, node, reasons, verdicts, wanted
from phoenix_hypervisor.command import Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.features.host.zfs.arc import ARC
from phoenix_hypervisor.simulator.node import Node

LIMIT = "zfs.arc:limit"
GIB = 1 << 30
FILE = "/etc/modprobe.d/zfs.conf"
PARAMETER = "/sys/module/zfs/parameters/zfs_arc_max"


def with_memory(size: int = 16 * GIB) -> Node:
    made = node(0)
    made.set_memory(size)
    return made


@pytest.mark.parametrize("before", ["", "options zfs zfs_arc_max=1073741824\n", "options zfs zfs_arc_max=1"])
def test_it_holds_now_and_after_a_reboot(before: str) -> None:
    made = with_memory()
    if before:
        made.files.write(FILE, before)
    converge(made, wanted(arc_max_gb=2.5).values())
    assert made.files.read(PARAMETER).strip() == str(5 * GIB // 2)
    assert made.files.read(FILE).startswith(before)
    made.reboot()
    assert made.files.read(PARAMETER).strip() == str(5 * GIB // 2)
    assert changes(made, wanted(arc_max_gb=2.5).values()) == []
    assert kept(verdicts(made, wanted(arc_max_gb=2.5))[LIMIT]) == ""


def test_an_initramfs_that_a_cut_off_run_left_old_is_made_later() -> None:
    made = with_memory()
    commands = changes(made, wanted(arc_max_gb=2).values())
    for command in commands[:-1]:
        assert made.run(command.argv, command.stdin).ok
    (late,) = converge(made, wanted(arc_max_gb=2).values())
    assert late.argv == commands[-1].argv


@pytest.mark.parametrize(
    ("limit", "told"),
    [
        (16, "the limit of the ARC is 16G"),
        (15.5, "and the node has 16G of memory"),
        (0.01, "ZFS takes 64M or more"),
    ],
)
def test_what_the_node_cannot_give_is_an_obstacle_with_the_numbers(limit: float, told: str) -> None:
    asked = wanted(arc_max_gb=limit)
    assert told in reasons(verdicts(with_memory(), asked)[LIMIT])
    assert LIMIT in asked[f"block:{FILE}#ARC limit"].needs()


def test_what_fits_is_no_obstacle() -> None:
    assert verdicts(with_memory(), wanted(arc_max_gb=15))[LIMIT].obstacles == ()


def test_a_line_of_somebody_else_that_wins_is_told() -> None:
    made = with_memory()
    made.files.write("/etc/modprobe.d/zzz.conf", f"options zfs zfs_arc_max={GIB}\n")
    made.files.write("/etc/modprobe.d/a.conf", f"options zfs zfs_arc_max={GIB}\n")
    converge(made, wanted(arc_max_gb=2).values())
    made.files.write(FILE, f"{made.files.read(FILE)}options zfs zfs_arc_min=1 zfs_arc_max={3 * GIB}\n")
    told = kept(verdicts(made, wanted(arc_max_gb=2))[LIMIT])
    assert "/etc/modprobe.d/zzz.conf limits the ARC to 1G at boot, declared 2G: Its line 1 comes after" in told
    assert f"{FILE} limits the ARC to 3G" in told
    assert "/etc/modprobe.d/a.conf" not in told
    assert changes(made, wanted(arc_max_gb=2).values()) == []


def test_a_limit_that_zfs_would_ignore_is_an_obstacle() -> None:
    told = reasons(verdicts(with_memory(64 * GIB), wanted(arc_max_gb=2))[LIMIT])
    assert told == "ZFS ignores a limit of 2G, as the ARC keeps 2G at least"
    assert verdicts(with_memory(64 * GIB), wanted(arc_max_gb=2.5))[LIMIT].obstacles == ()


def test_a_node_without_the_module_waits_for_its_boot() -> None:
    arc = ARC.parse(Result(0, "memory 1048576\n"))
    assert (arc.limit, arc.memory, arc.floor) == (None, GIB, None)
    with pytest.raises(NodeError, match="memory"):
        ARC.parse(Result(127, "", "not found"))
