"""Model servers from a slice that is given by itself: nothing goes because of what it leaves out."""

from __future__ import annotations

from typing import Any

import pytest

from phoenix_hypervisor.features.registry import of_containers
from phoenix_hypervisor.plan.slices import part_from, slice_from
from phoenix_hypervisor.resources.service import Service


@pytest.mark.parametrize(
    ("name", "piece", "gone"),
    [
        ("vllm", {"version": "0.11.0"}, {"secret-file:/etc/vllm/keys.env", "no-unit:vllm.service"}),
        ("vllm", {"model": "a/b"}, {"secret-file:/etc/vllm/keys.env"}),
        ("llama_cpp", {"version": "8133"}, {"secret-file:/etc/llama/keys.env", "no-unit:llama.service"}),
        ("llama_cpp", {"model": "a/b"}, {"secret-file:/etc/llama/keys.env"}),
    ],
)
def test_a_part_takes_nothing_away(name: str, piece: dict[str, Any], gone: set[str]) -> None:
    feature = of_containers()[name]
    whole = {each.id for each in feature.resources(slice_from(feature, piece))}
    part = {each.id for each in feature.resources(part_from(feature, piece))}
    token = {each for each in whole if each.startswith("given-token:")}
    assert whole - part == gone | token and not part - whole
    services = [each for each in feature.resources(part_from(feature, piece)) if isinstance(each, Service)]
    assert all(watched.id in part for each in services for watched in each.watches), "it waits for nothing else"


@pytest.mark.parametrize(
    ("name", "piece", "lacking"),
    [
        ("vllm", {"model": "a/b", "port": 1}, []),
        ("vllm", {"engine_config": {"model": "a/b"}}, []),
        ("vllm", {"version": "0.11.0"}, []),
        ("vllm", {"port": 1}, ["model is missing."]),
        ("llama_cpp", {"port": 1}, ["model is missing."]),
        ("llama_cpp", {"version": "1"}, []),
        ("ollama", {"port": None, "models_path": None, "models": ["a"]}, []),
        ("ollama", {"models": ["a"]}, ["port is missing.", "models_path is missing."]),
    ],
)
def test_what_a_part_cannot_do_without_is_asked_for(name: str, piece: dict[str, Any], lacking: list[str]) -> None:
    feature = of_containers()[name]
    assert [lack.what for lack in feature.lacks(part_from(feature, piece))] == lacking


@pytest.mark.parametrize("name", ["vllm", "ollama", "llama_cpp"])
def test_what_is_left_out_of_a_whole_document_is_not_there(name: str) -> None:
    feature = of_containers()[name]
    assert list(feature.lacks(slice_from(feature, {}))) == []
    assert feature.is_empty(slice_from(feature, {"is_template": True, "template_snapshot": "ready"}))
