"""A feature run alone on the node leaves a journal, as every run does (spec R8)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.conftest import Phoenix, Said

SECRET = "$6$salt$CanaryHashThatMustBeSeenNowhere"
ADMIN = {"username": "labadmin", "password_hash": {"env": "CANARY"}}


def run(phoenix: Phoenix, folder: Path, *options: object) -> Said:
    (folder / "slice.json").write_text(json.dumps(ADMIN))
    return phoenix(
        "feature", "run", "admin_user", "--config", folder / "slice.json", "--on", f"sim:{folder}/node.json", *options
    )


@pytest.fixture(autouse=True)
def canary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY", SECRET)


def test_a_run_is_logged_with_its_steps_and_commands(phoenix: Phoenix, tmp_path: Path) -> None:
    said = run(phoenix, tmp_path, "--output", "json")
    journal = Path(said.json["journal"])
    assert journal.parent == tmp_path / "node.json.runs"
    logged = phoenix("log", "last", "--on", f"sim:{tmp_path}/node.json", "--output", "json").json
    assert logged["steps"][0]["id"] == "host:user:labadmin"
    assert (logged["exit_code"], SECRET in journal.read_text()) == (0, False)
    events = [json.loads(line) for line in journal.read_text().splitlines()]
    assert [event["command"] for event in events if event["event"] == "ran"] == said.json["commands"]


def test_a_run_names_its_journal_and_one_with_nothing_to_do_leaves_none(phoenix: Phoenix, tmp_path: Path) -> None:
    first = run(phoenix, tmp_path)
    (journal,) = (tmp_path / "node.json.runs").iterdir()
    assert first.out.endswith(f"admin_user: done. Journal: {journal}\n")
    assert run(phoenix, tmp_path).out == "admin_user: nothing to do.\n"
    assert list((tmp_path / "node.json.runs").iterdir()) == [journal]
