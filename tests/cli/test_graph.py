"""``phoenix graph`` draws what resolves, whatever the configuration."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

OUTPUTS = ("text", "mermaid", "dot", "svg", "json")


def etc(folder: Path, **containers: dict[str, Any]) -> Path:
    """A folder whose containers are named by ``ct<CTID>``."""
    found = {ctid.removeprefix("ct"): {"name": ctid} | fields for ctid, fields in containers.items()}
    (folder / "phoenix_lxc_configs.json").write_text(json.dumps({"lxc_configs": found}))
    return folder


def test_the_example(phoenix: Callable[..., Any], repository: Path) -> None:
    said = phoenix("graph", "--etc", repository / "examples/ai-lab")
    assert (said.code, said.err) == (0, "")
    assert "│   └── 920 template-vllm" in said.out
    assert "  951 embeddings waits for 953 gateway" in said.out


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_missing_source_is_drawn_and_told(phoenix: Callable[..., Any], tmp_path: Path, output: str) -> None:
    said = phoenix("graph", "--output", output, "--etc", etc(tmp_path, ct950={"clone_from_ctid": "999"}))
    assert said.code == 2
    assert "clone-source-missing" in said.err
    assert "999" in said.out and "950" in said.out


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_circle_ends(phoenix: Callable[..., Any], tmp_path: Path, output: str) -> None:
    folder = etc(
        tmp_path,
        ct900={"clone_from_ctid": "901", "is_template": True},
        ct901={"clone_from_ctid": "900", "is_template": True, "dependencies": ["901"]},
    )
    said = phoenix("graph", "--output", output, "--etc", folder)
    assert said.code == 2
    assert "clone-cycle" in said.err
    assert "900" in said.out and "901" in said.out


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"lxc_configs": {"900": 7}}', '{"lxc_configs": {"x": {"name": "\\ud800"}}}']
)
@pytest.mark.parametrize("output", OUTPUTS)
def test_broken_files_are_told(phoenix: Callable[..., Any], tmp_path: Path, output: str, text: str) -> None:
    (tmp_path / "phoenix_lxc_configs.json").write_text(text)
    said = phoenix("graph", "--output", output, "--etc", tmp_path)
    assert said.code == 2 and said.err


def test_a_chosen_source_is_drawn_as_such(phoenix: Callable[..., Any], tmp_path: Path) -> None:
    folder = etc(tmp_path, ct900={"is_template": True, "storage_size_gb": 8}, ct950={"storage_size_gb": 8})
    assert "└── 950 ct950  (chosen by need)" in phoenix("graph", "--etc", folder).out


def test_no_configuration(phoenix: Callable[..., Any], tmp_path: Path) -> None:
    said = phoenix("graph", "--etc", tmp_path)
    assert said.code == 2 and "no-configuration" in said.err
