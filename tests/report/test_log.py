"""Past runs as text: what is known of them, and nothing that a terminal would obey."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoenix_hypervisor.events import Done, Event, Failed, Note, Ran, RunEnded, RunStarted, Skipped, Started
from phoenix_hypervisor.report.history import past_run
from phoenix_hypervisor.report.log import in_one_line, render_run, render_runs, render_step
from phoenix_hypervisor.report.style import Style

RUN = "20260102T030405.000006-7"
PLAIN = Style()
FAILED: tuple[Event, ...] = (
    RunStarted(100.0, RUN, "pve1", ("apply", "950", "--reason", "a b"), 4),
    Note(100.0, "The run lock was taken over."),
    Started(100.0, "900:create", "create from ubuntu"),
    Ran(101.0, "900:create", "mkdir x", 0, "", "", 0.5),
    Ran(102.0, "900:create", "pct create 900", 255, "extracting\n\n", "no space\n", 1.0),
    Failed(102.0, "900:create", "pct create: no space", 2.0),
    Skipped(102.0, "900:start", "900:create failed"),
    Started(102.0, "901:start", "start"),
    Done(110.0, "901:start", 8.0),
    RunEnded(110.5, RUN, 1, 1, 1, 1, 10.5),
)


def test_a_run_tells_when_how_long_and_how_each_step_ended() -> None:
    assert render_run(past_run(RUN, FAILED), PLAIN).splitlines() == [
        f"Run {RUN} on pve1, 2026-01-02 03:04:05 UTC",
        "phoenix apply 950 --reason 'a b'",
        "1 of 4 steps done, 1 failed, 1 skipped in 10 s; exit 1.",
        "",
        "failed   900:create        2.0 s  create from ubuntu",
        "         pct create: no space",
        "skipped  900:start                900:create failed",
        "done     901:start         8.0 s  start",
        "1 step not begun.",
        "Note: The run lock was taken over.",
    ]


def test_only_what_failed() -> None:
    shown = render_run(past_run(RUN, FAILED), PLAIN, only_failed=True)
    assert "900:create" in shown and "901:start" not in shown and "skipped  " not in shown


def test_a_step_tells_every_command_with_its_output() -> None:
    run = past_run(RUN, FAILED)
    expected = [
        f"900:create of run {RUN}: failed after 2.0 s",
        "create from ubuntu",
        "pct create: no space",
        "",
        "$ mkdir x",
        "exit 0 after 0.5 s",
        "",
        "$ pct create 900",
        "exit 255 after 1.0 s",
        "stdout  extracting",
        "stdout",
        "stderr  no space",
    ]
    assert render_step(run, run.steps[0], PLAIN).splitlines() == expected
    assert render_step(run, run.steps[0], PLAIN, only_failed=True).splitlines() == expected[:3] + expected[6:]
    assert render_step(run, run.steps[1], PLAIN).splitlines()[-1] == "It ran no command."
    assert render_step(run, run.steps[2], PLAIN, only_failed=True).splitlines()[-1] == "It ran no command."


@pytest.mark.parametrize("left", range(len(FAILED) - 1))
def test_a_run_that_was_cut_off_is_shown_as_far_as_it_came(left: int) -> None:
    run = past_run(RUN, FAILED[:left])
    assert run.exit_code is None and run.failed
    assert "cut off" in render_runs([run], PLAIN)
    assert "no end is recorded" in render_run(run, PLAIN)
    unfinished = [step.id for step in run.steps if step.ending == "cut off"]
    assert unfinished == ({3: ["900:create"], 4: ["900:create"], 5: ["900:create"], 8: ["901:start"]}.get(left, []))


def test_the_listing_has_a_line_for_each_run_in_columns() -> None:
    other = past_run("strange", (RunStarted(0.0, "strange", "node-with-a-name", (), 0), Note(61.0, "")))
    head, first, second = render_runs([past_run(RUN, FAILED), other], PLAIN).splitlines()
    assert first.split()[:3] == [RUN, "2026-01-02", "03:04:05"]
    assert first.endswith("10 s       1     1       1        1        phoenix apply 950 --reason 'a b'")
    assert second.split()[:4] == ["strange", "1970-01-01", "00:00:00", "node-with-a-name"]
    assert "1 min 1 s" in second and "cut off" in second
    for title in ("WHEN", "NODE", "TOOK", "DONE", "FAILED", "SKIPPED", "EXIT", "COMMAND"):
        assert first[head.index(title) - 1] == " " and first[head.index(title)] != " "


def test_the_time_is_that_of_the_id_else_of_the_first_event() -> None:
    assert past_run(RUN, FAILED).when == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert past_run("other", FAILED).when == datetime(1970, 1, 1, 0, 1, 40, tzinfo=UTC)
    assert past_run("other", ()).when is None


def test_line_ends_stay_readable_in_commands_and_columns_in_output() -> None:
    assert in_one_line("sh -c 'a\nb\r'") == "sh -c 'a\\nb\\u000d'"
    run = past_run(RUN, (Ran(0.0, "a", "ls", 0, "x\ty\r\n", "", 0.0),))
    assert render_step(run, run.steps[0], PLAIN).splitlines()[-1] == "stdout  x       y\\u000d"


TEXT = st.text() | st.sampled_from(["\x1b[2J", "\x9b31m", "\x1b]0;title\x07", "\r", "\u202e", "\x7f", "\udcff", "\x85"])


@given(TEXT, TEXT, TEXT, st.integers(-6 * 10**10, 6 * 10**10))
def test_nothing_recorded_reaches_the_terminal_raw(text: str, other: str, step: str, at: int) -> None:
    events = (
        RunStarted(at, text, other, (text, other), 1),
        Started(at, step, text),
        Ran(at, step, other, 1, f"{text}\n{other}", f"{other}\n{text}", at),
        Failed(at, step, text, at),
        Skipped(at, other, text),
        Note(at, other),
        RunEnded(at, text, at, 0, 0, 0, at),
    )
    run = past_run(text, events)
    shown = [render_runs([run], PLAIN), render_run(run, PLAIN), *(render_step(run, each, PLAIN) for each in run.steps)]
    for line in "\n".join(shown).split("\n"):
        line.encode()
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", line)
