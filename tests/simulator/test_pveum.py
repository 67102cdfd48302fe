"""Proxmox's users, groups, roles and access control lists, as pveum changes them in user.cfg."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from phoenix_hypervisor.simulator.access import passwords
from phoenix_hypervisor.simulator.node import Node
from simulator import recordings
from simulator.asking import ok, refused


def test_the_recordings(transcripts: Path) -> None:
    """All but the two that end in a stub of the recorded node."""
    everything = [one for one in recordings.read(transcripts, "node-a-host.jsonl") if one.id.startswith("h-pveum")]
    records = [one for one in everything if "stub: " not in one.stderr]
    node = Node.new()
    told = [(one.id, node.run(one.argv)) for one in records]
    assert [(name, result.rc == 0, result.stdout, result.stderr) for name, result in told] == [
        (one.id, one.rc == 0, one.stdout, one.stderr) for one in records
    ]
    assert len(records) == 6


def cfg(node: Node) -> str:
    return node.files.read("/etc/pve/user.cfg")


def run(node: Node, *lines: str) -> None:
    for line in lines:
        ok(node, "pveum", *line.split())


def test_the_file_is_written_as_proxmox_writes_it() -> None:
    node = Node.new()
    run(
        node,
        "group add ops --comment a:b",
        "user add ann@pve --groups ops --email ann@example.org --firstname Ann --expire 12",
        "user add bob@pam --enable 0",
        "role add Guests --privs VM.PowerMgmt,VM.Audit",
        "acl modify /vms/100 --users bob@pam --roles Guests --propagate 0",
        "acl modify /pool/x --groups ops --roles PVEAdmin,Guests",
    )
    assert cfg(node) == (
        "user:ann@pve:1:12:Ann::ann@example.org:::\nuser:bob@pam:0:0::::::\nuser:root@pam:1:0:::root@localhost:::\n\n"
        "group:ops:ann@pve:a%3Ab:\n\n\nrole:Guests:VM.Audit,VM.PowerMgmt:\n\n"
        "acl:1:/pool/x:@ops:Guests,PVEAdmin:\nacl:0:/vms/100:bob@pam:Guests:\n"
    )
    before = cfg(node)
    run(node, "user modify ann@pve --firstname Ann")
    assert cfg(node) == before


def test_what_others_wrote_stays() -> None:
    node = Node.new()
    text = (
        "user:root@pam:1:0:::root@localhost:::\ntoken:root@pam!ci:0:1:for tests:\nuser:x@pve:1:0::::::\n\n"
        "group:g:x@pve::\n\npool:p:notes:100,101:local:\n\nrole:R:VM.Audit:\n\nacl:1:/:root@pam!ci,x@pve:R:\n"
    )
    node.files.write("/etc/pve/user.cfg", text)
    run(node, "user add y@pve", "user delete y@pve")
    assert cfg(node) == text


def test_a_deleted_user_or_group_leaves_nothing() -> None:
    node = Node.new()
    run(
        node,
        "group add ops",
        "useradd ann@pve --groups ops --password geheim-12",
        "aclmod / --users ann@pve --roles PVEAuditor",
    )
    run(node, "aclmod / --groups ops --roles PVEAdmin")
    assert passwords.matches(node, "ann@pve", "geheim-12")
    run(node, "user delete ann@pve")
    assert "ann@pve" not in cfg(node)
    assert not passwords.matches(node, "ann@pve", "geheim-12")
    run(node, "groupdel ops")
    assert ok(node, "pveum", "acl", "list", "--output-format", "json") == "[]\n"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("user modify no@pam --comment x", "update user failed: no such user ('no@pam')"),
        ("user modify root@pam --append 1", "groups: missing property - 'append' requires this property"),
        ("user add a@pve --groups none", "create user failed: no such group 'none'"),
        ("user add a@pve --password short", "password: value must be at least 8 characters long"),
        ("user add a@nowhere --password long-enough", "auth domain 'nowhere' does not exist"),
        ("user add a@pam --password long-enough", "usermod: user 'a' does not exist"),
        ("user add a@pve --email nobody", "email: invalid format - value does not look like a valid email address"),
        ("user add a@pve --expire never", "expire: type check ('integer') failed - got 'never'"),
        ("group add g/h", "groupid: invalid format - group name 'g/h' contains invalid characters"),
        ("group delete none", "delete group failed: group 'none' does not exist"),
        ("role add PVEOwn", "cannot use role ID starting with the (case-insensitive) 'PVE' namespace"),
        ("role add NoAccess", "create role failed: role 'NoAccess' already exists"),
        ("role modify PVEAdmin --privs VM.Audit", "auto-generated role 'PVEAdmin' cannot be modified"),
        ("role delete Administrator", "auto-generated role 'Administrator' cannot be deleted"),
        ("role add R --privs VM.Fly", "privs: invalid format - invalid privilege 'VM.Fly'"),
        ("role modify R", "update role failed: role 'R' does not exist"),
        ("acl modify /vms --roles PVEAdmin", "users: either 'users', 'groups' or 'tokens' is required."),
        ("acl modify /vms --users root@pam", "roles: property is missing and it is not optional"),
        ("acl modify /nowhere --users root@pam --roles PVEAdmin", "path: invalid ACL path '/nowhere'"),
        ("acl modify /vms/7 --users root@pam --roles PVEAdmin", "path: invalid ACL path '/vms/7'"),
        ("acl modify / --users a@pve --roles PVEAdmin", "ACL update failed: user 'a@pve' does not exist"),
        ("acl modify / --groups g --roles PVEAdmin", "ACL update failed: group 'g' does not exist"),
        ("acl modify / --tokens root@pam!xy --roles PVEAdmin", "no such token 'xy' for user 'root@pam'"),
        ("user", "ERROR: incomplete command 'pveum user'"),
        ("user frob", "ERROR: unknown command 'pveum user frob'"),
        ("frob", "ERROR: unknown command 'pveum frob'"),
        ("user add", "400 not enough arguments"),
        ("user add a@pve --shell x", "Unknown option: shell"),
    ],
)  # fmt: skip
def test_what_is_refused(words: str, text: str) -> None:
    node = Node.new()
    before = cfg(node)
    assert text in refused(node, "pveum", *words.split())
    assert cfg(node) == before


def roles(node: Node) -> dict[str, set[str]]:
    listed = json.loads(ok(node, "pveum", "role", "list", "--output-format", "json"))
    return {one["roleid"]: set(filter(None, one["privs"].split(","))) for one in listed}


def test_the_roles_of_a_release() -> None:
    eight, nine = roles(Node.new(version=8)), roles(Node.new(version=9))
    assert eight.keys() == nine.keys()
    assert "VM.Monitor" in eight["PVEVMAdmin"]
    assert not any("VM.Monitor" in words for words in nine.values())
    assert nine["PVEVMUser"] == {
        "VM.Audit", "VM.Backup", "VM.Config.CDROM", "VM.Config.Cloudinit", "VM.Console", "VM.GuestAgent.Audit",
        "VM.GuestAgent.FileRead", "VM.GuestAgent.FileSystemMgmt", "VM.GuestAgent.FileWrite", "VM.PowerMgmt",
    }  # fmt: skip
    assert nine["NoAccess"] == set()
    assert {"Permissions.Modify", "Mapping.Modify", "Sys.Modify"} <= nine["Administrator"] - nine["PVEAdmin"]


def test_lists() -> None:
    node = Node.new()
    run(node, "group add ops --comment Operators", "user add ann@pve --groups ops")
    assert json.loads(ok(node, "pveum", "user", "list", "--full", "--output-format", "json")) == [
        {"enable": 1, "expire": 0, "groups": "ops", "realm-type": "pve", "userid": "ann@pve"},
        {"email": "root@localhost", "enable": 1, "expire": 0, "groups": "", "realm-type": "pam", "userid": "root@pam"},
    ]
    assert ok(node, "pveum", "group", "list") == (
        "┌─────────┬───────────┬─────────┐\n│ groupid │ comment   │ users   │\n╞═════════╪═══════════╪═════════╡\n"
        "│ ops     │ Operators │ ann@pve │\n└─────────┴───────────┴─────────┘\n"
    )
    assert ok(node, "pveum", "group", "list", "--noborder", "--noheader") == "ops     Operators ann@pve\n"
    assert ok(node, "pveum", "acl", "list") == ""
    realms = json.loads(ok(node, "pveum", "realm", "list", "--output-format", "json"))
    assert [one["realm"] for one in realms] == ["pam", "pve"]


def test_a_password_is_read_twice() -> None:
    node = Node.new()
    run(node, "user add ann@pve")
    assert node.run(("pveum", "passwd", "ann@pve"), "geheim-12\ngeheim-12\n").ok
    assert passwords.matches(node, "ann@pve", "geheim-12")
    assert "Passwords do not match!" in node.run(("pveum", "passwd", "ann@pve"), "geheim-12\ngeheim-13\n").stderr
    assert "no such user ('no@pve')" in node.run(("pveum", "passwd", "no@pve"), "geheim-12\ngeheim-12\n").stderr
