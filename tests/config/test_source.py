"""JSON text to values with places: every fault at its line and column, never a traceback."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoenix_hypervisor.config.source import SIZE_LIMIT, Source, parse_source, read_source

FAULTS = [
    # text, line, column, part of the message, part of the hint
    (b"", 1, 1, "empty", "{}"),
    (b"  // only a comment\n", 1, 1, "empty", ""),
    (b'{"a": 1\n "b": 2}', 1, 8, "comma is missing", ""),
    (b'{"a": }', 1, 7, "a value must stand here", ""),
    (b'{"a" 1}', 1, 6, "colon", ""),
    (b'{"a":', 1, 6, "not the end of the file", ""),
    (b'{"a": [', 1, 7, "list is not closed", "]"),
    (b'{"a": 1', 1, 1, "object is not closed", "}"),
    (b'{"a": [1, 2', 1, 7, "list is not closed", "]"),
    (b'{"a": 1]', 1, 8, 'comma or "}"', ""),
    (b'{"a": "x', 1, 7, "not closed on its line", '"'),
    (b'{"a": "x\ny"}', 1, 7, "not closed on its line", '"'),
    (b'{"a": "x\ty"}', 1, 9, "control character", ""),
    (rb'{"a": "C:\path"}', 1, 10, "escape", "\\\\"),
    (rb'{"a": "\ud800"}', 1, 7, "surrogate", ""),
    (b'{"a": 01}', 1, 7, '"01"', "leading zeros"),
    (b'{"a": .5}', 1, 7, '".5"', "0.5"),
    (b'{"a": NaN}', 1, 7, "NaN", "neither NaN"),
    (b'{"a": -Infinity}', 1, 7, "-Infinity", "neither NaN"),
    (b'{"a": 1e999}', 1, 7, "too large", ""),
    (b'{"a": ' + b"9" * 5000 + b"}", 1, 7, "too large", ""),
    (b'{"a": True}', 1, 7, '"True"', "Write true."),
    (b'{"a": None}', 1, 7, '"None"', "Write null."),
    (b"{'a': 1}", 1, 2, "double quotes", "double quotes"),
    (b"{a: 1}", 1, 2, "double quotes", "double quotes"),
    (b"{\"a\": 'x'}", 1, 7, "a value must stand here", "double quotes"),
    (b'{"a": 1,, "b": 2}', 1, 9, "double quotes", ""),
    (b'{} {"a": 1}', 1, 4, "after the end", ""),
    (b'{"a": 1} /* open', 1, 10, "comment is not closed", "*/"),
    (b'{\n "a": "\xff"\n}', 2, 8, "0xff", "UTF-8"),
    (b'\xef\xbb\xbf{\n "\xc3\xa4": \xc3}', 2, 7, "0xc3", "UTF-8"),
    (b"\xff\xfe{\x00}\x00", 1, 1, "UTF-16", "UTF-8"),
    (b'{"a":\x00 1}', 1, 6, "\\u0000", ""),
    (b'{"a":' + b"[" * 100_000, 1, 69, "nested", ""),
]


@pytest.mark.parametrize(("text", "line", "column", "message", "hint"), FAULTS)
def test_a_syntax_error_has_its_place(text: bytes, line: int, column: int, message: str, hint: str) -> None:
    problem = parse_source(text, "f.json").problems[0]
    assert (problem.code, problem.severity) == ("syntax", "error")
    assert (problem.place.file, problem.place.line, problem.place.column) == ("f.json", line, column)
    assert message in problem.message
    assert hint in problem.hint


@pytest.mark.parametrize("text", ["[1]", '"x"', "3", "null"])
def test_the_top_level_must_be_an_object(text: str) -> None:
    source = parse_source(text, "f.json")
    assert source.data is None
    assert [problem.code for problem in source.problems] == ["type"]


def test_comments_trailing_commas_and_a_byte_order_mark_are_read() -> None:
    text = b'\xef\xbb\xbf{ // line\n "a": [1, 2,], /* block\n over lines */ "b": "// no comment",\n}'
    source = parse_source(text, "f.json")
    assert source.problems == ()
    assert source.data == {"a": [1, 2], "b": "// no comment"}
    assert (source.place(("b",)).line, source.place(("b",)).column) == (3, 21)


def test_every_key_and_value_has_a_place() -> None:
    source = parse_source('{\n  "a": {"b": [10,\n 20]}\n}', "f.json")
    assert str(source.place(("a", "b", 1))) == "f.json:3:2"
    assert str(source.place(("a", "b"), key=True)) == "f.json:2:9"
    assert str(source.place(("a", "missing"))) == "f.json:2:3", "what does not stand is shown at what stands above it"


def test_a_document_that_is_absent_has_one_place() -> None:
    assert str(Source("f.json").place(("a",))) == "f.json:1:1"


def test_every_duplicate_key_is_told_and_reading_goes_on() -> None:
    source = parse_source('{"a": 1,\n "a": 2, "b": {"c": 1, "c": 2, "c": 3}}', "f.json")
    assert [(problem.code, problem.path, problem.place.line) for problem in source.problems] == [
        ("duplicate-key", "a", 2),
        ("duplicate-key", "b.c", 2),
        ("duplicate-key", "b.c", 2),
    ]
    assert "line 1" in source.problems[0].message


def test_a_missing_comma_does_not_hide_what_follows() -> None:
    source = parse_source('{"a": 1 "b": 2, "b": 3}', "f.json")
    assert [problem.code for problem in source.problems] == ["syntax", "duplicate-key"]


def test_what_is_no_readable_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "dangling").symlink_to("nowhere")
    for name in ("folder", "pipe", "dangling", "absent", "with\0nul"):
        problem = read_source(tmp_path / name, name).problems[0]
        assert (problem.code, problem.place.line, problem.place.column) == ("syntax", 1, 1)


def test_a_file_that_is_too_long_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "long").open("wb") as file:
        file.truncate(SIZE_LIMIT + 1)
    (problem,) = read_source(tmp_path / "long", "long").problems
    assert (problem.code, "64 MiB" in problem.message) == ("syntax", True)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(10**17), 10**17)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=20,
    )
)
def test_what_json_writes_is_read_back(value: object) -> None:
    text = json.dumps({"value": value})
    if "\\ud" not in text:
        assert parse_source(text, "f.json").data == {"value": json.loads(json.dumps(value))}


@given(st.binary() | st.text(alphabet='{}[]":,\\/*trufalsn0123456789.eE+-\n \u00a0\x00').map(str.encode))
def test_no_bytes_make_it_raise(content: bytes) -> None:
    source = parse_source(content, "f.json")
    assert source.problems or isinstance(source.data, dict)
