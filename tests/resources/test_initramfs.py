"""The initial file systems follow the files that they are made from."""

from __future__ import annotations

import pytest

from features.host.converging import changes, converge
from phoenix_hypervisor.command import Command
from phoenix_hypervisor.resources.file import HEADER, File, NoFile
from phoenix_hypervisor.resources.initramfs import DUE, Initramfs
from phoenix_hypervisor.simulator.faults import Fault, Kind
from phoenix_hypervisor.simulator.node import Node

PATH = "/etc/modprobe.d/phoenix-test.conf"
CONF = File(name=PATH, text=f"# {HEADER}\nblacklist nouveau\n", notify=(DUE,))
MADE = Initramfs(watches=(CONF,))


def updates(commands: list[Command]) -> int:
    return sum("update-initramfs -u -k all" in word for command in commands for word in command.argv)


def test_it_is_made_once_after_a_change_and_again_after_the_next() -> None:
    node = Node.new()
    assert updates(converge(node, [MADE, CONF])) == 1
    assert changes(node, [MADE, CONF]) == []
    gone = NoFile(name=PATH, notify=(DUE,))
    assert updates(converge(node, [Initramfs(watches=(gone,)), gone])) == 1


def test_a_run_that_was_cut_off_after_the_file_goes_on_with_it() -> None:
    node = Node.new()
    first, _ = changes(node, [CONF, MADE])
    assert node.run(first.argv, first.stdin).ok
    assert updates(converge(node, [CONF, MADE])) == 1


@pytest.mark.parametrize("reboots", [0, 1])
def test_one_that_fails_stays_due_and_a_reboot_does_not_make_it(reboots: int) -> None:
    node = Node.new()
    first, second = changes(node, [CONF, MADE])
    assert node.run(first.argv, first.stdin).ok
    node.faults.add(Fault(Kind.FAIL, ("update-initramfs",), times=1))
    assert not node.run(second.argv, second.stdin).ok
    for _ in range(reboots):
        node.reboot()
    assert updates(converge(node, [CONF, MADE])) == 1


def test_a_mark_where_earlier_versions_left_it_counts() -> None:
    node = Node.new()
    converge(node, [CONF, MADE])
    assert node.run(["sh", "-c", "mkdir -p /run/phoenix_hypervisor/due; : >/run/phoenix_hypervisor/due/initramfs"]).ok
    assert updates(converge(node, [CONF, MADE])) == 1


def test_partitions_that_proxmox_boots_from_follow() -> None:
    node = Node.new()
    node.files.mkdir("/etc/kernel", parents=True)
    node.files.write("/etc/kernel/proxmox-boot-uuids", "AAAA-BBBB\n")
    first, second = changes(node, [CONF, MADE])
    assert node.run(first.argv, first.stdin).ok
    assert "AAAA-BBBB" in node.run(second.argv, second.stdin).stdout


@pytest.mark.parametrize("name", ["other", "", "update; reboot"])
def test_there_is_one(name: str) -> None:
    with pytest.raises(ValueError, match="update"):
        Initramfs(name=name)  # type: ignore[arg-type]
