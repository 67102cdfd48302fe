"""What is said of model servers before anything is done: GPUs that they lack, arguments that undo fields."""

from __future__ import annotations

from pathlib import Path

import pytest

from sites import Json, container, loaded, lxc, template

DRIVER = {"nvidia_driver_version": "580.76.05"}
NEEDS, WITHOUT, IDLE = "vllm-needs-more-gpus", "vllm-without-gpu", "field-without-effect"


def found(folder: Path, **fields: object) -> dict[str, str]:
    """Code to the field at which it stands, of what is said of 901."""
    documents: Json = lxc({900: template("base"), 901: container("web", clone_from_ctid=900, **fields)}, **DRIVER)
    problems = loaded(folder, containers=documents).problems
    return {each.code: each.path.rpartition(".")[2] for each in problems if each.code in (NEEDS, WITHOUT, IDLE)}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"vllm_model": "a/b", "gpu_assignment": "0"}, {}),
        ({"vllm_model": "a/b", "gpu_assignment": "0,1", "vllm_tensor_parallel_size": 2}, {}),
        (
            {"vllm_model": "a/b", "gpu_assignment": "0", "vllm_tensor_parallel_size": 2},
            {NEEDS: "vllm_tensor_parallel_size"},
        ),
        ({"vllm_model": "a/b", "gpu_assignment": "0", "vllm_args": ["-tp", "2"]}, {NEEDS: "vllm_args"}),
        (
            {"vllm_model": "a/b", "gpu_assignment": "0,1", "vllm_parameters": {"pipeline_parallel_size": 3}},
            {NEEDS: "vllm_model"},
        ),
        (
            {"vllm_engine_config": {"model": "a/b", "tensor_parallel_size": 2}, "gpu_assignment": "1"},
            {NEEDS: "vllm_engine_config"},
        ),
        ({"vllm_model": "a/b", "gpu_assignment": "0", "vllm_args": ["-tp", "many"]}, {}),
        ({"vllm_model": "a/b"}, {WITHOUT: "vllm_model"}),
        ({"vllm_model": "a/b", "vllm_tensor_parallel_size": 2}, {WITHOUT: "vllm_tensor_parallel_size"}),
        ({"vllm_model": "a/b", "is_template": True}, {}),
        ({"features": ["vllm"]}, {}),
        ({"features": ["vllm"], "vllm_tensor_parallel_size": 2, "gpu_assignment": "0"}, {}),
        (
            {"vllm_model": "a/b", "gpu_assignment": "0", "vllm_port": 1, "vllm_args": ["--port", "2"]},
            {IDLE: "vllm_port"},
        ),
        ({"vllm_model": "a/b", "gpu_assignment": "0", "vllm_port": 1, "vllm_args": ["--port", "1"]}, {}),
        ({"ollama_port": 1}, {IDLE: "ollama_port"}),
        ({"features": ["ollama"], "ollama_port": 1}, {}),
    ],
)
def test_it_is_told_before_anything_is_done(tmp_path: Path, fields: Json, expected: dict[str, str]) -> None:
    assert found(tmp_path, **fields) == expected
