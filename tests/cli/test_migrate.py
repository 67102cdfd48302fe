"""``phoenix migrate``."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phoenix_hypervisor.cli.main import run

from .conftest import Phoenix

LINE = re.compile(r"^\S.*:\d+:\d+: (error|warning): .+ \[[a-z-]+\]( .+)?$")
SAMPLE = Path(__file__).parent.parent / "config/legacy/phoenix_config.sh"


def test_the_document_goes_to_standard_output_and_the_rest_to_standard_error(phoenix: Phoenix) -> None:
    said = phoenix("migrate", SAMPLE)
    assert said.code == 0
    assert said.json["zfs"]["arc_max_gb"] == 30
    assert said.out.startswith('{\n  "$schema": "./phoenix_hypervisor_config.schema.json",\n')
    assert said.err and all(LINE.match(line) for line in said.err.splitlines())
    assert "canary" not in said.out + said.err


def test_json_holds_both(phoenix: Phoenix) -> None:
    said = phoenix("migrate", SAMPLE, "--output", "json")
    assert said.code == 0 and said.err == ""
    assert said.json["document"] == phoenix("migrate", SAMPLE).json
    assert len(said.json["problems"]) == len(phoenix("migrate", SAMPLE).err.splitlines())
    assert list(said.json["problems"][0])[:5] == ["severity", "code", "file", "line", "column"]


def test_standard_input(phoenix: Phoenix, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"SMB_USER=heads\nX=1\n")))
    said = phoenix("migrate", "-")
    assert said.json["samba"] == {"user": "heads"} and said.err.startswith("standard input:2:1: ")


def test_what_it_writes_validates(phoenix: Phoenix, tmp_path: Path) -> None:
    (tmp_path / "phoenix_hypervisor_config.json").write_text(phoenix("migrate", SAMPLE).out)
    assert phoenix("validate", "--etc", tmp_path).code == 0


@pytest.mark.parametrize("content", [None, b"", b"echo hello\n", b"\0", b"SMB_USER=a\n" * 1_000_000, b"if"])
def test_what_cannot_be_migrated_exits_2(phoenix: Phoenix, tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "phoenix_config.sh"
    if content is not None:
        path.write_bytes(content)
    said = phoenix("migrate", path)
    assert (said.code, said.out) == (2, "") and str(path) in said.err


def test_a_folder_is_no_file(phoenix: Phoenix, tmp_path: Path) -> None:
    assert phoenix("migrate", tmp_path).code == 2


def test_nothing_is_executed(phoenix: Phoenix, tmp_path: Path) -> None:
    made = tmp_path / "made"
    legacy = tmp_path / "phoenix_config.sh"
    lines = [
        "touch {}",
        "A=$(touch {})",
        "B=`touch {}`",
        "eval 'touch {}'",
        ": ${{C:=$(touch {})}}",
        "SMB_USER='`touch {}`'",
    ]
    legacy.write_text("\n".join(line.format(made) for line in lines) + "\nDEFAULT_SUBNET=10.0.0.0/24\n")
    assert phoenix("migrate", legacy).code == 0
    assert not made.exists()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=st.one_of(st.text(), st.text(alphabet="AB=\"'`$(){}[];&|<>#\\\n \t!~*-:@")))
def test_any_text_exits_0_or_2(tmp_path: Path, text: str) -> None:
    path = tmp_path / "any.sh"
    path.write_bytes(b"SMB_USER=a\n" + text.encode("utf-8", "replace"))
    assert run(["migrate", str(path)]) in (0, 2)
