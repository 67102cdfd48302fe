"""``phoenix sim fault`` and ``phoenix sim faults``, as users type them."""

from __future__ import annotations

from pathlib import Path

import pytest

from phoenix_hypervisor.cli.where import held_file
from phoenix_hypervisor.simulator.faults import Fault, Kind
from phoenix_hypervisor.simulator.node import Node

from .conftest import Phoenix


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "node.json"
    Node.new().save(path)
    return path


def test_a_fault_is_planted_hits_and_is_gone(phoenix: Phoenix, file: Path) -> None:
    said = phoenix("sim", "fault", file, "fail", "--times", "1", "--skip", "1", "--text", "no", "zfs", "list")
    assert said.code == 0
    assert said.out == f"{file}: zfs list fails, having done nothing, once, after 1 honest call.\n"
    runs = [phoenix("sim", "run", file, "zfs", "list") for _ in range(3)]
    assert [run.code for run in runs] == [0, 255, 0] and runs[1].err == "no\n"
    assert phoenix("sim", "faults", file).out == f"{file}: no fault.\n"


def test_every_kind_can_be_planted_and_is_listed(phoenix: Phoenix, file: Path) -> None:
    for kind in Kind:
        assert phoenix("sim", "fault", file, kind, "pct", "start", "9*").code == 0
    listed = phoenix("sim", "faults", file).out.splitlines()
    assert len(listed) == len(Kind)
    assert all(line.startswith("pct start '9*' ") and line.endswith("each time.") for line in listed)
    assert "is killed, after 1 pause" in listed[-2]


def test_words_with_dashes_come_after_two(phoenix: Phoenix, file: Path) -> None:
    assert phoenix("sim", "fault", file, "die", "--after", "0", "--times", "2", "--", "zfs", "list", "-H").code == 0
    (planted,) = Node.load(file).faults
    assert planted == Fault(Kind.DIE, ("zfs", "list", "-H"), times=2, pauses=0)
    assert phoenix("sim", "run", file, "zfs", "list", "-H").code == 137
    assert phoenix("sim", "fault", file, "fail", "zfs", "-H").code == 2


def test_faults_are_told_as_json_and_taken_away(phoenix: Phoenix, file: Path) -> None:
    fields = {"kind": "fail", "words": ["true"], "times": None, "skip": 0, "pauses": 1, "text": "", "top": False}
    said = phoenix("sim", "fault", file, "fail", "true", "--output", "json")
    assert said.json == {"file": str(file), "fault": fields}
    listing = {"file": str(file), "faults": [fields], "cleared": 0}
    assert phoenix("sim", "faults", file, "--output", "json").json == listing
    cleared = {"file": str(file), "faults": [], "cleared": 1}
    assert phoenix("sim", "faults", file, "--clear", "--output", "json").json == cleared
    assert phoenix("sim", "faults", file, "--clear").out == f"{file}: 0 faults taken away.\n"
    assert phoenix("sim", "run", file, "true").code == 0


@pytest.mark.parametrize(
    "words",
    [
        ["fault"],
        ["fault", "FILE"],
        ["fault", "FILE", "fail"],
        ["fault", "FILE", "explode", "pct"],
        ["fault", "FILE", "fail", "--times", "0", "pct"],
        ["fault", "FILE", "fail", "--skip", "-1", "pct"],
        ["fault", "FILE", "fail", "--after", "1", "pct"],
        ["fault", "FILE", "hang", "--text", "x", "pct"],
        ["fault", "absent.json", "fail", "pct"],
        ["fault", "", "fail", "pct"],
        ["faults"],
        ["faults", "absent.json"],
        ["faults", "/"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_is_told_and_plants_nothing(phoenix: Phoenix, file: Path, words: list[str]) -> None:
    said = phoenix("sim", *(file if word == "FILE" else word for word in words))
    assert said.code == 2 and said.err.strip()
    assert len(Node.load(file).faults) == 0


def test_what_is_no_node_is_told(phoenix: Phoenix, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    assert phoenix("sim", "fault", tmp_path / "x.json", "fail", "pct").code == 1
    assert phoenix("sim", "faults", tmp_path / "x.json").code == 1


def test_a_run_at_work_keeps_its_node(phoenix: Phoenix, file: Path) -> None:
    with held_file(file):
        assert phoenix("sim", "fault", file, "fail", "pct").code == 5
        assert phoenix("sim", "faults", file, "--clear").code == 5
        assert phoenix("sim", "faults", file).code == 0
