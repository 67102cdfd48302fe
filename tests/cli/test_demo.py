"""``phoenix demo``: the whole tour goes well, and warns of a thing once."""

from __future__ import annotations

from .conftest import Phoenix


def test_the_tour_goes_well_and_says_no_warning_twice(phoenix: Phoenix) -> None:
    said = phoenix("demo")
    assert said.code == 0, said.err
    assert said.err.count("Not given: ") == 1
    assert len(set(said.err.splitlines())) == len(said.err.splitlines())
    assert "Nothing to do: the node is as declared." in said.out
    assert said.out.count("\n$ phoenix ") == 9
