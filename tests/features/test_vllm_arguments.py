"""The arguments of vLLM: from where they come, which counts, what they mean."""

from __future__ import annotations

from typing import Any

import pytest

from phoenix_hypervisor.features.container.vllm import Vllm, feature
from phoenix_hypervisor.features.container.vllm.arguments import arguments


def line(**declared: Any) -> str:
    return " ".join(" ".join(words) for words in arguments({"model": "a/b", **declared}).words())


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({}, "--port 8000"),
        ({"port": 9000}, "--port 9000"),
        ({"args": ["--port=9001"], "port": 9000}, "--port 9001"),
        ({"engine_config": {"max_model_len": 1}}, "--max-model-len 1 --port 8000"),
        ({"engine_config": {"max_model_len": 1}, "parameters": {"max-model-len": 2}}, "--max-model-len 2 --port 8000"),
        ({"parameters": {"max_model_len": 2}, "max_model_len": 3}, "--max-model-len 3 --port 8000"),
        ({"max_model_len": 3, "args": ["--max-model-len", "4"]}, "--max-model-len 4 --port 8000"),
        ({"args": ["-tp", "2", "-O3"], "tensor_parallel_size": 1}, "-O3 --port 8000 --tensor-parallel-size 2"),
        ({"trust_remote_code": True}, "--port 8000 --trust-remote-code"),
        ({"trust_remote_code": False}, "--port 8000"),
        ({"engine_config": {"enable_prefix_caching": False}}, "--no-enable-prefix-caching --port 8000"),
        (
            {"engine_config": {"enable_prefix_caching": False}, "args": ["--enable-prefix-caching"]},
            "--enable-prefix-caching --port 8000",
        ),
        ({"parameters": {"seed": None, "swap_space": -1}}, "--port 8000 --swap-space -1"),
        ({"args": ["--swap-space", "-1"]}, "--port 8000 --swap-space -1"),
        ({"args": ["--middleware", "a", "--middleware", "b"]}, "--middleware a --middleware b --port 8000"),
        ({"args": ["--lora-modules", "a=b", "c=d"]}, "--lora-modules a=b c=d --port 8000"),
        ({"engine_config": {"hf_overrides": {"b": 1, "a": [2]}}}, '--hf-overrides {"a": [2], "b": 1} --port 8000'),
        ({"engine_config": {"allowed_origins": ["x", "y"]}}, "--allowed-origins x y --port 8000"),
        ({"gpu_memory_utilization": 0.85}, "--gpu-memory-utilization 0.85 --port 8000"),
        ({"model_type": "embedding"}, "--port 8000 --runner pooling"),
        ({"model_type": "embedding", "version": "0.10.1"}, "--port 8000 --runner pooling"),
        ({"model_type": "embedding", "version": "0.9.2"}, "--port 8000 --task embed"),
        ({"model_type": "embedding", "args": ["--task", "score"]}, "--port 8000 --task score"),
        ({"model_type": "chat"}, "--port 8000"),
        ({"args": ["--api-key", "x"], "engine_config": {"hf-token": "y"}}, "--port 8000"),
    ],
)
def test_each_place_has_its_rank(declared: dict[str, Any], expected: str) -> None:
    assert line(**declared) == expected


@pytest.mark.parametrize(
    ("declared", "model"),
    [
        ({}, None),
        ({"model": "a/b"}, "a/b"),
        ({"engine_config": {"model": "c/d"}}, "c/d"),
        ({"engine_config": {"model": "c/d"}, "model": "a/b"}, "a/b"),
        ({"model": "a/b", "args": ["--model", "e/f"]}, "e/f"),
        ({"model": "a/b", "args": ["serve", "g/h", "--port", "1"]}, "g/h"),
    ],
)
def test_the_model_has_its_rank_too(declared: dict[str, Any], model: str | None) -> None:
    assert arguments(declared).model == model
    assert "--model" not in " ".join(" ".join(words) for words in arguments(declared).words())


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ([], ("http://127.0.0.1:8000/health",)),
        (["--host", "0.0.0.0", "--port", "1"], ("http://127.0.0.1:1/health",)),
        (["--host", "10.0.0.5"], ("http://10.0.0.5:8000/health",)),
        (["--host", "fd00::5"], ("http://[fd00::5]:8000/health",)),
        (["--ssl-certfile", "/c"], ("--insecure", "https://127.0.0.1:8000/health")),
        (["--uds", "/run/s"], ("--unix-socket", "/run/s", "http://localhost/health")),
    ],
)
def test_it_is_asked_where_it_listens(args: list[str], expected: tuple[str, ...]) -> None:
    assert arguments({"model": "a/b", "args": args}).health() == expected


@pytest.mark.parametrize(
    ("args", "cards"),
    [([], 1), (["-tp", "2"], 2), (["-tp", "2", "-pp", "2", "-dp", "3"], 12), (["-tp", "many"], None)],
)
def test_the_cards_are_counted(args: list[str], cards: int | None) -> None:
    assert arguments({"args": args}).cards == cards


def test_what_an_argument_overrides_is_known() -> None:
    declared = {"max_model_len": 1, "gpu_memory_utilization": 0.1, "quantization": "awq"}
    found = arguments({**declared, "args": ["--max-model-len", "2", "--gpu-memory-utilization", "0.10", "-q", "awq"]})
    assert found.overridden == {"vllm_max_model_len": "--max-model-len 2"}


def test_a_container_without_a_model_shares_the_layer_of_its_template() -> None:
    assert feature.digest(Vllm()) == feature.digest(Vllm(template_snapshot="ready"))
    assert feature.digest(Vllm(model="a/b")) != feature.digest(Vllm(model="a/c"))
    assert feature.digest(Vllm(model="a/b")) == feature.digest(Vllm(engine_config={"model": "a/b"}))
    secret, other = (Vllm(model="a/b", args=("--api-key", key)) for key in ("x", "y"))
    assert feature.digest(secret) != feature.digest(other)
