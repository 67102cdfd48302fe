"""What is written comes back; what power loss and other programs leave is told, never raised."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoenix_hypervisor.events import Done, Event, Failed, Note, Ran, RunEnded, RunStarted, Skipped, Started
from phoenix_hypervisor.journal import Journal, Places, read

RUN = "20260102T030405.000006-7"
TOLD: tuple[Event, ...] = (
    RunStarted(100.0, RUN, "pve1", ("apply", "--yes"), 3),
    Started(100.0, "900:create", "create"),
    Ran(101.0, "900:create", "pct create 900", 255, "Grün \x1b[31m\n", "bad byte \udcff\n", 1.0),
    Failed(101.0, "900:create", "no", 1.0),
    Skipped(101.0, "900:start", "900:create failed"),
    Done(102.0, "901:create", 2.0),
    Note(102.0, "so it is"),
    RunEnded(103.0, RUN, 1, 1, 1, 1, 3.0),
)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path / "runs", tmp_path / "phoenix.log")


def write(places: Places, run: str, events: tuple[Event, ...] = TOLD) -> Path:
    with Journal(places, run) as journal:
        for event in events:
            journal(event)
    return journal.path


def test_what_is_written_comes_back(places: Places) -> None:
    recorded = read(write(places, RUN))
    assert recorded.events == TOLD and recorded.broken == ()


def test_the_journals_are_known_by_their_runs_oldest_first(places: Places) -> None:
    assert places.runs() == {}
    later = write(places, "20260202T000000.000000-1")
    earlier = write(places, RUN)
    (places.journals / "notes.txt").touch()
    (places.journals / "folder.jsonl").mkdir()
    assert list(places.runs().items()) == [(RUN, earlier), ("20260202T000000.000000-1", later)]


def test_a_journal_that_was_cut_off_anywhere_tells_what_came_before(places: Places) -> None:
    path = write(places, RUN)
    whole = path.read_bytes()
    for end in range(1, len(whole)):
        path.write_bytes(whole[:end])
        recorded = read(path)
        complete = whole[:end].count(b"\n")
        assert recorded.events == TOLD[: len(recorded.events)]
        assert len(recorded.events) + len(recorded.broken) == complete + (not whole[:end].endswith(b"\n"))
        assert [(each.line, each.reason) for each in recorded.broken] in ([], [(complete + 1, "the line is cut off")])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"\0\0\0\0", "the line is no JSON"),
        (b"\xff\xfe{}", "the line is no JSON"),
        (b"[" * 100_000, "the line is no JSON"),
        (b'"text"', "the line tells no event: an object is expected"),
        (b'{"event": "exploded"}', "the line tells no event: its kind is not known"),
        (b'{"event": "done", "at": 1.0, "step": 900, "seconds": 1}', 'the line tells no event: its "step" is missing'),
    ],
    ids=lambda value: value[:20] if isinstance(value, bytes) else "",
)
def test_a_broken_line_is_told_with_its_number_and_the_rest_is_read(places: Places, line: bytes, reason: str) -> None:
    path = write(places, RUN)
    first, rest = path.read_bytes().split(b"\n", 1)
    path.write_bytes(first + b"\n" + line + b"\n" + rest)
    recorded = read(path)
    assert recorded.events == TOLD
    (broken,) = recorded.broken
    assert broken.line == 2 and broken.reason.startswith(reason)
    assert str(broken).startswith(f"{path}:2: warning: ")


def test_an_empty_journal_is_told(places: Places) -> None:
    path = write(places, RUN)
    path.write_bytes(b"")
    assert [each.reason for each in read(path).broken] == ["the journal is empty"]


@given(st.lists(st.binary(max_size=40) | st.sampled_from([b"{}", b'{"event": "note", "at": 1, "text": ""}'])))
def test_no_content_is_an_exception(lines: list[bytes]) -> None:
    with tempfile.NamedTemporaryFile() as file:
        path = Path(file.name)
        path.write_bytes(b"\n".join(lines))
        recorded = read(path)
        assert recorded.events or recorded.broken
