"""``phoenix log`` over the journals that real runs on simulated nodes left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Phoenix

SLICE = {
    "name": "one",
    "storage_pool": "local-zfs",
    "storage_size_gb": 8,
    "template": "local:vztmpl/ubuntu-24.04-standard_24.04-2_amd64.tar.zst",
    "network_config": {"name": "eth0", "bridge": "vmbr0", "ip": "10.0.0.9/24", "gw": "10.0.0.1"},
    "unprivileged": True,
    "application_script": "app.sh",
}
ESCAPE = "\x1b]0;owned\x07"


@pytest.fixture
def on(phoenix: Phoenix, tmp_path: Path) -> str:
    """A simulated node on which a first run failed and a second one went well."""
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "phoenix_hypervisor_config.json").write_text("{}")
    (etc / "phoenix_lxc_configs.json").write_text(json.dumps({"lxc_configs": {"900": SLICE}}))
    where = f"sim:{tmp_path}/node.json"
    for script, code in ((f"echo '{ESCAPE}'\necho 'no luck' >&2\nexit 3\n", 1), ("exit 0\n", 0)):
        (etc / "app.sh").write_text(f"#!/bin/sh\n{script}")
        assert phoenix("apply", "--etc", etc, "--on", where, "--yes").code == code
    return where


def runs(phoenix: Phoenix, on: str, *words: object) -> list[str]:
    return [run["run"] for run in phoenix("log", "--on", on, "--output", "json", *words).json["runs"]]


def test_past_runs_newest_last(phoenix: Phoenix, on: str) -> None:
    found = phoenix("log", "--on", on, "--output", "json").json
    first, second = found["runs"]
    assert found["warnings"] == [] and first["run"] < second["run"]
    assert (first["exit_code"], first["failed"], first["cut_off"]) == (1, 1, False)
    assert (second["exit_code"], second["failed"], second["skipped"]) == (0, 0, 0)
    assert first["done"] > 0 and first["seconds"] > 5 and first["node"] == "pve1"
    said = phoenix("log", "--on", on)
    head, *lines = said.out.splitlines()
    assert said.code == 0 and head.startswith("RUN") and len(lines) == 2
    assert lines[0].startswith(first["run"]) and lines[1].startswith(second["run"])


def test_the_listing_can_be_narrowed(phoenix: Phoenix, on: str) -> None:
    first, second = runs(phoenix, on)
    assert runs(phoenix, on, "-n", 1) == [second]
    assert runs(phoenix, on, "--last", 7) == [first, second]
    assert runs(phoenix, on, "--failed") == runs(phoenix, on, "--failed", "-n", 1) == [first]


def test_one_run_by_its_id_by_what_it_begins_with_or_the_last(phoenix: Phoenix, on: str) -> None:
    first, second = runs(phoenix, on)
    shortest = next(first[:end] for end in range(1, len(first)) if not second.startswith(first[:end]))
    for word in (first, shortest):
        found = phoenix("log", word, "--on", on, "--output", "json").json
        assert found["run"] == first
        failed = {step["id"]: step["reason"] for step in found["steps"] if step["outcome"] == "failed"}
        assert list(failed) == ["900:application_script.900"] and "no luck" in failed["900:application_script.900"]
    assert phoenix("log", "last", "--on", on, "--output", "json").json["run"] == second
    said = phoenix("log", first, "--on", on, "--failed").out
    assert "failed   900:application_script" in said and "no luck" in said and "900:create" not in said
    said = phoenix("log", first[:4], "--on", on)
    assert said.code == 2 and "begins 2 runs" in said.err


def test_one_step_with_the_output_of_its_commands(phoenix: Phoenix, on: str) -> None:
    first, _ = runs(phoenix, on)
    found = phoenix("log", first, "900:app", "--on", on, "--output", "json")
    assert ESCAPE not in found.out
    failed = next(command for command in found.json["commands"] if command["rc"] == 3)
    assert failed["stdout"] == f"{ESCAPE}\n" and failed["stderr"] == "no luck\n"
    said = phoenix("log", first, "900:app", "--on", on)
    assert "\x1b" not in said.out and "stdout  \\u001b]0;owned\\u0007" in said.out and "exit 3 after" in said.out
    only = phoenix("log", first, "900:app", "--on", on, "--failed", "--output", "json").json["commands"]
    assert [command["rc"] for command in only] == [3]


def test_what_is_not_there_is_told_with_what_is_near(phoenix: Phoenix, on: str) -> None:
    _, last = runs(phoenix, on)
    said = phoenix("log", f"{last[:-1]}x", "--on", on)
    assert said.code == 2 and f'Did you mean "{last}"' in said.err
    said = phoenix("log", "last", "900:aplication_script.900", "--on", on)
    assert said.code == 2 and 'Did you mean "900:application_script.900"?' in said.err
    said = phoenix("log", "last", "wholly other", "--on", on)
    assert said.code == 2 and "There are: 900:" in said.err


def test_a_broken_line_is_a_warning_with_its_place(phoenix: Phoenix, on: str, tmp_path: Path) -> None:
    journal = sorted((tmp_path / "node.json.runs").glob("*.jsonl"))[-1]
    whole = journal.read_bytes()
    journal.write_bytes(whole[: whole.rindex(b'"exit_code"')])
    number = whole.count(b"\n")
    for words in ([], ["last"], ["last", "900:app"]):
        said = phoenix("log", *words, "--on", on)
        assert said.code == 0 and said.err == f"{journal}:{number}: warning: the line is cut off.\n"
        (warning,) = phoenix("log", *words, "--on", on, "--output", "json").json["warnings"]
        assert (warning["file"], warning["line"]) == (str(journal), number)
    assert phoenix("log", "--on", on).out.count("cut off") == 1
    assert "no end is recorded" in phoenix("log", "last", "--on", on).out
    assert len(runs(phoenix, on, "--failed")) == 2
    assert phoenix("log", runs(phoenix, on)[0], "--on", on).err == ""


@pytest.mark.parametrize("content", [b"", b"\0" * 512, b"{}\n", b'{"event": "note", "at": 1, "text": "x"}\n'])
def test_a_journal_without_a_beginning_is_still_listed(
    phoenix: Phoenix, on: str, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "node.json.runs" / "zzz\x1b[2J.jsonl").write_bytes(content)
    said = phoenix("log", "--on", on)
    assert said.code == 0 and "zzz\\u001b[2J" in said.out and "\x1b" not in said.out + said.err
    assert ("zzz\\u001b[2J.jsonl:1: warning: " in said.err) is (b"note" not in content)
    assert phoenix("log", "last", "--on", on).code == 0
    assert phoenix("log", "last", "x", "--on", on).code == 2


def test_an_id_that_begins_another_one_is_itself(phoenix: Phoenix, on: str, tmp_path: Path) -> None:
    lines = [{"event": "started", "at": 1, "step": step, "title": step} for step in ("900:start", "900:start#2")]
    folder = tmp_path / "node.json.runs"
    (folder / "one.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    (folder / "one-more.jsonl").write_text("")
    for step in ("900:start", "900:start#2"):
        assert phoenix("log", "one", step, "--on", on, "--output", "json").json["id"] == step
    said = phoenix("log", "one", "900", "--on", on)
    assert said.code == 2 and '"900" begins 2 steps: 900:start, 900:start#2.' in said.err


def test_runs_on_fresh_nodes_are_in_the_state_folder(phoenix: Phoenix, repository: Path, tmp_path: Path) -> None:
    said = phoenix("log")
    assert said.code == 0 and said.out == f"No run in {tmp_path}/state/phoenix_hypervisor/runs.\n"
    assert phoenix("log", "last").code == 2
    assert phoenix("apply", "900", "--etc", repository / "examples/ai-lab", "--on", "sim", "--yes").code == 0
    for words in ([], ["--on", "sim"]):
        (run,) = phoenix("log", *words, "--output", "json").json["runs"]
        assert run["exit_code"] == 0


def test_journals_outlive_their_node(phoenix: Phoenix, on: str, tmp_path: Path) -> None:
    (tmp_path / "node.json").unlink()
    assert len(runs(phoenix, on)) == 2


@pytest.mark.parametrize(
    "words",
    [
        ["--on", "local"],
        ["--on", "mars"],
        ["--on", "ssh://root@no/where"],
        ["--on", "sim:"],
        ["--on", "sim:/no/such/node.json"],
        ["-n", "0"],
        ["last", "-n", "3"],
        ["no-such-run"],
        ["a", "b", "c"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_exits_2(phoenix: Phoenix, words: list[str]) -> None:
    said = phoenix("log", *words, "--output", "json")
    assert said.code == 2 and said.json["error"]["message"] and said.err


def test_it_reaches_no_node(phoenix: Phoenix, tmp_path: Path) -> None:
    (tmp_path / "node.json").write_text("no node at all")
    assert phoenix("log", "--on", f"sim:{tmp_path}/node.json").out.startswith("No run in ")
