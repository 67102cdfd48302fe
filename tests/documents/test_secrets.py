"""Spec F6: a secret is found where it is said to be, and shown nowhere."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from phoenix_hypervisor.config.site import Site
from phoenix_hypervisor.documents.secrets import MASK, Secret
from phoenix_hypervisor.errors import UsageError
from sites import loaded

VALUE = "hunter2-hunter2"


def secret_of(folder: Path, spelling: object) -> tuple[Secret, Site]:
    found = loaded(folder, {"samba": {"user": "ann", "password": spelling}})
    assert found.site is not None
    assert found.site.host.samba is not None
    assert found.site.host.samba.password is not None
    return found.site.host.samba.password, found.site


def private(path: Path, content: str = VALUE + "\n", mode: int = 0o600) -> Path:
    path.write_text(content)
    path.chmod(mode)
    return path


def test_each_way_leads_to_the_value(tmp_path: Path) -> None:
    private(tmp_path / "secret")
    ways = {"env": "SMB", "file": "secret", "credential": "secret"}
    environ = {"SMB": VALUE, "CREDENTIALS_DIRECTORY": str(tmp_path)}
    for origin, reference in ways.items():
        secret, site = secret_of(tmp_path / "etc", {origin: reference})
        assert secret.resolve(environ, tmp_path) == VALUE
        assert VALUE not in f"{secret} {secret!r} {site!r}"
    assert secret_of(tmp_path / "etc", VALUE)[0].resolve({}) == VALUE


def test_a_literal_is_shown_nowhere(tmp_path: Path) -> None:
    secret, site = secret_of(tmp_path, VALUE)
    assert VALUE not in f"{secret} {secret!r} {secret.reference} {site!r}"
    dumped = site.host.model_dump_json()
    assert VALUE not in dumped
    assert MASK in dumped
    found = loaded(tmp_path, {"samba": {"password": VALUE}, "users": {"username": "ann", "password_hash": VALUE}})
    assert [(each.code, each.path) for each in found.problems] == [
        ("literal-secret", "samba.password"),
        ("literal-secret", "users.password_hash"),
    ]
    assert VALUE not in json.dumps([each.as_json() for each in found.problems])


@pytest.mark.parametrize(
    "spelling",
    [
        {"env": f"{VALUE}\n"},
        {"envv": VALUE},
        {"env": VALUE, "file": VALUE},
        [VALUE],
        f"{VALUE}\n",
        {"file": [VALUE]},
        {},
        12345678,
    ],
)
def test_a_wrong_spelling_shows_nothing_either(tmp_path: Path, spelling: object) -> None:
    found = loaded(tmp_path, {"samba": {"password": spelling}})
    assert found.errors
    text = json.dumps([each.as_json() for each in found.problems])
    assert VALUE not in text
    assert "12345678" not in text


@pytest.mark.parametrize(
    ("spelling", "message"),
    [
        ({"env": "SMB"}, "SMB is not set"),
        ({"file": "absent"}, "cannot be read"),
        ({"file": "open"}, "can be read by others"),
        ({"file": "empty"}, "is empty"),
        ({"file": "binary"}, "is not UTF-8"),
        ({"file": "/dev/null"}, "is no regular file"),
        ({"credential": "secret"}, "CREDENTIALS_DIRECTORY"),
    ],
)
def test_what_cannot_be_had_is_told_without_it(tmp_path: Path, spelling: object, message: str) -> None:
    private(tmp_path / "open", mode=0o640)
    private(tmp_path / "empty", "")
    (tmp_path / "binary").touch(0o600)
    (tmp_path / "binary").write_bytes(b"\xff")
    secret, _ = secret_of(tmp_path / "etc", spelling)
    with pytest.raises(UsageError, match=message) as raised:
        secret.resolve({}, tmp_path)
    assert VALUE not in str(raised.value)


def test_an_open_file_is_told_by_validate(tmp_path: Path) -> None:
    private(tmp_path / "secret", mode=0o644)
    found = loaded(tmp_path, {"samba": {"password": {"file": "secret"}}})
    assert [(each.code, each.hint) for each in found.problems] == [("value", "Run: chmod 600 secret")]
    (tmp_path / "secret").chmod(0o600)
    assert loaded(tmp_path, {"samba": {"password": {"file": "secret"}}}).problems == ()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_not_read(tmp_path: Path) -> None:
    os.chown(private(tmp_path / "secret"), 12345, 12345)
    secret, _ = secret_of(tmp_path / "etc", {"file": "secret"})
    with pytest.raises(UsageError, match="belongs to another user"):
        secret.resolve({}, tmp_path)


def test_a_secret_is_a_value(tmp_path: Path) -> None:
    one, other = secret_of(tmp_path, VALUE)[0], secret_of(tmp_path, {"env": "SMB"})[0]
    assert one == Secret("literal", VALUE) != other
    assert {one, other} == {Secret("literal", VALUE), Secret("env", "SMB")}
    assert TypeAdapter(Secret).validate_python(one) is one
