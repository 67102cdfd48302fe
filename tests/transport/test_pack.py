"""Packed scripts under the real shell: framing, quoting, limits."""

from __future__ import annotations

from pathlib import Path

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
    assert results[2].stdout == "from standard input"
    assert results[4].stdout == ""
    assert transport.stats.round_trips == 1
    assert transport.stats.commands == 6


async def test_a_command_that_hangs_spoils_nothing_else() -> None:
    results = await LocalTransport().run_together([Command("sleep", "60", timeout=0.2), Command("echo", "still here")])
    assert [result.rc for result in results] == [124, 0]
    assert results[1].stdout == "still here\n"


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
async def test_any_standard_input_arrives_as_it_is(text: str) -> None:
    results = await LocalTransport().run_together([Command("cat", stdin=text)])
    assert results[0].stdout == text


async def test_changes_come_first_and_the_looks_see_them(tmp_path: Path) -> None:
    transport = LocalTransport()
    file = str(tmp_path / "file")
    changes = [Command("tee", file, stdin="one"), Command("tee", "-a", file, stdin="two\n")]
    changed, looked = await transport.change_together(changes, [Command("cat", file), Command("false")])
    assert [result.stdout for result in changed] == ["one", "two\n"]
    assert [(result.rc, result.stdout) for result in looked] == [(0, "onetwo\n"), (1, "")]
    assert transport.stats.round_trips == 1


async def test_a_change_that_fails_is_the_last_one(tmp_path: Path) -> None:
    changes = [Command("true"), Command("sh", "-c", "echo no >&2; exit 3"), Command("touch", str(tmp_path / "file"))]
    changed, looked = await LocalTransport().change_together(changes, [Command("echo", "looked")])
    assert [(result.rc, result.stderr) for result in changed] == [(0, ""), (3, "no\n")]
    assert looked == [] and list(tmp_path.iterdir()) == []


async def test_a_change_past_its_limit_is_ended() -> None:
    changed, looked = await LocalTransport().change_together([Command("sleep", "60", timeout=0.2)], [])
    assert ([result.rc for result in changed], looked) == ([124], [])


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
