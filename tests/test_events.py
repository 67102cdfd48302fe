"""Every event comes back from JSON as it was; anything else is refused."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoenix_hypervisor import events
from phoenix_hypervisor.events import KINDS, Done, Event, Note, RunEnded, from_json

VALUES: dict[Any, st.SearchStrategy[Any]] = {
    "str": st.text(),
    "int": st.integers(-(10**10), 10**10),
    "float": st.floats(-1e10, 1e10),
    "tuple[str, ...]": st.lists(st.text()).map(tuple),
}
EVENTS = st.one_of(
    *(st.builds(kind, **{field.name: VALUES[field.type] for field in fields(kind)}) for kind in KINDS.values())
)


def test_every_event_is_known_by_its_name() -> None:
    there = {kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, Event)}
    assert set(KINDS.values()) == there - {Event}


@given(EVENTS)
def test_to_json_and_back(event: Event) -> None:
    assert from_json(json.loads(json.dumps(event.as_json()))) == event


def test_what_a_later_phoenix_adds_is_left_out() -> None:
    assert from_json(Note(1.0, "hello").as_json() | {"loud": True}) == Note(1.0, "hello")


@pytest.mark.parametrize(
    "data",
    [
        None,
        7,
        [],
        {},
        {"event": "frobnicated", "at": 1.0},
        {"event": ["note"], "at": 1.0, "text": "x"},
        {"event": "note", "at": 1.0},
        {"event": "note", "at": "1.0", "text": "x"},
        {"event": "note", "at": True, "text": "x"},
        {"event": "note", "at": float("nan"), "text": "x"},
        {"event": "note", "at": 1e300, "text": "x"},
        {"event": "note", "at": -(10**400), "text": "x"},
        Done(1.0, "a", 2.0).as_json() | {"seconds": None},
        RunEnded(1.0, "r", 0, 1, 0, 0, 2.0).as_json() | {"exit_code": 0.5},
        {"event": "runstarted", "at": 1.0, "run": "r", "node": "n", "arguments": ["a", 1], "steps": 1},
    ],
    ids=str,
)
def test_anything_else_is_refused(data: Any) -> None:
    with pytest.raises(ValueError, match=r"expected|known|missing or wrong"):
        from_json(data)
