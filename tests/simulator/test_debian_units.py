"""systemd's units: files and links decide, programs run, what failed says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from phoenix_hypervisor.command import Result
from phoenix_hypervisor.simulator.node import Node
from simulator import recordings

ONCE = """\
[Unit]
Description=Once
Before=pve-guests.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'echo done >/root/done'

[Install]
WantedBy=multi-user.target
"""
UNIT = "/etc/systemd/system/own.service"


def _sharing() -> Node:
    node = Node.new()
    for path in node.files.glob("/etc/apt/sources.list.d/*"):
        if not path.endswith("debian.sources"):
            node.files.remove(path)
    assert node.run(("apt-get", "update")).ok
    assert node.run(("apt-get", "install", "-y", "nfs-kernel-server", "samba")).ok
    return node


def test_the_recorded_commands_answer_as_recorded(transcripts: Path) -> None:
    node, count = _sharing(), 0
    for record in recordings.read(transcripts, "node-a-host.jsonl"):
        if record.id.startswith("h-systemctl"):
            result = node.run(record.argv)
            assert (record.id, result.rc, result.stdout, result.stderr) == (
                record.id, record.rc, record.stdout, record.stderr,
            )  # fmt: skip
            count += 1
    assert count == 6


def test_a_fresh_node_runs_what_the_installer_enabled() -> None:
    node = Node.new()
    for name in (
        "pveproxy",
        "pvedaemon",
        "pvestatd",
        "ssh",
        "chrony",
        "smartmontools",
        "zfs-zed",
        "cron",
        "pve-guests",
    ):
        assert node.run(("systemctl", "is-active", name)).stdout == "active\n", name
        assert node.run(("systemctl", "is-enabled", name)).stdout == "enabled\n", name
    assert node.run(("systemctl", "is-enabled", "smbd")).rc == 4
    assert node.run(("systemctl", "is-enabled", "chronyd")).stdout == "alias\n"
    assert node.run(("systemctl", "show", "-p", "Id", "--value", "chronyd", "sshd")).stdout.split() == [
        "chrony.service",
        "ssh.service",
    ]


def test_a_unit_of_the_administrator_runs_its_program() -> None:
    node = Node.new()
    node.files.write(UNIT, ONCE)
    assert node.run(("systemctl", "is-active", "own")).stdout == "inactive\n"
    enabled = node.run(("systemctl", "enable", "--now", "own"))
    link = "/etc/systemd/system/multi-user.target.wants/own.service"
    assert enabled.stderr == f"Created symlink '{link}' → '{UNIT}'.\n"
    assert node.files.read("/root/done") == "done\n"
    shown = node.run(("systemctl", "show", "-p", "ActiveState,SubState,Result,Before,UnitFileState", "own")).stdout
    assert shown == (
        "Result=success\nBefore=pve-guests.service\nActiveState=active\nSubState=exited\nUnitFileState=enabled\n"
    )
    assert node.run(("systemctl", "disable", "own")).stderr == f"Removed '{link}'.\n"
    assert not node.files.exists(link)
    assert node.run(("systemctl", "is-active", "own")).stdout == "active\n"


def test_a_program_that_fails_leaves_the_unit_failed() -> None:
    node = Node.new()
    node.files.write(UNIT, ONCE.replace("echo done >/root/done", "exit 3"))
    started = node.run(("systemctl", "start", "own"))
    assert started.rc == 1
    assert started.stderr == (
        "Job for own.service failed because the control process exited with error code.\n"
        'See "systemctl status own.service" and "journalctl -xeu own.service" for details.\n'
    )
    assert node.run(("systemctl", "is-failed", "own")) == Result(0, "failed\n")
    assert node.run(("systemctl", "is-active", "own")) == Result(3, "failed\n")
    assert (
        node.run(("systemctl", "show", "-p", "ExecMainStatus,Result", "own")).stdout
        == "Result=exit-code\nExecMainStatus=3\n"
    )
    assert node.run(("systemctl", "is-system-running")) == Result(1, "degraded\n")
    assert "own.service" in node.run(("systemctl", "list-units", "--failed", "--no-legend")).stdout
    assert node.run(("systemctl", "reset-failed", "own")).ok
    assert node.run(("systemctl", "is-system-running")) == Result(0, "running\n")


def test_a_daemon_that_is_not_there_fails_after_its_start() -> None:
    node = Node.new()
    node.files.write(UNIT, "[Service]\nExecStart=/opt/nosuch --daemon\n")
    assert node.run(("systemctl", "start", "own")).ok
    assert node.run(("systemctl", "is-active", "own")).stdout == "failed\n"
    node.files.write("/opt/nosuch", "", mode=0o755)
    assert node.run(("systemctl", "start", "own")).ok
    node.files.write(UNIT, "[Service]\nType=oneshot\n")
    assert node.run(("systemctl", "daemon-reload")).ok
    bad = node.run(("systemctl", "restart", "own"))
    assert (bad.rc, "Unit own.service has a bad unit file setting." in bad.stderr) == (1, True)


def test_systemd_acts_on_what_it_has_read() -> None:
    node = Node.new()
    node.files.write(UNIT, ONCE)
    assert node.run(("systemctl", "start", "own")).ok
    node.files.write(UNIT, ONCE.replace("echo done", "echo other"))
    assert node.run(("systemctl", "show", "-p", "NeedDaemonReload", "--value", "own")).stdout == "yes\n"
    restarted = node.run(("systemctl", "restart", "own"))
    assert restarted.stderr == (
        "Warning: The unit file, source configuration file or drop-ins of own.service changed on disk. "
        "Run 'systemctl daemon-reload' to reload units.\n"
    )
    assert node.run(("systemctl", "daemon-reload")) == Result(0)
    assert node.run(("systemctl", "restart", "own")) == Result(0)
    assert node.files.read("/root/done") == "other\n"


def test_a_drop_in_adds_to_a_unit() -> None:
    node = Node.new()
    node.clock += 10
    node.files.mkdir("/etc/systemd/system/ssh.service.d")
    node.files.write("/etc/systemd/system/ssh.service.d/own.conf", "[Unit]\nAfter=own.service\n")
    shown = node.run(("systemctl", "show", "-p", "NeedDaemonReload,DropInPaths,After", "ssh")).stdout
    assert "DropInPaths=/etc/systemd/system/ssh.service.d/own.conf\n" in shown
    assert "NeedDaemonReload=yes\n" in shown
    assert node.run(("systemctl", "daemon-reload")).ok
    shown = node.run(("systemctl", "show", "-p", "NeedDaemonReload,After", "ssh")).stdout
    assert shown == "After=own.service\nNeedDaemonReload=no\n"
    assert "# /etc/systemd/system/ssh.service.d/own.conf\n" in node.run(("systemctl", "cat", "ssh")).stdout


OLDER = {
    ("is-active", "none"): Result(3, "inactive\n"),
    ("is-failed", "none"): Result(1, "inactive\n"),
    ("is-enabled", "ssh", "none", "cron"): Result(
        1, "enabled\n", "Failed to get unit file state for none.service: No such file or directory\n"
    ),
    ("enable", "none"): Result(1, "", "Failed to enable unit: Unit file none.service does not exist.\n"),
    ("mask", "cron"): Result(0, "", "Created symlink /etc/systemd/system/cron.service → /dev/null.\n"),
    ("enable", "cron"): Result(1, "", "Failed to enable unit: Unit file /etc/systemd/system/cron.service is masked.\n"),
    ("unmask", "cron"): Result(0, "", 'Removed "/etc/systemd/system/cron.service".\n'),
}
NEWER = {
    ("is-active", "none"): Result(4, "inactive\n"),
    ("is-failed", "none"): Result(4, "inactive\n"),
    ("is-enabled", "none"): Result(4, "not-found\n"),
    ("is-enabled", "ssh", "none", "cron"): Result(0, "enabled\nnot-found\nenabled\n"),
    ("enable", "none"): Result(1, "", "Failed to enable unit: Unit none.service does not exist\n"),
    ("mask", "cron"): Result(0, "", "Created symlink '/etc/systemd/system/cron.service' → '/dev/null'.\n"),
    ("enable", "cron"): Result(1, "", "Failed to enable unit: Unit /etc/systemd/system/cron.service is masked\n"),
    ("unmask", "cron"): Result(0, "", "Removed '/etc/systemd/system/cron.service'.\n"),
}


@pytest.mark.parametrize(("version", "answers"), [(8, OLDER), (9, NEWER)])
def test_each_systemd_has_its_own_words_and_codes(version: int, answers: dict[tuple[str, ...], Result]) -> None:
    node = Node.new(version=version)
    assert {words: node.run(("systemctl", *words)) for words in answers} == answers


def test_only_some_units_reload() -> None:
    node = Node.new()
    refused = node.run(("systemctl", "reload", "chrony"))
    assert (refused.rc, refused.stderr) == (
        3,
        "Failed to reload chrony.service: Job type reload is not applicable for unit chrony.service.\n",
    )
    before = node.run(("systemctl", "show", "-p", "ActiveEnterTimestamp", "ssh")).stdout
    node.clock += 60
    assert node.run(("systemctl", "reload", "ssh")).ok
    assert node.run(("systemctl", "show", "-p", "ActiveEnterTimestamp", "ssh")).stdout == before
    assert node.run(("systemctl", "reload-or-restart", "chrony")).ok
    assert node.run(("systemctl", "show", "-p", "ActiveEnterTimestamp", "chrony")).stdout != before
    node.run(("systemctl", "stop", "ssh"))
    assert node.run(("systemctl", "reload", "ssh")).stderr == "ssh.service is not active, cannot reload.\n"
    assert node.run(("systemctl", "stop", "nosuch")).stderr == (
        "Failed to stop nosuch.service: Unit nosuch.service not loaded.\n"
    )


def test_chrony_does_not_start_with_a_broken_configuration() -> None:
    node = Node.new()
    assert node.run(("chronyd", "-p")).ok
    node.files.write("/etc/chrony/conf.d/own.conf", "sever ntp.example iburst\n")
    checked = node.run(("chronyd", "-p"))
    assert (checked.rc, "Invalid directive at line 1 in file /etc/chrony/conf.d/own.conf" in checked.stderr) == (
        1,
        True,
    )
    assert node.run(("systemctl", "restart", "chrony")).rc == 1
    assert node.run(("systemctl", "is-active", "chrony")).stdout == "failed\n"
    node.files.write("/etc/chrony/conf.d/own.conf", "server ntp.example iburst\n")
    assert node.run(("systemctl", "restart", "chrony")).ok
    assert "ntp.example" in node.run(("chronyc", "-n", "sources")).stdout
