"""visudo refuses what sudo refuses, with its words."""

from __future__ import annotations

from pathlib import Path

import pytest

from phoenix_hypervisor.simulator.node import Node
from simulator import recordings
from simulator.box import Box


def _with_sudo() -> Node:
    node = Node.new()
    node.files.remove("/etc/apt/sources.list.d/pve-enterprise.sources")
    node.files.remove("/etc/apt/sources.list.d/ceph.sources")
    assert node.run(("apt-get", "update")).ok
    assert node.run(("apt-get", "install", "-y", "sudo")).ok
    return node


def test_sudo_is_not_there_until_it_is_installed() -> None:
    assert Node.new().run(("visudo", "-c")).rc == 127
    node = _with_sudo()
    assert node.run(("visudo", "-c")).stdout == "/etc/sudoers: parsed OK\n/etc/sudoers.d/README: parsed OK\n"


def test_the_recorded_checks_answer_as_recorded(transcripts: Path) -> None:
    node, count = _with_sudo(), 0
    node.files.write("/etc/sudoers.d/zfs", "ALL ALL=(root) NOPASSWD: /sbin/zfs list\n", mode=0o440)
    for record in recordings.read(transcripts, "node-a-host.jsonl"):
        if record.id.startswith("d-visudo"):
            result = node.run(("bash", "-c", record.shell))
            assert (result.stdout, result.stderr) == (record.stdout, record.stderr)
            count += 1
    assert count == 3


@pytest.mark.parametrize(
    "line",
    [
        "ops ALL=(ALL:ALL) NOPASSWD: ALL",
        "ops ALL=NOPASSWD:SETENV: /usr/bin/apt-get update, /sbin/reboot",
        "%wheel, #1000 host1,10.0.0.0/8 = (root : adm) /bin/ls -l, !/bin/rm : host2 = ALL",
        "Defaults:ops !requiretty, timestamp_timeout=15",
        'Defaults secure_path="/usr/sbin:/usr/bin"',
        "User_Alias ADMINS = a, b : OTHERS = c\nADMINS, OTHERS ALL = ALL",
        "Cmnd_Alias REBOOT = /sbin/reboot\nops ALL = REBOOT",
        "ops ALL = (ALL) \\\n  ALL",
        "# a comment\n\nops ALL = () /bin/ls",
        "ops ALL=(ALL) sudoedit /etc/hosts",
        "ops ALL=/usr/bin/systemctl restart smbd.service",
    ],
)
def test_what_sudo_takes(line: str) -> None:
    box = Box()
    box.put("/s", f"{line}\n")
    assert box.run("visudo", "-cf", "/s").stdout == "/s: parsed OK\n"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ops", "/s:1:4: syntax error\n"),
        ("ops ALL", "/s:1:8: syntax error\n"),
        ("ops ALL ALL", "/s:1:9: syntax error\n"),
        ("ops ALL=", "/s:1:9: syntax error\n"),
        ("ops ALL=(ALL", "/s:1:13: syntax error\n"),
        ("ops ALL=ALL)", "/s:1:12: syntax error\n"),
        ("ops ALL=ls", "/s:1:9: expected a fully-qualified path name\n"),
        ("ops ALL=(ALL) NOPASSWORD: ALL", "syntax error\n"),
        ("Admin_Alias X = a", "/s:1:17: expected a fully-qualified path name\n"),
        ("User_Alias admins = a", "/s:1:12: syntax error\n"),
        ("User_Alias A = a\nUser_Alias A = b", '/s:2:12: Alias "A" already defined\n'),
        ("Defaults nosuchoption", '/s:1:10: unknown defaults entry "nosuchoption"\n'),
        ("Defaults env_reset=", "syntax error\n"),
        ("ops ALL=(ALL) ALL\nbad line here", "/s:2:10: syntax error\n"),
        ("ops ALL=ALL,", "/s:1:13: syntax error\n"),
    ],
)
def test_what_sudo_refuses(line: str, words: str) -> None:
    box = Box()
    box.put("/s", f"{line}\n")
    result = box.run("visudo", "-c", "-f", "/s")
    assert (result.rc, result.stdout) == (1, "")
    assert words in result.stderr
    quiet = box.run("visudo", "-cqf", "/s")
    assert (quiet.rc, quiet.stdout, quiet.stderr) == (1, "", "")


def test_an_alias_that_nobody_defined_is_an_error_only_when_strict() -> None:
    box = Box()
    box.put("/s", "NOBODY ALL = ALL\n")
    warned = box.run("visudo", "-cf", "/s")
    assert (warned.rc, warned.stdout) == (0, "/s: parsed OK\n")
    assert warned.stderr == 'Warning: /s:1:1: User_Alias "NOBODY" referenced but not defined\n'
    assert box.run("visudo", "-c", "-s", "-f", "/s").rc == 1


def test_included_files_are_judged_as_well() -> None:
    node = _with_sudo()
    node.files.write("/etc/sudoers.d/ops", "ops ALL=\n", mode=0o440)
    assert "/etc/sudoers.d/ops:1:9: syntax error\n" in node.run(("visudo", "-c")).stderr
    node.files.write("/etc/sudoers.d/ops", "ops ALL=ALL\n")
    assert node.run(("visudo", "-c")).ok
    node.files.write("/etc/sudoers.d/ops.bak", "broken\n", mode=0o440)
    assert node.run(("visudo", "-c")).ok
    node.files.chown("/etc/sudoers.d/ops", 1000, 0)
    result = node.run(("visudo", "-c"))
    assert (result.rc, result.stderr) == (1, "/etc/sudoers.d/ops: wrong owner (uid, gid) should be (0, 0)\n")
    missing = node.run(("visudo", "-cf", "/nowhere"))
    assert (missing.rc, missing.stderr) == (1, "visudo: unable to open /nowhere: No such file or directory\n")
