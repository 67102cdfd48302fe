"""Models that a document does not fit: what is wrong is told at its place, and the rest is read all the same."""

from __future__ import annotations

import json

from pydantic import BaseModel, ConfigDict

from phoenix_hypervisor.config.source import Source, parse_source
from phoenix_hypervisor.config.translate import read_model


class Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    size: int = 1


class Other(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    length: int


class Whole(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    name: str
    part: Part | Other | None = None
    parts: list[Part] | None = None


def source(data: object) -> Source:
    return parse_source(json.dumps(data), "f.json")


def test_what_lacks_a_field_at_the_top_cannot_be_read_at_all() -> None:
    for given in (source({}), source({"name": 3}), Source("f.json")):
        reading = read_model(Whole, given)
        assert reading.model is None
        assert () in reading.damaged
        assert [problem.code for problem in reading.problems] == ["type" if given.data != {} else "missing-field"]


def test_the_members_of_a_union_are_no_part_of_the_path() -> None:
    reading = read_model(Whole, source({"name": "a", "part": {"size": "x"}}))
    assert {problem.path for problem in reading.problems} == {"part.size", "part.length"}
    assert reading.model == Whole(name="a")


def test_a_list_is_lost_with_its_wrong_part() -> None:
    reading = read_model(Whole, source({"name": "a", "parts": [{"size": 1}, {"size": []}]}))
    assert [(problem.path, problem.message) for problem in reading.problems] == [
        ("parts.1.size", '"size" must be an integer, not a list.')
    ]
    assert reading.damaged == {("parts", 1, "size")}
