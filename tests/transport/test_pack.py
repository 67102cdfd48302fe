"""Packed scripts under the real shell: framing, quoting, limits."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.errors import TransportError
from phoenix_hypervisor.transport.local import LocalTransport
from phoenix_hypervisor.transport.pack import pack, unpack


async def test_each_result_has_its_own_status_and_outputs() -> None:
    transport = LocalTransport()
    results = await transport.run_together(
        [
            Command("printf", "%s", "no newline"),
            Command("sh", "-c", "echo out; echo err >&2; exit 7"),
            Command("cat", stdin="from standard input"),
            Command("true"),
            Command("cat"),
            Command("no-such-program"),
        ]
    )
    assert [result.rc for result in results] == [0, 7, 0, 0, 0, 127]
    assert results[0].stdout == "no newline"
    assert (results[1].stdout, results[1].stderr) == ("out\n", "err\n")
    assert results[2].stdout == "from standard input\n"
    assert results[4].stdout == ""
    assert transport.stats.round_trips == 1
    assert transport.stats.commands == 6


async def test_a_command_that_hangs_spoils_nothing_else() -> None:
    results = await LocalTransport().run_together([Command("sleep", "60", timeout=0.2), Command("echo", "still here")])
    assert [result.rc for result in results] == [124, 0]
    assert results[1].stdout == "still here\n"


async def test_nothing_to_ask_costs_no_trip() -> None:
    transport = LocalTransport()
    assert await transport.run_together([]) == []
    assert transport.stats.round_trips == 0


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])), min_size=1, max_size=8))
async def test_any_argument_arrives_as_it_is(words: list[str]) -> None:
    results = await LocalTransport().run_together([Command("printf", "%s", word) for word in words])
    assert [result.stdout for result in results] == words


@pytest.mark.parametrize("stdout", ["", "0 5 0\nab", "nonsense\n", "0 0 0\n0 0 0\nrest", "0 -1 0\n"])
def test_an_output_that_is_not_whole_is_an_error(stdout: str) -> None:
    with pytest.raises(TransportError):
        unpack(Result(0, stdout), 2)


def test_standard_input_cannot_end_its_own_frame() -> None:
    script = pack([Command("cat", stdin="END_OF_INPUT\n")]).stdin
    assert "<<'END_OF_INPUT_'" in script
