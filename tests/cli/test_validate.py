"""``phoenix validate`` and ``phoenix schema``."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sites import container, lxc, place, template

from .conftest import Phoenix

LINE = re.compile(r"^\S+:\d+:\d+: (error|warning): .+ \[[a-z-]+\]( .+)?$")


def test_every_problem_has_its_line(phoenix: Phoenix, examples: Path) -> None:
    said = phoenix("validate", "--etc", examples / "2025-09-23")
    *problems, summary = said.out.splitlines()
    assert said.code == 2
    assert all(LINE.match(line) for line in problems)
    errors = sum(" error: " in line for line in problems)
    assert summary == f"{errors} errors, {len(problems) - errors} warnings in 2 files."
    assert errors == 8


def test_json_has_the_same_problems(phoenix: Phoenix, examples: Path) -> None:
    text = phoenix("validate", "--etc", examples / "2025-08-29").out.splitlines()
    said = phoenix("validate", "--etc", examples / "2025-08-29", "--output", "json")
    assert said.code == 2
    assert list(said.json) == ["problems"]
    assert len(said.json["problems"]) == len(text) - 1
    for problem in said.json["problems"]:
        assert list(problem) == ["severity", "code", "file", "line", "column", "path", "message", "hint"]
    assert {each["path"] for each in said.json["problems"] if each["severity"] == "error"} == {
        "lxc_configs.901.unprivileged",
        "lxc_configs.903.unprivileged",
    }


@pytest.mark.parametrize(
    ("documents", "code", "summary"),
    [
        (lxc({900: template("base")}), 0, "0 errors, 0 warnings in 1 file."),
        (
            lxc({900: template("base"), 901: {"name": "web", "clone_from_ctid": 900}}),
            0,
            "0 errors, 1 warning in 1 file.",
        ),
        (lxc({901: container("web", clone_from_ctid=900)}), 2, "1 error, 0 warnings in 1 file."),
        ("{", 2, "1 error, 0 warnings in 1 file."),
    ],
)
def test_exit_codes(
    phoenix: Phoenix, tmp_path: Path, documents: dict[str, object] | str, code: int, summary: str
) -> None:
    said = phoenix("validate", "--etc", place(tmp_path / "etc", None, documents))
    assert (said.code, said.out.splitlines()[-1]) == (code, summary)


def test_a_folder_without_configuration(phoenix: Phoenix, tmp_path: Path) -> None:
    said = phoenix("validate", "--etc", tmp_path / "nowhere")
    assert said.code == 2
    assert "--etc" in said.out


@pytest.mark.parametrize("document", ["host", "lxc", "older"])
def test_schema_prints_one_document(phoenix: Phoenix, document: str) -> None:
    said = phoenix("schema", document)
    assert said.code == 0
    assert said.json["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_schema_writes_all(phoenix: Phoenix, tmp_path: Path) -> None:
    said = phoenix("schema", "--write", tmp_path / "schemas")
    assert said.code == 0
    assert {Path(line).name for line in said.out.split()} == {path.name for path in (tmp_path / "schemas").iterdir()}
    assert all(json.loads(path.read_text()) for path in (tmp_path / "schemas").iterdir())
    assert phoenix("schema", "lxc", "--write", tmp_path).code == 2
    assert phoenix("schema", "nonsense").code == 2
