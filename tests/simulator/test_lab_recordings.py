"""What the lab's real machine answered, the simulated node answers too: ``tests/lab/recordings``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from phoenix_hypervisor.simulator.node import Node

RECORDINGS = Path(__file__).resolve().parents[1] / "lab/recordings"
_USAGE = "For the property list"


def _with_pool() -> Node:
    """Of the release that has the recorded ZFS."""
    node = Node.new(version=9)
    node.add_pool("lab", 192 << 20)
    return node


def _with_disks() -> Node:
    node = Node.new(version=8)
    for name in ("ata-b", "ata-c", "ata-d"):
        node.add_disk(name, 512 << 20)
    node.add_pool("lab", 256 << 20, disks=["ata-d"])
    return node


NODES: Mapping[str, Callable[[], Node]] = {
    "accounts": lambda: Node.new(version=8),
    "datasets": _with_pool,
    "devices": _with_disks,
}


def _without_usage(text: str) -> str:
    return text.partition(_USAGE)[0]


@pytest.mark.parametrize("name", NODES)
def test_the_simulated_node_answers_as_the_real_machine_did(name: str) -> None:
    node = NODES[name]()
    steps: list[dict[str, Any]] = json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))["steps"]
    wrong = []
    for step in steps:
        said = node.run(step["argv"])
        answer = {"rc": said.rc, "stdout": said.stdout, "stderr": _without_usage(said.stderr)}
        if answer != {key: step[key] for key in answer}:
            wrong.append((step, answer))
    assert wrong == []


def test_every_recording_is_replayed() -> None:
    assert {path.stem for path in RECORDINGS.glob("*.json")} == set(NODES)
