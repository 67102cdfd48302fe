"""Users, groups and permissions as a machine's files have them: told apart from what cannot be read."""

from __future__ import annotations

import json

import pytest

from features.host.converging import converge, look
from phoenix_hypervisor.command import Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.resource import Symbol
from phoenix_hypervisor.resources.accounts import ACCOUNTS, Accounts, User, password_of
from phoenix_hypervisor.resources.authorized_keys import AuthorizedKeys
from phoenix_hypervisor.resources.exports import Exports
from phoenix_hypervisor.resources.former_admins import FormerAdmins
from phoenix_hypervisor.resources.former_samba_users import FormerSambaUsers
from phoenix_hypervisor.resources.group import Group
from phoenix_hypervisor.resources.package import Packages
from phoenix_hypervisor.resources.pve_user import PERMISSIONS, ROLES, Permissions, PveUser
from phoenix_hypervisor.resources.samba_user import SambaUser
from phoenix_hypervisor.resources.sudoers import sudoers
from phoenix_hypervisor.resources.user import ServiceUser
from phoenix_hypervisor.resources.user import User as LoginUser
from phoenix_hypervisor.simulator.node import Node

PASSWD = "etc/passwd:ann:x:1000:1000:Ann,,:/home/ann:/bin/bash\netc/passwd:+::::::\n"
GROUP = "etc/group:adm:x:4:ann,bob\netc/group:lab:x:1001:\n"


def test_users_and_groups() -> None:
    assert ACCOUNTS.parse(Result(stdout=PASSWD + GROUP)) == Accounts(
        {"ann": User(1000, "Ann,,", "/home/ann", "/bin/bash")},
        {"adm": frozenset({"ann", "bob"}), "lab": frozenset()},
    )


@pytest.mark.parametrize("text", ["etc/passwd:ann:x:many:1000::/home/ann:/bin/sh\n", "sh: not found\n"])
def test_garbage_is_no_user(text: str) -> None:
    with pytest.raises(NodeError, match="users and groups cannot be read"):
        ACCOUNTS.parse(Result(stdout=text))


def test_permissions() -> None:
    text = (
        "user:root@pam:1:0:::a@b::\nuser:ann@pam:0:0::::::\nrole:Own:VM.Audit:\n\n"
        "acl:1:/:ann@pam,@lab:PVEAdmin,Own:\nacl:0:/vms:ann@pam:Own:\n"
    )
    found = PERMISSIONS.parse(Result(stdout=text))
    assert found.users == {"root@pam": True, "ann@pam": False}
    assert found.roles == {"Own"}
    assert found.roles_of("ann@pam", "/") == {"PVEAdmin", "Own"}
    assert found.acl["/vms", "ann@pam", "Own"] is False


def test_garbage_is_no_permission() -> None:
    with pytest.raises(NodeError, match=r"user\.cfg"):
        PERMISSIONS.parse(Result(stdout="acl:1\n"))


def test_a_role_that_does_not_reach_below_is_given_again() -> None:
    known = Permissions({"ann@pam": False}, frozenset(), {("/", "ann@pam", "PVEAdmin"): False})
    user, facts = PveUser(name="ann@pam", role="PVEAdmin"), Facts({PERMISSIONS: known})
    assert [each.argv[1:3] for each in user.change(facts)] == [("acl", "modify")]
    assert [each.reason for each in user.verdict(facts).kept] == ["somebody disabled it"]


@pytest.mark.parametrize("version", [8, 9])
def test_the_roles_are_those_that_proxmox_has(version: int) -> None:
    said = Node.new(version=version).run(["pveum", "role", "list", "--output-format", "json"]).stdout
    assert {each["roleid"] for each in json.loads(said)} == ROLES


@pytest.mark.parametrize("role", ["PVESDNAuditor", "PVEMappingAuditor", "Nope"])
def test_a_role_that_proxmox_does_not_have_is_an_obstacle(role: str) -> None:
    (obstacle,) = PveUser(name="ann@pam", role=role).verdict(Facts({PERMISSIONS: Permissions()})).obstacles
    assert role in obstacle.reason and "pveum role list" in obstacle.hint


@pytest.mark.parametrize(
    ("groups", "users", "wanted"),
    [
        ({}, {}, [("useradd", "--user-group"), ("useradd", "--create-home")]),
        ({"ann": frozenset()}, {}, [("useradd", "--gid"), ("useradd", "--gid")]),
        ({}, {"ann": User(1000, "", "/home/ann", "/bin/bash")}, []),
    ],
)
def test_users_are_made_once(
    groups: dict[str, frozenset[str]], users: dict[str, User], wanted: list[tuple[str, str]]
) -> None:
    facts = Facts({ACCOUNTS: Accounts(users, groups), password_of("ann"): "!"})
    commands = [*ServiceUser(name="ann").change(facts), *LoginUser(name="ann").change(facts)]
    assert [command.argv[0] for command in commands] == [program for program, _ in wanted]
    assert all(option in command.argv for command, (_, option) in zip(commands, wanted, strict=True))


def test_a_group_is_made_once() -> None:
    group = Group(name="lab")
    absent, there = (Facts({ACCOUNTS: Accounts({}, groups)}) for groups in ({}, {"lab": frozenset[str]()}))
    assert [each.argv for each in group.change(absent)] == [("groupadd", "lab")]
    assert group.verdict(absent).symbol is Symbol.ADD
    assert list(group.change(there)) == []


def _facts() -> list[Fact[object]]:
    return [
        *AuthorizedKeys(name="ann").facts(),
        *FormerAdmins().facts(),
        *Exports().facts(),
        *SambaUser(name="ann").facts(),
        *FormerSambaUsers().facts(),
        *sudoers("ann", password_comes=False, after=()).facts(),
        *LoginUser(name="ann").facts(),
        *PveUser(name="ann@pam", role="PVEAdmin").facts(),
    ]


def test_equal_resources_name_equal_facts() -> None:
    assert _facts() == _facts()


@pytest.mark.parametrize("fact", _facts(), ids=lambda fact: fact.name)
def test_a_machine_that_does_not_answer_is_told(fact: Fact[object]) -> None:
    with pytest.raises(NodeError):
        fact.parse(Result(127, "", "sh: not found"))


def test_garbage_is_no_key() -> None:
    (fact,) = AuthorizedKeys(name="ann").facts()
    with pytest.raises(NodeError, match="keys of a user"):
        fact.parse(Result(stdout="garbage\n"))


def test_a_drop_in_that_spoils_the_whole_is_taken_away_again() -> None:
    node = Node.new()
    wanted = sudoers("ann", password_comes=True, after=())
    assert node.run(["sh", "-c", "rm /etc/apt/sources.list.d/*enterprise* /etc/apt/sources.list.d/ceph*"]).ok
    converge(node, [Packages(name="sudo", packages=("sudo",))])
    written, whole = list(wanted.change(look(node, [wanted])))
    node.files.write(wanted.name, wanted.text, mode=0o666)
    assert not node.run(whole.argv, whole.stdin).ok
    assert not node.files.exists(wanted.name)
    assert written.argv[-4:] == ("visudo", "-c", "-f", "{}")
