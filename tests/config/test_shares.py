"""What is found in the exports and shares of a host file before anything is asked of a node."""

from __future__ import annotations

from pathlib import Path

import pytest

from sites import Json, loaded, lxc, zfs


def _dataset(name: str) -> Json:
    return {"name": name, "pool": "tank"}


HOST: Json = {"zfs": zfs(_dataset("a"), _dataset("b")), "network": {"default_subnet": "10.0.0.0/24"}}


def told(tmp_path: Path, **fields: Json) -> list[tuple[str, str, str]]:
    """Severity, code and path of every problem."""
    found = loaded(tmp_path, {**HOST, **fields}, lxc())
    return [(each.severity, each.code, each.path) for each in found.problems]


def test_options_of_mount_are_left_out_and_unknown_ones_refused(tmp_path: Path) -> None:
    export = {"path": "tank/a", "options": "rw,noatime,nosuch,noatime"}
    assert sorted(told(tmp_path, nfs={"exports": [export]})) == [
        ("error", "value", "nfs.exports.0.options"),
        ("warning", "field-without-effect", "nfs.exports.0.options"),
    ]


def test_an_export_for_nobody_is_told(tmp_path: Path) -> None:
    exports = {"exports": [{"path": "tank/a"}, {"path": "tank/b", "clients": ["*"]}]}
    assert told(tmp_path, nfs=exports) == []
    assert told(tmp_path, nfs=exports, network={}) == [("warning", "field-without-effect", "nfs.exports.0.path")]


def test_one_folder_in_two_spellings_for_one_client(tmp_path: Path) -> None:
    exports: list[Json] = [{"path": "tank/a"}, {"path": "/tank/a"}]
    assert told(tmp_path, nfs={"exports": exports}) == [("error", "value", "nfs.exports.1.path")]
    exports[1]["clients"] = ["10.9.9.9"]
    assert told(tmp_path, nfs={"exports": exports}) == []


@pytest.mark.parametrize(
    "share",
    [
        {"path": "tank/a", "options": "foo=yes"},
        {"path": "tank/a", "options": "writable=maybe"},
        {"path": "tank/a", "name": "homes"},
        {"path": "tank/a/100%"},
        {"path": "tank/a", "options": "valid users=ann", "valid_users": ["ann"]},
    ],
)
def test_what_samba_would_not_take(tmp_path: Path, share: Json) -> None:
    assert told(tmp_path, samba={"shares": [share]}) == [("error", "value", "samba.shares.0")]


def test_shares_of_one_name(tmp_path: Path) -> None:
    shares = [{"path": "tank/a"}, {"path": "tank/b/A"}]
    assert told(tmp_path, samba={"shares": shares}) == [("error", "value", "samba.shares.1")]
    assert told(tmp_path, samba={"shares": [shares[0], {**shares[1], "name": "c"}]}) == []


def test_a_folder_has_one_owner(tmp_path: Path) -> None:
    exports = {"exports": [{"path": "tank/a", "owner": "ann", "mode": "0750"}]}
    same = {"shares": [{"path": "/tank/a", "mode": "0750"}]}
    assert told(tmp_path, nfs=exports, samba=same) == []
    other = {"shares": [{"path": "/tank/a", "owner": "bob"}]}
    assert told(tmp_path, nfs=exports, samba=other) == [("error", "value", "samba.shares.0.owner")]


@pytest.mark.parametrize(
    "users",
    [
        {"username": "root"},
        {"username": "ann", "ssh_public_key": "x; reboot"},
        {"username": "ann", "groups": ["a:b"]},
        {"username": "ann", "shell": "/bin/sh;reboot"},
        {"username": "ann", "pve_role": "a b"},
        {"username": "ann", "pve_path": "/../x"},
    ],
)
def test_hostile_users_are_refused(tmp_path: Path, users: Json) -> None:
    found = told(tmp_path, users=users)
    assert [code for _, code, _ in found] == ["value"], found
    assert found[0][2].startswith(f"users.{list(users)[-1]}")
