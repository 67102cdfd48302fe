"""Secrets on a simulated node: a stand-in for what is not given, and for nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from phoenix_hypervisor.cli.revealing import Secrets
from phoenix_hypervisor.documents.secrets import Origin, Secret
from phoenix_hypervisor.errors import UsageError

from .conftest import Phoenix


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A file for its owner, one that others can read, an empty one."""
    for name, text, mode in (("private", "real\n", 0o600), ("open", "real\n", 0o644), ("empty", "", 0o600)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(mode)
    return tmp_path


NOT_GIVEN: list[tuple[Origin, str, str]] = [
    ("env", "NAME", "the variable NAME"),
    ("env", "EMPTY", "the variable EMPTY"),
    ("file", "nowhere", "the file nowhere"),
    ("file", "private/nowhere", "the file private/nowhere"),
    ("credential", "nowhere", "the credential nowhere"),
]
ENVIRONMENTS = ({"EMPTY": ""}, {"EMPTY": "", "CREDENTIALS_DIRECTORY": "/"})


@pytest.mark.parametrize("environ", ENVIRONMENTS, ids=["no credentials", "credentials"])
@pytest.mark.parametrize(("origin", "reference", "named"), NOT_GIVEN)
def test_what_is_not_given_has_a_stand_in_on_a_simulated_node_and_that_is_told(
    folder: Path,
    origin: Origin,
    reference: str,
    named: str,
    environ: Mapping[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    secrets = Secrets(folder, environ, simulated=True)
    assert secrets.reveal(Secret(origin, reference)) and secrets.reveal(Secret(origin, reference))
    secrets.require()
    assert capsys.readouterr().err.count(named) == 1
    assert not secrets.revealed


@pytest.mark.parametrize(("origin", "reference", "named"), NOT_GIVEN)
def test_anywhere_else_it_is_an_error(folder: Path, origin: Origin, reference: str, named: str) -> None:
    secrets = Secrets(folder, {})
    assert secrets.reveal(Secret(origin, reference)) is None
    with pytest.raises(UsageError, match=named.rpartition(" ")[2]):
        secrets.require()


@pytest.mark.parametrize(("name", "why"), [("open", "chmod 600"), ("empty", "is empty"), (".", "no regular|directory")])
def test_what_is_there_and_is_refused_stays_an_error_on_a_simulated_node(folder: Path, name: str, why: str) -> None:
    secrets = Secrets(folder, {}, simulated=True)
    assert secrets.reveal(Secret("file", name)) is None
    with pytest.raises(UsageError, match=why):
        secrets.require()


def test_what_is_given_is_taken_without_a_word(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    secrets = Secrets(folder, {"NAME": "other"}, simulated=True)
    assert [secrets.reveal(each) for each in (Secret("file", "private"), Secret("env", "NAME"))] == ["real", "other"]
    secrets.require()
    assert (capsys.readouterr().err, secrets.revealed) == ("", {"real", "other"})


def test_a_run_says_it_beside_what_it_prints(phoenix: Phoenix, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAB_HASH", raising=False)
    host = {"users": {"username": "ann", "password_hash": {"env": "LAB_HASH"}}}
    (folder / "phoenix_hypervisor_config.json").write_text(json.dumps(host))
    said = phoenix("plan", "admin_user", "--etc", folder, "--on", "sim", "--output", "json")
    assert "the variable LAB_HASH" in said.err
    assert said.code == 0 and said.json["steps"]


def test_a_secret_file_that_others_can_read_ends_the_run(phoenix: Phoenix, folder: Path) -> None:
    host = {"users": {"username": "ann", "password_hash": {"file": "open"}}}
    (folder / "phoenix_hypervisor_config.json").write_text(json.dumps(host))
    assert phoenix("plan", "host", "--etc", folder, "--on", "sim").code == 2
