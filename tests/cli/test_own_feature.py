"""A feature of one's own on the command line: it looks like a built-in one (spec S4)."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from .conftest import Phoenix

FEATURE = {
    "name": "hello",
    "summary": "Says hello.",
    "executable": "hello.sh",
    "schema": {"properties": {"word": {"type": "string"}}, "required": ["word"]},
}
SCRIPT = """\
#!/bin/sh
given=$(cat)
case $1 in
  check) [ "$(cat /etc/hello 2>/dev/null)" = "$given" ] || { echo "hello is missing"; exit 3; } ;;
  apply) printf '%s\\n' "$given" >/etc/hello ;;
esac
"""
CONTAINER = {
    "name": "web",
    "template": "local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst",
    "storage_pool": "tank-lxc",
    "storage_size_gb": 4,
    "unprivileged": True,
    "features": ["hello"],
    "feature_config": {"hello": {"word": "hunter2"}},
}


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    (tmp_path / "etc/features.d").mkdir(parents=True)
    (tmp_path / "etc/features.d/hello.json").write_text(json.dumps(FEATURE))
    (tmp_path / "etc/features.d/hello.sh").write_text(SCRIPT)
    (tmp_path / "etc/phoenix_lxc_configs.json").write_text(json.dumps({"lxc_configs": {"950": CONTAINER}}))
    return tmp_path / "etc"


def test_it_is_listed_and_shown(phoenix: Phoenix, etc: Path) -> None:
    assert "hello            container  Says hello.\n" in phoenix("feature", "list", "--etc", etc).out
    shown = phoenix("feature", "show", "hello", "--etc", etc, "--output", "json").json
    assert shown["slice"] == {"word": "container.feature_config.hello.word"}
    schema = phoenix("feature", "schema", "hello", "--etc", etc).json
    assert schema["properties"]["word"]["type"] == "string" and schema["required"] == ["word"]
    absent = phoenix("feature", "show", "hello")
    assert absent.code == 2 and 'no feature "hello"' in absent.err


def test_a_manifest_that_is_wrong_is_told_and_the_others_are_listed(phoenix: Phoenix, etc: Path) -> None:
    (etc / "features.d/hello.json").write_text("{")
    listed = phoenix("feature", "list", "--etc", etc)
    assert listed.code == 0 and "base_setup" in listed.out and "hello.json:1:" in listed.err
    checked = phoenix("validate", "--etc", etc)
    assert checked.code == 2 and "hello.json:1:" in checked.out + checked.err


def test_applied_looked_into_and_run_alone(
    phoenix: Phoenix, etc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = ("--on", f"sim:{tmp_path / 'node.json'}")
    assert phoenix("apply", "hello", "--etc", etc, *node, "--yes").code == 0
    assert phoenix("plan", "--deep", "--etc", etc, *node, "--output", "json").json["steps"] == []

    def alone() -> str:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"word": "other"}')))
        said = phoenix("feature", "run", "hello", "--config", "-", "--in", 950, "--etc", etc, *node)
        assert said.code == 0, said.err
        return said.out

    assert "run hello.sh: changed" in alone()
    assert "nothing to do" in alone()
    drifted = phoenix("plan", "--deep", "--etc", etc, *node)
    assert "its check says that it needs a change: hello is missing" in drifted.out
    assert phoenix("apply", "--deep", "--etc", etc, *node, "--yes").code == 0
    assert phoenix("plan", "--deep", "--etc", etc, *node, "--output", "json").json["steps"] == []
    journals = [path.read_text() for path in tmp_path.rglob("*.jsonl")]
    assert len(journals) >= 3 and not any("hunter2" in journal for journal in journals)
