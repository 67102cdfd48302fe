"""What is told of a command that failed."""

from __future__ import annotations

import pytest

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.engine.telling import failure, named
from phoenix_hypervisor.resources.file import write
from phoenix_hypervisor.transport.container import inside

MERGED = Command("sh", "-c", "set -eu\n", "merge-interfaces", "f" * 64, "4", "vmbr0", "10.0.0.2/24")
UPDATE = Command("apt-get", "update")
ENTERPRISE = """\
E: Failed to fetch https://enterprise.proxmox.com/debian/pve/dists/trixie/InRelease  401  Unauthorized [IP: 1.2.3.4]
E: The repository 'https://enterprise.proxmox.com/debian/pve trixie InRelease' is not signed.
N: Updating from such a repository can't be done securely, and is therefore disabled by default.
N: See apt-secure(8) manpage for repository creation and user configuration details.
"""
CURL = "curl: (22) The requested URL returned error: 404\n"
RELOAD = "Warning: The unit file, source configuration file or drop-ins of x.timer changed on disk. Run 'systemctl'\n"


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (Command("pct", "set", "950", "--memory", "64"), "pct set 950"),
        (Command("zfs", "create", "-o", "atime=off", "tank/a"), "zfs create tank/a"),
        (Command("useradd", "--create-home", "--shell", "/bin/bash", "--comment", "Of us", "ann"), "useradd ann"),
        (Command("apt-get", "--yes", "install", "curl", "jq"), "apt-get install curl"),
        (write("/etc/x", "text", None), "write-file /etc/x"),
        (MERGED, "merge-interfaces"),
        (Command("sh", "-c", "cat", "sh", "/root/app.sh"), "/root/app.sh"),
        (Command("sh", "-s", "--", "580.76.05", "https://example.com/x.run"), ""),
        (inside(901, Command("docker", "info")), "in CT 901: docker info"),
        (inside(901, Command("sh", "-s", "--", "x")), "in CT 901"),
    ],
    ids=str,
)
def test_a_command_is_named_by_what_it_does(command: Command, name: str) -> None:
    assert named(command) == name


@pytest.mark.parametrize(
    ("command", "result", "told"),
    [
        (Command("pct", "start", "950"), Result(1, "", "no\nluck\n"), "pct start 950: no luck"),
        (Command("sh", "-s"), Result(22, "", CURL * 2), "curl: (22) The requested URL returned error: 404. Nothing is"),
        (MERGED, Result(1, "", f"it: the old configuration is put back\n{RELOAD}"), "put back. Correct network.interf"),
        (UPDATE, Result(137, "Reading package lists... 5%\n", ""), "apt-get update: it was ended by signal 9"),
        (UPDATE, Result(100, "", ""), "apt-get update: exit status 100"),
        (UPDATE, Result(100, "only\nthis", ""), "apt-get update: only this"),
        (Command("pvesm", "set", "x"), Result(1, "", "N: only this\n"), "pvesm set x: N: only this"),
    ],
    ids=["lines", "twice", "noise", "signal", "nothing", "output", "all of it noise"],
)
def test_it_is_told_once_and_without_what_is_beside_the_point(command: Command, result: Result, told: str) -> None:
    text = failure(command, result)
    assert told in text and text.count("404") <= 1 and "unit file" not in text


def test_a_repository_for_subscribers_is_told_with_the_next_step() -> None:
    told = failure(UPDATE, Result(100, "", ENTERPRISE))
    assert told.startswith("apt-get update: E: Failed to fetch https://enterprise.proxmox.com/")
    assert '"repository": "no-subscription"' in told and "initial_setup" in told
    assert "N:" not in told and "is not signed" not in told


def test_what_is_added_stands_before_the_next_step() -> None:
    told = failure(UPDATE, Result(100, "", ENTERPRISE), " (after 10 minutes)")
    assert "(after 10 minutes). The enterprise" in told
