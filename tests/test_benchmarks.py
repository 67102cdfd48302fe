"""The benchmarks run; what they measure is for people to judge."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def test_planning_can_be_measured(repository: Path) -> None:
    spec = importlib.util.spec_from_file_location("benchmark_plan", repository / "benchmarks/plan.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.measure(3)["round trips"] == 1
