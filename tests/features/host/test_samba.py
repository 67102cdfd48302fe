"""What a simulated node serves by Samba: shares in a file of ours, a user whose password nobody sees."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from features.host.converging import changes, converge, look
from phoenix_hypervisor.documents.secrets import STAND_IN
from phoenix_hypervisor.features.host.samba import Samba, feature, resources
from phoenix_hypervisor.plan.slices import part_from
from phoenix_hypervisor.resource import Resource
from phoenix_hypervisor.resources.samba_shares import samba_shares
from phoenix_hypervisor.resources.share_lines import share_text
from phoenix_hypervisor.simulator.node import Node

MAIN, OURS = "/etc/samba/smb.conf", "/etc/samba/phoenix.conf"
PASSWORD = "Canary pass; reboot"
ZFS = {"pools": [{"name": "tank"}], "datasets": [{"name": "media", "pool": "tank"}]}
SHARE = {"path": "tank/media", "options": "browseable=yes writable=yes", "valid_users": ["heads", "ann"]}


def asked(*shares: dict[str, Any], **fields: Any) -> list[Resource]:
    return list(resources(Samba.model_validate({"shares": list(shares), "zfs": ZFS, **fields})))


def fresh(version: int = 9) -> Node:
    """A node with folders to be shared, and sources that answer."""
    node = Node.new(version=version)
    assert node.run(["sh", "-c", "rm -f /etc/apt/sources.list.d/*enterprise* /etc/apt/sources.list.d/ceph*"]).ok
    node.files.mkdir("/tank/media", parents=True)
    return node


def shown(node: Node) -> str:
    """All that Samba has in force, as testparm prints it."""
    return node.run(["testparm", "-s"]).stdout


def told(node: Node, wanted: list[Resource], what: str) -> list[str]:
    facts = look(node, wanted)
    return [str(each) for one in wanted for each in getattr(one.verdict(facts), what)]


@pytest.mark.parametrize("version", [8, 9])
def test_a_fresh_node_gets_shares_and_user(version: int) -> None:
    node = fresh(version)
    wanted = asked(SHARE, {"path": "tank/media/sub", "mode": "0770"}, user="heads", password=PASSWORD)
    commands = converge(node, wanted)
    assert node.files.read(OURS).splitlines()[1:] == [
        *("", "[media]", "\tpath = /tank/media", "\tbrowseable = yes", "\tread only = no", "\tvalid users = heads ann"),
        *("", "[sub]", "\tpath = /tank/media/sub", "\tvalid users = heads"),
    ]
    assert "[media]" in shown(node) and "[sub]" in shown(node)
    assert node.run(["id", "-u", "heads"]).ok and "heads:x:" in node.files.read("/etc/passwd")
    assert "/usr/sbin/nologin" in node.run(["grep", "^heads:", "/etc/passwd"]).stdout
    assert node.run(["stat", "-c", "%a", "/tank/media/sub"]).stdout == "770\n"
    assert node.run(["systemctl", "is-active", "smbd"]).ok
    assert not any("Canary" in " ".join(command.argv) for command in commands)
    assert all(command.confidential for command in commands if "Canary" in command.stdin)
    assert "Canary" not in "".join(f"{one.verdict(look(node, wanted))}{one!r}" for one in wanted)


@pytest.mark.parametrize("version", [8, 9])
@pytest.mark.parametrize(
    ("options", "there"), [("writable=yes", False), ("vfs objects=recycle", True), ("vfs object=fruit", True)]
)
def test_the_modules_of_a_share_are_installed(options: str, there: bool, version: int) -> None:
    node = fresh(version)
    converge(node, asked({**SHARE, "options": options}))
    installed = node.run(["dpkg-query", "-W", "-f", "${db:Status-Abbrev}", "samba-vfs-modules"]).stdout
    assert installed.startswith("ii") is there


HERE = ["", "[media]", "\tpath = /tank/media", "\tbrowseable = yes", "\tread only = no", "\tvalid users = heads ann"]
SUB = ["", "[sub]", "\tpath = /tank/media/sub", "\tvalid users = heads"]


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        ({"path": "tank/media"}, [*HERE, *SUB]),
        ({"path": "tank/media/sub"}, [*HERE, *SUB]),
        ({"path": "tank/media", "valid_users": ["bob"]}, [*HERE[:-1], "\tvalid users = bob", *SUB]),
        (
            {"path": "tank/media", "options": "guest ok=yes"},
            [*HERE[:3], "\tguest ok = yes", "\tvalid users = heads ann", *SUB],
        ),
        (
            {"path": "tank/media", "options": "valid users=bob"},
            [*HERE[:3], "\tvalid users = bob", *SUB],
        ),
        (
            {"path": "tank/media/sub", "name": "media"},
            ["", "[media]", "\tpath = /tank/media/sub", *HERE[3:], *SUB],
        ),
        (
            {"path": "tank/media/new", "valid_users": ["bob"]},
            [*HERE, *SUB, "", "[new]", "\tpath = /tank/media/new", "\tvalid users = bob"],
        ),
    ],
)
def test_a_slice_changes_what_it_says_of_a_share_and_leaves_the_others(given: dict[str, Any], lines: list[str]) -> None:
    node = fresh()
    converge(node, asked(SHARE, {"path": "tank/media/sub"}, user="heads", password=PASSWORD))
    before = node.files.read(OURS)
    piece = part_from(feature, {"shares": [given], "user": "heads", "zfs": ZFS, "mount_point_base": None})
    commands = converge(node, list(feature.resources(piece)))
    assert node.files.read(OURS).splitlines()[1:] == lines
    if node.files.read(OURS) == before:
        assert commands == []


def test_a_parameter_that_samba_does_not_know_is_never_in_force() -> None:
    node = fresh()
    converge(node, asked(SHARE))
    before = node.files.read(OURS)
    wrong = samba_shares({"media": share_text("media", "/tank/media", (("nosuch", "yes"),))}, ())
    (write,) = changes(node, [wrong])
    result = node.run(write.argv, write.stdin)
    assert not result.ok and "nosuch" in result.stderr
    assert node.files.read(OURS) == before


def test_a_file_that_the_package_brings_keeps_its_last_line() -> None:
    node = fresh()
    node.files.remove(MAIN)
    include = next(each for each in changes(node, asked(SHARE)) if "include-shares" in each.argv)
    node.files.write(MAIN, "[global]\n   workgroup = LAB")
    assert node.run(include.argv, include.stdin).ok
    assert node.files.read(MAIN).startswith("[global]\n   workgroup = LAB\n")


def test_foreign_lines_of_smb_conf_stay_byte_for_byte() -> None:
    node = fresh()
    foreign = "# theirs\n[global]\n   workgroup = LAB\n\n[theirs]\n\tpath = /srv\n   read only = yes\n"
    node.files.mkdir("/etc/samba", parents=True)
    node.files.write(MAIN, foreign)
    converge(node, asked(SHARE))
    assert node.files.read(MAIN).startswith(foreign)
    assert "[theirs]" in shown(node) and "[media]" in shown(node) and "workgroup = LAB" in shown(node)
    converge(node, asked())
    assert node.files.read(MAIN) == foreign
    assert not node.files.exists(OURS)


def test_the_lines_come_at_the_end_of_the_file_that_the_package_brings() -> None:
    node = fresh()
    package = node.files.read(MAIN)
    node.files.remove(MAIN)
    commands = changes(node, asked(SHARE))
    node.files.write(MAIN, package)
    assert all(node.run(command.argv, command.stdin).ok for command in commands)
    assert changes(node, asked(SHARE)) == []
    text = node.files.read(MAIN)
    assert text.startswith(package)
    assert text.endswith(f"[global]\ninclude = {OURS}\n# END Phoenix Hypervisor: shares\n")


def test_a_share_that_is_no_longer_declared_goes() -> None:
    node = fresh()
    converge(node, asked(SHARE, {"name": "b", "path": "tank/media"}))
    converge(node, asked(SHARE))
    assert "[b]" not in shown(node) and "[media]" in shown(node)


def test_an_empty_slice_does_nothing_on_a_fresh_node() -> None:
    assert changes(Node.new(), resources(Samba())) == []


def test_a_run_that_was_cut_off_tells_the_service_later() -> None:
    node = fresh()
    converge(node, asked(SHARE))
    wanted = asked(SHARE, {"name": "b", "path": "tank/media"})
    *written, _told = changes(node, wanted)
    assert all(node.run(command.argv, command.stdin).ok for command in written)
    assert [command.argv[-3:] for command in converge(node, wanted)] == [("systemctl", "reload", "smbd.service")]


def test_a_foreign_share_of_the_name_stands_in_the_way() -> None:
    node = fresh()
    node.files.mkdir("/etc/samba", parents=True)
    node.files.write(MAIN, "[global]\n[ Media ]\npath = /srv\n")
    assert any("has a share media already" in each for each in told(node, asked(SHARE), "obstacles"))


def test_a_broken_draft_never_comes_into_force() -> None:
    node = fresh()
    converge(node, asked(SHARE))
    before = node.files.read(OURS)
    node.files.write(MAIN, "[x]\npath = /srv\nread only = maybe\n")
    done = [node.run(command.argv, command.stdin) for command in changes(node, asked({"name": "y", **SHARE}))]
    assert not done[0].ok and "not boolean" in done[0].stderr
    assert node.files.read(OURS) == before


def test_another_password_on_either_side_is_seen() -> None:
    node = fresh()
    converge(node, asked(user="heads", password=PASSWORD))
    again = ["smbpasswd", "sh"]
    assert [each.argv[0] for each in converge(node, asked(user="heads", password="other"))] == again
    node.clock += 5
    assert node.run(["smbpasswd", "-s", "heads"], "mine\nmine\n").ok
    assert [each.argv[0] for each in converge(node, asked(user="heads", password="other"))] == again


def test_a_stand_in_sets_a_password_and_replaces_none() -> None:
    node = fresh()
    again = ["smbpasswd", "sh"]
    stand_in = asked(user="heads", password=STAND_IN)
    assert [each.argv[0] for each in converge(node, stand_in) if "smbpasswd" in each.argv] == again[:1]
    assert [each.argv[0] for each in converge(node, asked(user="heads", password=PASSWORD))] == again
    assert changes(node, stand_in) == []


def test_a_run_that_set_the_password_and_was_cut_off_sets_it_again() -> None:
    node = fresh()
    wanted = asked(user="heads", password=PASSWORD)
    *first, _recorded = [each for each in changes(node, wanted) if "systemctl" not in each.argv]
    assert all(node.run(command.argv, command.stdin).ok for command in first)
    assert [each.argv[0] for each in converge(node, wanted)] == ["smbpasswd", "sh"]


def test_what_is_recorded_of_a_password_is_for_root_only_and_no_password() -> None:
    node = fresh()
    converge(node, asked(user="heads", password=PASSWORD))
    record = "/var/lib/phoenix_hypervisor/samba/heads"
    assert node.run(["stat", "-c", "%U %a", record]).stdout == "root 600\n"
    assert PASSWORD not in node.files.read(record)


def test_without_a_password_the_user_is_told_as_not_managed() -> None:
    node = fresh()
    wanted = asked(SHARE, user="heads")
    converge(node, wanted)
    assert "[media]" in shown(node)
    assert any("Samba user heads is not managed" in each for each in told(node, wanted, "kept"))


def test_a_user_who_is_no_longer_declared_is_told_and_stays() -> None:
    node = fresh()
    converge(node, asked(user="heads", password=PASSWORD))
    assert changes(node, asked()) == []
    assert any("Samba user heads" in each for each in told(node, asked(), "kept"))
    assert node.run(["pdbedit", "-L", "-u", "heads"]).ok


def test_the_admin_user_is_made_elsewhere() -> None:
    assert [each.id for each in asked(user="ann", admin="ann") if each.kind == "user"] == []
    user = next(each for each in asked(user="ann", admin="ann", password=PASSWORD) if each.kind == "samba-user")
    assert "user:ann" in user.needs()


def test_an_existing_linux_user_stays_as_it_is() -> None:
    node = fresh()
    assert node.run(["useradd", "-m", "-s", "/bin/bash", "heads"]).ok
    before = node.files.read("/etc/passwd")
    converge(node, asked(user="heads", password=PASSWORD))
    assert node.run(["grep", "^heads:", "/etc/passwd"]).stdout in before


@pytest.mark.parametrize(
    "shares",
    [
        [{"path": "tank/a"}, {"path": "tank/b/A"}],
        [{"path": "tank/a", "options": "foo=1"}],
        [{"path": "tank/50%"}],
        [{"path": "tank/a", "name": "global"}],
        [{"path": "tank/a\n[x]"}],
        [{"path": "tank/a", "valid_users": ["a;b"]}],
    ],
)
def test_hostile_shares_are_refused(shares: list[dict[str, Any]]) -> None:
    with pytest.raises(ValidationError):
        Samba.model_validate({"shares": shares})
