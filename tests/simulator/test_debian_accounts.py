"""Users, groups and passwords of a simulated Debian: as recorded, and in the files where Debian keeps them."""

from __future__ import annotations

from pathlib import Path

import pytest

from phoenix_hypervisor.command import Result
from phoenix_hypervisor.simulator.node import Node
from simulator import recordings

_RECORDED = ("h-useradd", "h-getent", "h-id", "h-usermod", "h-userdel")


def test_the_recorded_commands_answer_as_recorded(transcripts: Path) -> None:
    node, count = Node.new(), 0
    for record in recordings.read(transcripts, "node-a-host.jsonl"):
        if record.id.startswith(_RECORDED):
            result = node.run(record.argv)
            assert (record.id, result.rc, result.stdout, result.stderr) == (
                record.id, record.rc, record.stdout, record.stderr,
            )  # fmt: skip
            count += 1
    assert count == 9


def test_a_user_is_rows_in_four_files_and_a_home() -> None:
    node = Node.new()
    before = {path: node.files.read(path) for path in ("/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow")}
    argv = ("useradd", "-m", "-c", "An admin", "-s", "/bin/bash", "-G", "adm,users", "-u", "1500", "ops")
    assert node.run(argv).ok
    added = {path: node.files.read(path) for path in before}
    assert added["/etc/passwd"] == before["/etc/passwd"] + "ops:x:1500:1500:An admin:/home/ops:/bin/bash\n"
    assert "ops:!:" in added["/etc/shadow"]
    assert "adm:x:4:ops\n" in added["/etc/group"]
    assert "ops:x:1500:\n" in added["/etc/group"]
    assert "adm:*::ops\n" in added["/etc/gshadow"]
    home, file = node.files.stat("/home/ops"), node.files.stat("/home/ops/.bashrc")
    assert home is not None
    assert file is not None
    assert ((home.mode, home.uid, home.gid), (file.uid, file.gid)) == ((0o700, 1500, 1500), (1500, 1500))
    assert node.files.read("/etc/subuid") == "root:100000:65536\nops:165536:65536\n"
    assert node.run(("userdel", "-r", "ops")).ok
    assert {path: node.files.read(path) for path in before} == before
    assert node.files.read("/etc/subuid") == "root:100000:65536\n"
    assert not node.files.exists("/home/ops")


@pytest.mark.parametrize(
    ("command", "status", "words"),
    [
        ("useradd --colour red x", 2, "unrecognized option '--colour'"),
        ("useradd -s bash x", 3, "useradd: invalid shell 'bash'\n"),
        ("useradd -d home x", 3, "useradd: invalid home directory 'home'\n"),
        ("useradd -u 0 x", 4, "useradd: UID 0 is not unique\n"),
        ("useradd -u ten x", 3, "useradd: invalid user ID 'ten'\n"),
        ("useradd -g nosuch x", 6, "useradd: group 'nosuch' does not exist\n"),
        ("useradd 12", 19, "useradd: invalid user name '12': use --badname to ignore\n"),
        ("useradd sudo", 9, "useradd: group sudo exists - if you want to add this user to that group, use -g.\n"),
        ("usermod -a root", 2, "usermod: -a flag is only allowed with the -G flag\n"),
        ("usermod -s /bin/sh nosuch", 6, "usermod: user 'nosuch' does not exist\n"),
        ("usermod -aG nosuch root", 6, "usermod: group 'nosuch' does not exist\n"),
        ("userdel nosuch", 6, "userdel: user 'nosuch' does not exist\n"),
        ("groupadd sudo", 9, "groupadd: group 'sudo' already exists\n"),
        ("groupadd -f sudo", 0, ""),
        ("groupadd -g 27 x", 4, "groupadd: GID '27' already exists\n"),
        ("groupadd 'a b'", 3, "groupadd: 'a b' is not a valid group name\n"),
        ("groupdel www-data", 8, "groupdel: cannot remove the primary group of user 'www-data'\n"),
        ("groupdel nosuch", 6, "groupdel: group 'nosuch' does not exist\n"),
        ("groupmod -n sudo adm", 9, "groupmod: group 'sudo' already exists\n"),
        ("gpasswd -a nosuch sudo", 3, "gpasswd: user 'nosuch' does not exist\n"),
        ("gpasswd -a root nosuch", 3, "gpasswd: group 'nosuch' does not exist in /etc/group\n"),
        ("passwd -S nosuch", 1, "passwd: user 'nosuch' does not exist\n"),
        ("chage -M ten root", 2, "chage: invalid numeric argument 'ten'\n"),
        ("getent nosuch x", 1, "Unknown database: nosuch"),
    ],
)
def test_refusals(command: str, status: int, words: str) -> None:
    node = Node.new()
    before = node.root.copy()
    result = node.run(("sh", "-c", command))
    assert result.rc == status
    assert words in result.stderr
    assert node.root == before


def test_groups_are_added_to_set_and_left() -> None:
    node = Node.new()
    for argv in (("useradd", "-M", "-r", "svc"), ("groupadd", "-r", "media"), ("usermod", "-G", "media,adm", "svc")):
        assert node.run(argv).ok
    assert node.run(("id", "-nG", "svc")).stdout == "svc adm media\n"
    assert node.run(("usermod", "-aG", "video", "svc")).ok
    assert node.run(("usermod", "-rG", "adm", "svc")).ok
    assert node.run(("gpasswd", "-d", "svc", "media")).stdout == "Removing user svc from group media\n"
    assert node.run(("gpasswd", "-d", "svc", "media")).rc == 3
    assert node.run(("groups", "svc")).stdout == "svc : svc video\n"
    assert node.run(("getent", "group", "video", "media")).stdout.startswith("video:x:44:svc\nmedia:x:")
    assert node.run(("usermod", "-s", "/usr/sbin/nologin", "-c", "A service", "-d", "/srv", "svc")).ok
    assert ":A service:/srv:/usr/sbin/nologin\n" in node.run(("getent", "passwd", "svc")).stdout


def test_a_missing_shell_is_only_warned_of() -> None:
    result = Node.new().run(("useradd", "-s", "/bin/zsh", "x"))
    assert result.rc == 0
    assert result.stderr == "useradd: Warning: missing or non-executable shell '/bin/zsh'\n"


def test_a_hash_is_set_and_wrong_lines_leave_all_as_it_was() -> None:
    node = Node.new()
    assert node.run(("useradd", "ops")).ok
    wrong = node.run(("chpasswd", "-e"), stdin="ops:$y$hash\nnocolon\nnosuch:$y$x\n")
    assert wrong.rc == 1
    assert wrong.stderr == (
        "chpasswd: line 2: missing new password\nchpasswd: line 3: user 'nosuch' does not exist\n"
        "chpasswd: error detected, changes ignored\n"
    )
    assert "$y$hash" not in node.files.read("/etc/shadow")
    assert node.run(("chpasswd", "-e"), stdin="ops:$y$hash\n").ok
    assert node.run(("getent", "shadow", "ops")).stdout.startswith("ops:$y$hash:")
    entry = node.files.stat("/etc/shadow")
    assert entry is not None
    assert (entry.mode, entry.gid) == (0o640, 42)


def test_accounts_are_locked_unlocked_and_age() -> None:
    node = Node.new()
    node.run(("useradd", "ops"))
    assert node.run(("passwd", "-S", "ops")).stdout.startswith("ops L ")
    assert node.run(("passwd", "-u", "ops")).rc == 3
    node.run(("usermod", "-p", "$y$h", "ops"))
    assert node.run(("passwd", "-S", "ops")).stdout.startswith("ops P ")
    assert node.run(("usermod", "-L", "ops")).ok
    assert node.run(("getent", "shadow", "ops")).stdout.startswith("ops:!$y$h:")
    assert node.run(("passwd", "-u", "ops")) == Result(0, "passwd: password changed.\n")
    assert node.run(("chage", "-M", "90", "-E", "2027-01-31", "ops")).ok
    listed = node.run(("chage", "-l", "ops")).stdout
    assert "Account expires\t\t\t\t\t\t: Jan 31, 2027\n" in listed
    assert "Maximum number of days between password change\t\t: 90\n" in listed
