"""The admin user on a simulated node: made, reconciled, taken back; what is somebody else's stays."""

from __future__ import annotations

from typing import Any

import pytest

from features.host.converging import changes, converge, look
from phoenix_hypervisor.command import Command
from phoenix_hypervisor.documents.secrets import STAND_IN
from phoenix_hypervisor.features.host.admin_user import AdminUser, resources
from phoenix_hypervisor.resource import Resource
from phoenix_hypervisor.simulator.node import Node

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBdljJsmFuuoMWySJCZRdyyvTmO227HqE99cIRVB1a+5 ann@example"
OTHER_KEY = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ== ann@elsewhere"
HASH = "$6$abcdefgh$CanaryCanaryCanaryCanary"
KEYS = "/home/ann/.ssh/authorized_keys"
DROP_IN = "/etc/sudoers.d/phoenix-ann"
WHOLE = {
    "username": "ann",
    "password_hash": HASH,
    "sudo_access": True,
    "ssh_public_key": KEY,
    "groups": ["adm", "lab"],
}


def asked(**fields: Any) -> list[Resource]:
    return list(resources(AdminUser.model_validate({"username": "ann", **fields})))


def fresh(version: int = 9) -> Node:
    """A node whose sources answer."""
    node = Node.new(version=version)
    assert node.run(["sh", "-c", "rm -f /etc/apt/sources.list.d/*enterprise* /etc/apt/sources.list.d/ceph*"]).ok
    return node


def obstacles(node: Node, wanted: list[Resource]) -> list[str]:
    facts = look(node, wanted)
    return [each.reason for one in wanted for each in one.verdict(facts).obstacles]


def kept(node: Node, wanted: list[Resource]) -> list[str]:
    facts = look(node, wanted)
    return [each.what for one in wanted for each in one.verdict(facts).kept]


@pytest.mark.parametrize("version", [8, 9])
def test_a_fresh_node_gets_the_whole_user(version: int) -> None:
    node = fresh(version)
    wanted = asked(**WHOLE)
    commands = converge(node, wanted)
    assert node.run(["id", "-nG", "ann"]).stdout.split() == ["ann", "adm", "lab"]
    assert f"ann:{HASH}:" in node.files.read("/etc/shadow")
    assert node.run(["visudo", "-c"]).ok
    assert node.run(["stat", "-c", "%U %a", DROP_IN, KEYS, "/home/ann/.ssh"]).stdout == "root 440\nann 600\nann 700\n"
    assert KEY in node.files.read(KEYS)
    assert ":ann@pam:PVEAdmin:" in node.run(["cat", "/etc/pve/user.cfg"]).stdout
    assert not any("Canary" in " ".join(command.argv) for command in commands)
    assert all(command.confidential for command in commands if "Canary" in command.stdin)
    assert "Canary" not in "".join(f"{one.verdict(look(node, wanted))}{one!r}" for one in wanted)


def test_an_existing_user_keeps_number_home_and_other_groups() -> None:
    node = fresh()
    assert node.run(["useradd", "-m", "-u", "1234", "-d", "/srv/ann", "-s", "/bin/sh", "-G", "adm", "ann"]).ok
    converge(node, asked(groups=["lab"]))
    assert node.run(["id", "-u", "ann"]).stdout == "1234\n"
    assert node.run(["id", "-nG", "ann"]).stdout.split() == ["ann", "adm", "lab"]
    assert ":/srv/ann:/bin/bash\n" in node.files.read("/etc/passwd")


def test_without_a_hash_the_password_is_not_touched() -> None:
    node = fresh()
    for unset in (None, "NOT_SET", ""):
        assert not [each for each in changes(node, asked(password_hash=unset)) if each.argv[0] == "chpasswd"]
    converge(node, asked())
    assert "\nann:!:" in node.files.read("/etc/shadow")
    assert node.run(["chpasswd"], "ann:something\n").ok
    assert changes(node, asked()) == []


def test_another_hash_behind_our_back_is_put_right() -> None:
    node = fresh()
    converge(node, asked(password_hash=HASH))
    assert node.run(["chpasswd"], "ann:something\n").ok
    assert [each.argv[0] for each in converge(node, asked(password_hash=HASH))] == ["chpasswd"]


def test_a_stand_in_sets_a_password_and_replaces_none() -> None:
    node = fresh()
    wanted = asked(password_hash=STAND_IN)
    assert [each.argv[0] for each in converge(node, wanted) if each.stdin] == ["chpasswd"]
    converge(node, asked(password_hash=HASH))
    assert changes(node, wanted) == []
    assert "password" not in wanted[1].verdict(look(node, wanted)).reason


def test_sudo_is_taken_back() -> None:
    node = fresh()
    converge(node, asked(sudo_access=True))
    converge(node, asked(sudo_access=False))
    assert not node.files.exists(DROP_IN)
    assert node.files.exists("/etc/sudoers")


def test_a_broken_drop_in_of_somebody_else_is_not_ours_to_blame() -> None:
    node = fresh()
    assert node.run(["mkdir", "-p", "/etc/sudoers.d"]).ok
    node.files.write("/etc/sudoers.d/theirs", "bob ALL=(ALL ALL\n", mode=0o440)
    converge(node, asked(sudo_access=True))
    assert node.files.exists(DROP_IN)
    assert node.files.read("/etc/sudoers.d/theirs") == "bob ALL=(ALL ALL\n"


def test_sudo_asks_for_a_password_that_the_user_lacks() -> None:
    node = fresh()
    wanted = asked(sudo_access=True)
    assert [note for one in wanted for note in one.verdict(look(node, wanted)).notes]
    wanted = asked(sudo_access=True, password_hash=HASH)
    assert not [note for one in wanted for note in one.verdict(look(node, wanted)).notes]


def test_foreign_keys_stay_byte_for_byte() -> None:
    node = fresh()
    converge(node, asked())
    node.files.mkdir("/home/ann/.ssh")
    foreign = f"# mine\n{OTHER_KEY}\n\n\tstrange\\line\n"
    node.files.write(KEYS, foreign)
    converge(node, asked(ssh_public_key=KEY))
    assert node.files.read(KEYS).startswith(foreign)
    converge(node, asked(ssh_public_key=[OTHER_KEY]))
    assert KEY not in node.files.read(KEYS)
    converge(node, asked())
    assert node.files.read(KEYS) == foreign


@pytest.mark.parametrize("link", ["/home/ann/.ssh", KEYS])
def test_no_link_of_the_user_is_followed(link: str) -> None:
    node = fresh()
    converge(node, asked())
    node.files.mkdir("/srv/trap")
    node.files.mkdir(link.rpartition("/")[0], parents=True)
    node.files.link("/srv/trap", link)
    wanted = asked(ssh_public_key=KEY)
    assert any("symbolic link" in each for each in obstacles(node, wanted))
    for command in changes(node, wanted):
        assert not node.run(command.argv, command.stdin).ok
    assert node.files.list("/srv/trap") == []


def test_another_admin_user_takes_over() -> None:
    node = fresh()
    converge(node, asked(**WHOLE))
    other = asked(username="bob")
    converge(node, other)
    assert not node.files.exists(DROP_IN)
    assert KEY not in node.files.read(KEYS)
    assert node.run(["id", "ann"]).ok
    assert kept(node, other) == ["user ann"]
    nobody = list(resources(AdminUser()))
    assert changes(node, nobody) == []
    assert kept(node, nobody) == ["user ann", "user bob"]


def test_keys_that_changed_since_they_were_read_are_left_alone() -> None:
    node = fresh()
    converge(node, asked())
    node.files.mkdir("/home/ann/.ssh")
    node.files.write(KEYS, f"{OTHER_KEY}\n")
    write = next(each for each in changes(node, asked(ssh_public_key=KEY)) if KEY in each.stdin)
    node.files.write(KEYS, "# by hand\n", append=True)
    result = node.run(write.argv, write.stdin)
    assert not result.ok and "changed meanwhile" in result.stderr
    assert node.files.read(KEYS) == f"{OTHER_KEY}\n# by hand\n"


def test_a_drop_in_that_only_is_called_like_ours_stays() -> None:
    node = fresh()
    converge(node, asked(sudo_access=True))
    node.files.write("/etc/sudoers.d/phoenix-theirs", "bob ALL=(ALL) ALL\n", mode=0o440)
    assert changes(node, asked(sudo_access=True)) == []


def strips(node: Node) -> list[Command]:
    """What takes Ann's keys away where Bob is the admin user."""
    return [each for each in changes(node, asked(username="bob")) if "strip-keys" in each.argv]


def test_keys_behind_a_link_are_of_nobody_that_we_know() -> None:
    node = fresh()
    converge(node, asked(**WHOLE))
    (strip,) = strips(node)
    node.files.write("/srv/trap", node.files.read(KEYS))
    node.files.remove(KEYS)
    node.files.link("/srv/trap", KEYS)
    assert strips(node) == []
    assert not node.run(strip.argv, strip.stdin).ok
    assert node.run(["readlink", KEYS]).stdout == "/srv/trap\n"


def test_marks_that_are_no_pair_take_nothing_away() -> None:
    node = fresh()
    converge(node, asked(**WHOLE))
    text = "".join(line for line in node.files.read(KEYS).splitlines(keepends=True) if "# END" not in line)
    node.files.write(KEYS, f"{text}{OTHER_KEY}\n")
    (strip,) = strips(node)
    result = node.run(strip.argv, strip.stdin)
    assert not result.ok and "are no pair" in result.stderr
    assert node.files.read(KEYS) == f"{text}{OTHER_KEY}\n"


def test_an_empty_slice_does_nothing_on_a_fresh_node() -> None:
    node = fresh()
    assert changes(node, resources(AdminUser())) == []


def test_a_user_of_the_system_is_not_taken() -> None:
    node = fresh()
    assert obstacles(node, asked(username="www-data")) == ["www-data is a user of the system (uid 33)"]


def test_a_hash_that_is_none_is_told_without_its_text() -> None:
    node = fresh()
    found = obstacles(node, asked(password_hash="Canary"))
    assert len(found) == 1 and "Canary" not in found[0]


def test_proxmox_roles() -> None:
    node = fresh()
    assert obstacles(node, asked(pve_role="Nope")) == ["Proxmox has no role Nope"]
    converge(node, asked(pve_role="PVEAuditor"))
    again = asked(pve_role="PVEAdmin", pve_path="/vms")
    assert [each.argv[:3] for each in converge(node, again)] == [("pveum", "acl", "modify")]
    assert kept(node, asked(pve_role="Administrator")) == ["Proxmox user ann@pam is PVEAuditor on /, too"]
    assert not [each for each in asked(pve_role="") if each.kind == "pve.user"]
