"""Order over ids."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoenix_hypervisor.plan.graph import Cycle, closure, order


def test_the_smallest_ready_id_first() -> None:
    assert order({900: [], 150: [900], 901: [900], 100: []}, key=lambda n: n) == [100, 900, 150, 901]


def test_a_circle_is_named() -> None:
    with pytest.raises(Cycle) as caught:
        order({1: [2], 2: [3], 3: [1], 4: []}, key=lambda n: n)
    assert set(caught.value.members) == {1, 2, 3}


def test_needs_outside_are_left_out() -> None:
    assert order({1: [99]}, key=lambda n: n) == [1]


def test_closure() -> None:
    assert closure([3], {1: [], 2: [1], 3: [2], 4: [1]}) == {1, 2, 3}


@given(st.dictionaries(st.integers(0, 30), st.lists(st.integers(0, 30), max_size=4)))
def test_everything_comes_after_what_it_needs(needs: dict[int, list[int]]) -> None:
    try:
        found = order(needs, key=lambda n: n)
    except Cycle:
        return
    place = {node: number for number, node in enumerate(found)}
    assert sorted(found) == sorted(needs)
    for node, wanted in needs.items():
        assert all(place[need] < place[node] for need in wanted if need in needs and need != node)
