"""What a machine's answers are taken for."""

from __future__ import annotations

import pytest

from phoenix_hypervisor.command import TIMED_OUT, Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.machine import answered


def test_an_answer() -> None:
    assert answered(Result(0, "yes\n"), "whether") == "yes\n"


def test_a_refusal_in_its_words() -> None:
    with pytest.raises(NodeError, match=r"could not tell whether: no such thing"):
        answered(Result(1, "", "no such thing\n"), "whether")


def test_too_late_is_told_without_what_was_said_so_far() -> None:
    with pytest.raises(NodeError) as told:
        answered(Result(TIMED_OUT, "half an answer\n"), "whether")
    assert str(told.value) == "The node could not tell whether in time. Run again when it is less busy."
