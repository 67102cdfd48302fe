"""Plan and apply tell how long it will take, and it does."""

from __future__ import annotations

from pathlib import Path

from .conftest import Phoenix


def test_plan_and_apply_tell_how_long_it_takes(phoenix: Phoenix, repository: Path, tmp_path: Path) -> None:
    words = ["--etc", repository / "examples/ai-lab", "--on", f"sim:{tmp_path}/node.json"]
    assert phoenix("apply", "host", *words, "--yes").code == 0
    assert "Takes about " in phoenix("plan", *words).out
    planned = phoenix("plan", *words, "--output", "json").json
    estimate, steps = planned["estimate"], [step["id"] for step in planned["steps"]]
    assert set(estimate["critical_path"]) <= set(steps) and estimate["critical_path"][-1] in steps
    applied = phoenix("apply", *words, "--yes", "--jobs", 1, "--output", "json").json
    assert applied["estimate"]["jobs"] == 1 and applied["estimate"]["seconds"] > estimate["seconds"]
    assert 0.5 < applied["estimate"]["seconds"] / applied["seconds"] < 2
    said = phoenix("apply", *words, "--yes")
    assert said.code == 0 and "Takes" not in said.out
    assert phoenix("plan", *words, "--output", "json").json["estimate"]["critical_path"] == []
