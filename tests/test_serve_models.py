"""The how-to about model servers: its configuration is valid, and does what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rig import Rig, fitted, load_site

FILE = re.compile(r"^`(?P<path>[\w./]+)`:\n\n```\w+\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
ANSWERS = {950: "http://localhost:8000/health", 951: "http://localhost:11434/api/tags"}


@pytest.fixture
def rig(tmp_path: Path, repository: Path) -> Rig:
    for found in FILE.finditer((repository / "docs/how-to/serve-models.md").read_text("utf-8")):
        (tmp_path / found["path"]).write_text(found["text"])
    return fitted(load_site(tmp_path))


def test_it_serves_what_it_says(rig: Rig) -> None:
    rig.converge()
    assert rig.plan().empty
    for ctid, address in ANSWERS.items():
        assert rig.node.run(("pct", "exec", str(ctid), "--", "curl", "-sf", address)).ok
    assert "llama3.2:3b" in rig.node.run(("pct", "exec", "951", "--", "curl", "-s", ANSWERS[951])).stdout
