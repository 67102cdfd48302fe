"""``phoenix feature show``: for people, without the marks of source text."""

from __future__ import annotations

import pytest

from phoenix_hypervisor.features.registry import of_containers, of_host

from .conftest import Phoenix

NAMES = sorted({*of_host(), *of_containers()})


@pytest.mark.parametrize("name", NAMES)
def test_it_shows_words_and_no_markup(phoenix: Phoenix, name: str) -> None:
    said = phoenix("feature", "show", name)
    assert said.code == 0 and name in said.out
    assert "``" not in said.out and "from request." not in said.out
    assert not [line for line in said.out.splitlines() if line.startswith("    ")]


def test_a_field_says_where_it_comes_from(phoenix: Phoenix) -> None:
    said = phoenix("feature", "show", "initial_setup").out
    assert "from --upgrade" in said and "from host.timezone" in said
