"""Places that cannot be written to: told by the name that the user gave, also to a program."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from phoenix_hypervisor.cli.main import phoenix as group
from phoenix_hypervisor.cli.main import run

from .conftest import Phoenix


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    (tmp_path / "phoenix_hypervisor_config.json").write_text(json.dumps({"timezone": "Europe/Berlin"}))
    return tmp_path


@pytest.mark.parametrize(
    ("words", "place"),
    [
        (("apply", "host", "--yes", "--on", "sim:/proc/x.json"), "/proc/x.json"),
        (("plan", "host", "--on", "sim:/proc/x.json"), "/proc/x.json"),
        (("plan", "host", "--on", "sim", "--out", "/proc/x"), "/proc/x"),
    ],
    ids=["a node to be changed", "a node to be made", "a saved plan"],
)
@pytest.mark.parametrize("output", ["text", "json"])
def test_it_is_told_by_its_own_name(
    phoenix: Phoenix, etc: Path, words: tuple[str, ...], place: str, output: str
) -> None:
    said = phoenix(*words, "--etc", etc, "--output", output)
    assert said.code in (1, 2)
    assert place in said.err and "/." not in said.err and "cannot be written" in said.err
    if output == "json":
        assert place in said.json["error"]["message"]


def test_a_name_that_is_too_long_is_told_too(phoenix: Phoenix, etc: Path, tmp_path: Path) -> None:
    out = tmp_path / ("n" * 253)
    said = phoenix("plan", "host", "--on", "sim", "--etc", etc, "--out", out)
    assert said.code == 2 and str(out) in said.err


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (PermissionError(13, "Permission denied", "/var/log/x"), 1, "/var/log/x: Permission denied."),
        (OSError("odd"), 1, "odd."),
        (RuntimeError("odd"), 1, "a defect of Phoenix itself: RuntimeError: odd."),
    ],
    ids=["a place", "no place", "a defect"],
)
def test_whatever_goes_wrong_a_program_is_told(
    error: Exception, code: int, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(**_: object) -> None:
        raise error

    monkeypatch.setattr(group, "main", broken)
    assert run(["plan", "--output", "json"]) == code
    said = capsys.readouterr()
    assert json.loads(said.out)["error"]["message"] == message
    assert said.err.startswith(f"phoenix: {message}")
