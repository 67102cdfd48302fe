"""A command is shown as a line that a person could paste into a shell, whatever its words hold."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoenix_hypervisor.command import Command, Result, decode, encode


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1))
def test_any_command_is_shown_as_a_shell_reads_it(argv: list[str]) -> None:
    assert tuple(shlex.split(str(Command(*argv)))) == Command(*argv).argv


def test_a_command_has_a_program() -> None:
    with pytest.raises(ValueError, match="at least a program"):
        Command()


@given(st.binary())
def test_bytes_come_back_as_they_were(data: bytes) -> None:
    assert encode(decode(data)) == data


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (Result(1, "out", "no\n  luck \n"), "no luck"),
        (Result(1, "only\nout\n"), "only out"),
        (Result(3), "exit status 3"),
    ],
)
def test_what_a_failure_says_is_one_line(result: Result, said: str) -> None:
    assert result.said == said
