"""The fingerprint of a step holds everything that the step does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.plan.saved import step_fingerprint
from phoenix_hypervisor.plan.step import Guarded, Poll, Step, Symbol

STEP = Step("900:a", "900", Symbol.ADD, "a", "because", (Command("pct", "start", "900", stdin="text"),))


def test_equal_steps_have_one_fingerprint() -> None:
    assert step_fingerprint(STEP) == step_fingerprint(replace(STEP))


@pytest.mark.parametrize(
    "other",
    [
        replace(STEP, work=(Command("pct", "start", "901", stdin="text"),)),
        replace(STEP, work=(Command("pct", "start", "900", stdin="other"),)),
        replace(STEP, work=(Command("pct start", "900", stdin="text"),)),
        replace(STEP, work=(*STEP.work, Command("true"))),
        replace(STEP, work=(Guarded(STEP.work[0], Command("true")),)),  # type: ignore[arg-type]
        replace(STEP, work=(Poll(STEP.work[0], "ready", 1.0, 2.0),)),  # type: ignore[arg-type]
        replace(STEP, needs=("900:b",)),
    ],
)
def test_any_difference_is_another_fingerprint(other: Step) -> None:
    assert step_fingerprint(STEP) != step_fingerprint(other)
