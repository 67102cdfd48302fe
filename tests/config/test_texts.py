"""How values are shown: quoted, in one line, with nothing that a terminal would obey."""

from __future__ import annotations

from typing import Any

import pytest

from phoenix_hypervisor.config.texts import did_you_mean, kind, listing, shown


@pytest.mark.parametrize(
    ("value", "text", "named"),
    [
        (True, "true", "true or false"),
        (None, "null", "null"),
        (3, "3", "an integer"),
        (1.5, "1.5", "a fraction"),
        ("a\x1b[31m\n\u202e", '"a\\u001b[31m\\u000a\\u202e"', "a string"),
        ("a" * 61, f'"{"a" * 60}…"', "a string"),
        ({"a": 1}, "an object", "an object"),
        ([1], "a list", "a list"),
    ],
)
def test_a_value_is_shown_and_named(value: Any, text: str, named: str) -> None:
    assert (shown(value), kind(value)) == (text, named)


@pytest.mark.parametrize(("names", "text"), [([], ""), ([1], "1"), ([1, 2], "1 and 2"), ([1, 2, 3], "1, 2 and 3")])
def test_names_are_listed(names: list[int], text: str) -> None:
    assert listing(names) == text


def test_only_what_is_near_is_meant() -> None:
    assert did_you_mean("NESTNG", ["nesting", "fuse"]) == 'Did you mean "nesting"?'
    assert did_you_mean("quota", ["nesting", "fuse"]) == ""
