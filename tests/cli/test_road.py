"""The issue's command lines on the real configuration files, as a new user types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Phoenix


@pytest.fixture(params=["2025-09-01", "ai-lab"])
def etc(request: pytest.FixtureRequest, repository: Path) -> Path:
    if request.param == "ai-lab":
        return repository / "examples/ai-lab"
    examples: Path = request.getfixturevalue("examples")
    return examples / request.param


def test_plan_apply_apply_again(phoenix: Phoenix, etc: Path, tmp_path: Path) -> None:
    where = f"sim:{tmp_path}/node.json"
    said = phoenix("plan", "--etc", etc, "--on", where, "--exit-code")
    assert said.code == 3 and "to create" in said.out
    said = phoenix("apply", "--etc", etc, "--on", where, "--yes")
    assert said.code == 0, said.err
    said = phoenix("apply", "--etc", etc, "--on", where, "--yes", "--output", "json")
    assert said.code == 0
    assert said.json["plan"]["changes"] == 0 and said.json["done"] == []
    assert phoenix("plan", "--etc", etc, "--on", where, "--exit-code").code == 0
    status = phoenix("status", "--etc", etc, "--on", where, "--output", "json").json
    assert all(row["as_declared"] for row in status["containers"])


def test_a_noop_apply_costs_one_round_trip(phoenix: Phoenix, etc: Path, tmp_path: Path) -> None:
    where = f"sim:{tmp_path}/node.json"
    assert phoenix("apply", "--etc", etc, "--on", where, "--yes").code == 0
    stats = phoenix("plan", "--etc", etc, "--on", where, "--stats", "--output", "json").json["stats"]
    assert stats["round_trips"] == 1
    assert set(stats) == {"round_trips", "commands", "seconds"}


def test_one_target_brings_what_it_needs_and_nothing_else(phoenix: Phoenix, examples: Path, tmp_path: Path) -> None:
    etc, where = examples / "2025-09-01", f"sim:{tmp_path}/node.json"
    assert phoenix("apply", "950", "--etc", etc, "--on", where, "--yes").code == 0
    listed = phoenix("sim", "run", tmp_path / "node.json", "pct", "list").out
    assert [line.split()[0] for line in listed.splitlines()[1:]] == ["900", "901", "920", "950"]


def test_targets_by_name_by_feature_and_host(phoenix: Phoenix, repository: Path) -> None:
    etc = repository / "examples/ai-lab"

    def targets(*words: str) -> set[str]:
        plan = phoenix("plan", *words, "--etc", etc, "--on", "sim", "--output", "json").json
        return {step["target"] for step in plan["steps"]} - {"host"}

    assert targets("gateway") == {"900", "953"}
    assert targets("docker") == {"900", "902", "910", "953"}
    assert targets("host") == set()
    said = phoenix("plan", "gatewy", "--etc", etc, "--on", "sim")
    assert said.code == 2 and 'Did you mean "gateway"' in said.err


def test_what_is_not_managed_yet_is_said(phoenix: Phoenix, tmp_path: Path) -> None:
    document = {"version": "1.0.0", "firewall": {"enabled": True}}
    (tmp_path / "phoenix_hypervisor_config.json").write_text(json.dumps(document))
    said = phoenix("plan", "--etc", tmp_path, "--on", "sim")
    assert said.code == 0 and "Not managed yet: firewall (host)" in said.out


def test_every_feature_of_a_container_is_stamped(phoenix: Phoenix, examples: Path, tmp_path: Path) -> None:
    where = f"sim:{tmp_path}/node.json"
    assert phoenix("apply", "--etc", examples / "2025-09-01", "--on", where, "--yes").code == 0
    said = phoenix("sim", "run", tmp_path / "node.json", "pct", "exec", "950", "--", "ls", "/var/lib/phoenix/layers")
    assert {"docker", "nvidia", "vllm"} <= set(said.out.split())


def test_without_a_place_off_a_node_it_refuses(phoenix: Phoenix, repository: Path) -> None:
    for verb in ("plan", "status"):
        said = phoenix(verb, "--etc", repository / "examples/ai-lab")
        assert said.code == 2 and "--on" in said.err


def test_without_a_terminal_and_without_yes_it_refuses(phoenix: Phoenix, repository: Path) -> None:
    said = phoenix("apply", "--etc", repository / "examples/ai-lab", "--on", "sim")
    assert said.code == 2 and "--yes" in said.err


def test_a_configuration_with_errors_touches_nothing(phoenix: Phoenix, examples: Path, tmp_path: Path) -> None:
    said = phoenix("apply", "--etc", examples / "2025-09-23", "--on", f"sim:{tmp_path}/node.json", "--yes")
    assert said.code == 2 and "zfspool-content" in said.err
    assert not (tmp_path / "node.json").exists()


@pytest.mark.parametrize(
    ("words", "verb"),
    [
        (["phoenix_orchestrator.sh", "--setup-hypervisor"], "apply host"),
        (["phoenix_orchestrator.sh", "--lxc", "901"], "apply 901"),
        (["phoenix_orchestrator", "901"], "apply 901"),
        (["phoenix_orchestrator", "--lxc=901"], "apply 901"),
        (["phoenix_establish_hypervisor.sh"], "apply"),
        (["phoenix_establish_hypervisor", "--dry-run"], "plan"),
        (["phoenix_orchestrator.sh", "901", "--dry-run"], "plan 901"),
    ],
)
def test_the_seeds_command_lines(phoenix: Phoenix, examples: Path, words: list[str], verb: str, tmp_path: Path) -> None:
    options = ["--etc", examples / "2025-09-01", "--on", f"sim:{tmp_path}/node.json"]
    said = phoenix("--as", *words, *options)
    assert said.code == 0, said.err
    listed = phoenix("sim", "run", tmp_path / "node.json", "pct", "list").out
    made = {line.split()[0] for line in listed.splitlines()[1:]}
    expected = {"apply host": set(), "apply 901": {"900", "901"}, "plan": set(), "plan 901": set()}
    assert made == expected.get(verb, {"900", "901", "902", "910", "920", "950"})


def test_the_journal_lies_beside_the_file(phoenix: Phoenix, repository: Path, tmp_path: Path) -> None:
    phoenix("apply", "953", "--etc", repository / "examples/ai-lab", "--on", f"sim:{tmp_path}/node.json", "--yes")
    (journal,) = (tmp_path / "node.json.runs").glob("*.jsonl")
    assert '"event": "runended"' in journal.read_text()
    assert "953:clone: done" in (tmp_path / "node.json.log").read_text()


def test_a_living_run_holds_the_node(phoenix: Phoenix, repository: Path, tmp_path: Path) -> None:
    from phoenix_hypervisor.cli.where import reach

    with reach(f"sim:{tmp_path}/node.json", lambda _node: (), exclusive=True):
        said = phoenix("apply", "--etc", repository / "examples/ai-lab", "--on", f"sim:{tmp_path}/node.json", "--yes")
    assert said.code == 5 and "at work" in said.err
