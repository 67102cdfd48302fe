"""A simulated node restarts: what is gone, what comes back, in which order."""

from __future__ import annotations

from pathlib import Path

import pytest

from phoenix_hypervisor.simulator.node import Node
from simulator.asking import ok
from simulator.driving import together
from simulator.small import TARBALL, create

NODES = """[Unit]
Before=pve-guests.service
After=nvidia-persistenced.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/nvidia-modprobe -c 0 -c 1
ExecStart=/usr/bin/nvidia-modprobe -u
[Install]
WantedBy=multi-user.target
"""


def containers() -> Node:
    """CT 101 with onboot runs, CT 102 without it runs."""
    node = Node.new(seed=3)
    node.add_tarball(TARBALL)
    for argv in (create(101, "--onboot", "1"), create(102), ("pct", "start", "101"), ("pct", "start", "102")):
        ok(node, *argv)
    return node


@pytest.mark.parametrize("argv", [("systemctl", "reboot"), ("reboot",), ("shutdown", "-r", "now")])
def test_whoever_asks_is_cut_off_and_later_commands_work(argv: tuple[str, ...]) -> None:
    node = containers()
    before = ok(node, "cat", "/proc/sys/kernel/random/boot_id")
    asked = node.run(argv)
    assert (asked.rc, asked.stderr) == (255, "Connection to pve1 closed by remote host.\n")
    later = node.run(("cat", "/proc/sys/kernel/random/boot_id"))
    assert later.stdout != before
    assert 85 < asked.seconds + later.seconds < 120
    assert max(asked.seconds, later.seconds) < 60
    assert float(ok(node, "cat", "/proc/uptime").split()[0]) < asked.seconds + later.seconds
    assert [line.split()[:2] for line in ok(node, "pct", "list").splitlines()[1:]] == [
        ["101", "running"],
        ["102", "stopped"],
    ]


def test_others_are_cut_off_too_and_who_comes_meanwhile_waits() -> None:
    node = containers()
    results = together(node, [("reboot",), ("sleep", "50"), ("sh", "-c", "sleep 0.1; sleep 50")])
    assert [one.rc for one in results] == [255, 255, 255]
    node.reboot()
    node.clock -= 40
    assert node.run(("true",)).seconds >= 40


def test_memory_is_empty_afterwards_and_the_disk_is_not() -> None:
    node = containers()
    for path in ("/run/own", "/tmp/own", "/dev/own", "/root/own", "/var/tmp/own"):
        node.files.write(path, "x")
    node.reboot()
    assert [path for path in ("/run/own", "/tmp/own", "/dev/own") if node.files.exists(path)] == []
    assert node.files.read("/root/own") == node.files.read("/var/tmp/own") == "x"
    assert node.files.exists("/dev/null")
    assert node.files.exists("/dev/sda")


def test_containers_start_in_their_order_and_without_a_device_not_at_all() -> None:
    node = containers()
    node.add_gpu(driver=True)
    ok(node, "pct", "set", "101", "--startup", "order=2", "--dev0", "/dev/nvidia0")
    ok(node, "pct", "set", "102", "--onboot", "1", "--startup", "order=1")
    ok(node, "pct", "create", "103", TARBALL, "--rootfs", "local-zfs:2", "--onboot", "1")
    node.reboot()
    started = sorted((one.started, ctid) for ctid, one in node.guests.running.items())
    assert [ctid for _, ctid in started] == [102, 103], "nothing made the device node of CT 101"
    node.files.write("/etc/systemd/system/nodes.service", NODES)
    ok(node, "systemctl", "enable", "nodes.service")
    node.reboot()
    started = sorted((one.started, ctid) for ctid, one in node.guests.running.items())
    assert [ctid for _, ctid in started] == [102, 101, 103]
    assert ok(node, "systemctl", "is-active", "nodes") == "active\n"


def test_units_start_before_those_that_they_name() -> None:
    node = Node.new()
    for name, told in {"a": "After=b.service", "b": "After=c.service", "c": ""}.items():
        text = f"[Unit]\n{told}\n[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo {name} >> /var/order'\n"
        node.files.write(f"/etc/systemd/system/{name}.service", f"{text}[Install]\nWantedBy=multi-user.target\n")
        ok(node, "systemctl", "enable", f"{name}.service")
    node.reboot()
    assert node.files.read("/var/order") == "c\nb\na\n"


def test_a_unit_that_fails_at_boot_is_failed() -> None:
    node = Node.new()
    text = "[Service]\nType=oneshot\nExecStart=/bin/false\n[Install]\nWantedBy=multi-user.target\n"
    node.files.write("/etc/systemd/system/bad.service", text)
    ok(node, "systemctl", "enable", "bad.service")
    node.reboot()
    assert node.run(("systemctl", "is-failed", "bad")).stdout == "failed\n"


def test_a_restarted_node_lasts(tmp_path: Path) -> None:
    node = containers()
    node.reboot()
    node.save(tmp_path / "node.json")
    again = Node.load(tmp_path / "node.json")
    for argv in (("ip", "-j", "addr"), ("ip", "route"), ("lsmod",), ("pct", "list"), ("cat", "/proc/version")):
        assert ok(again, *argv) == ok(node, *argv)


def test_a_reboot_told_for_later_comes_then() -> None:
    node = Node.new()
    before = ok(node, "cat", "/proc/sys/kernel/random/boot_id")
    node.run(("shutdown", "-r", "+1"))
    node.clock += 59
    assert ok(node, "cat", "/proc/sys/kernel/random/boot_id") == before
    node.clock += 60
    assert ok(node, "cat", "/proc/sys/kernel/random/boot_id") != before
