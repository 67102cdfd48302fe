"""Time, name, kernel settings and log rotation of a simulated Debian."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from phoenix_hypervisor.command import Result
from phoenix_hypervisor.simulator.node import Node
from simulator import recordings


def test_the_recorded_commands_answer_as_recorded(transcripts: Path) -> None:
    node, count = Node.new(), 0
    assert node.run(("timedatectl", "set-ntp", "no")).ok
    for record in recordings.read(transcripts, "node-a-host.jsonl"):
        if record.id.startswith("h-timedatectl"):
            result = node.run(record.argv)
            assert (result.rc, _timeless(result.stdout), result.stderr) == (
                record.rc, _timeless(record.stdout), record.stderr,
            )  # fmt: skip
            count += 1
        if record.id == "h-hostnamectl":
            told, recorded = json.loads(node.run(record.argv).stdout), json.loads(record.stdout)
            assert list(told) == list(recorded)
            same = ("Hostname", "StaticHostname", "HostnameSource", "OperatingSystemPrettyName")
            assert {key: told[key] for key in same} == {key: recorded[key] for key in same}
            count += 1
    assert count == 5


def _timeless(text: str) -> str:
    return re.sub(r"\w{3} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "NOW", text)


def test_the_time_is_kept_by_chrony() -> None:
    node = Node.new()
    shown = node.run(("timedatectl", "show", "-p", "NTP,NTPSynchronized")).stdout
    assert shown == "NTP=yes\nNTPSynchronized=yes\n"
    node.run(("systemctl", "stop", "chrony"))
    assert node.run(("timedatectl", "show", "-p", "NTP", "--value")).stdout == "no\n"
    assert node.run(("timedatectl", "set-ntp", "true")).ok
    assert node.run(("systemctl", "is-active", "chrony")).stdout == "active\n"
    assert "Europe/Berlin\n" in node.run(("timedatectl", "list-timezones")).stdout
    assert node.run(("timedatectl", "--colour")).stderr == "timedatectl: unrecognized option '--colour'\n"


def test_the_host_name_is_set_now_and_at_boot() -> None:
    node = Node.new()
    assert node.run(("hostname",)).stdout == "pve1\n"
    assert node.run(("hostname", "-f")).stdout == "pve1.local\n"
    assert node.run(("hostnamectl", "set-hostname", "hyp1")) == Result(0)
    assert node.files.read("/etc/hostname") == "hyp1\n"
    assert node.run(("hostname",)).stdout == "hyp1\n"
    refused = node.run(("hostnamectl", "set-hostname", "bad name"))
    assert refused == Result(1, "", "Could not set static hostname: Invalid static hostname 'bad name'\n")
    assert node.run(("hostname", "-f")) == Result(1, "", "hostname: Name or service not known\n")


def test_kernel_settings_are_files() -> None:
    node = Node.new()
    assert node.run(("sysctl", "-n", "vm.swappiness")).stdout == "60\n"
    assert node.run(("sysctl", "-w", "vm.swappiness=10")).stdout == "vm.swappiness = 10\n"
    assert node.files.read("/proc/sys/vm/swappiness") == "10\n"
    missing = node.run(("sysctl", "vm.nosuch"))
    assert missing == Result(1, "", "sysctl: cannot stat /proc/sys/vm/nosuch: No such file or directory\n")
    assert node.run(("sysctl", "-w", "vm.swappiness=lots")).rc == 1
    node.files.mkdir("/etc/sysctl.d", parents=True)
    node.files.write("/etc/sysctl.d/90-own.conf", "# ours\nnet.ipv4.ip_forward = 1\n-vm.nosuch = 1\n")
    assert node.run(("sysctl", "-q", "-p", "/etc/sysctl.d/90-own.conf")) == Result(0)
    assert node.run(("sysctl", "-n", "net.ipv4.ip_forward")).stdout == "1\n"
    applied = node.run(("sysctl", "--system"))
    assert "* Applying /etc/sysctl.d/90-own.conf ...\nnet.ipv4.ip_forward = 1\n" in applied.stdout


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/var/log/own/*.log {\n  weekly\n  rotate 4\n  missingok\n  su root adm\n}\n", ""),
        ("/var/log/own.log {\n  postrotate\n    kill $(cat /run/own.pid)\n  endscript\n}\n", ""),
        ("/var/log/own.log {\n  wekly\n}\n", "error: /c:2 unknown option 'wekly' -- ignoring line\n"),
        ("/var/log/own.log {\n  rotate many\n}\n", "error: /c:2 bad rotation count 'many'\n"),
        ("/var/log/own.log {\n  su nosuch adm\n}\n", "error: /c:2 unknown user 'nosuch'\n"),
        ("/var/log/own.log {\n  weekly\n", "error: /c:1 missing '}' at end of file\n"),
        ("weekly\n}\n", "error: /c:2 unexpected } (missing previous '{')\n"),
    ],
)
def test_log_rotation_is_checked(text: str, words: str) -> None:
    node = Node.new()
    node.files.write("/c", text)
    result = node.run(("logrotate", "-d", "/c"))
    assert result.rc == int(bool(words))
    assert words in result.stderr
    node.files.chmod("/c", 0o666)
    assert "because of bad file mode" in node.run(("logrotate", "-d", "/c")).stderr


def test_the_installers_configuration_is_in_order() -> None:
    for version in (8, 9):
        node = Node.new(version=version)
        assert node.run(("logrotate", "-d", "/etc/logrotate.conf")).ok
        assert node.run(("dpkg-query", "-W", "-f", "${db:Status-Status}", "proxmox-ve")).stdout == "installed"
        assert node.run(("dpkg-query", "-W", "sudo", "samba", "nfs-kernel-server")).rc == 1
        assert node.run(("locale", "-a")).stdout == "C\nC.utf8\nPOSIX\nen_US.utf8\n"
        assert node.run(("update-locale", "LANG=de_DE.UTF-8")).rc == 1
