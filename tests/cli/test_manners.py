"""What every verb owes its users: help that helps, clear errors, no traceback, quick answers."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import phoenix_hypervisor
from phoenix_hypervisor.cli.main import VERBS, phoenix, run

from .conftest import Phoenix


def verbs() -> list[list[str]]:
    found: list[list[str]] = []
    context = click.Context(phoenix)
    for name in VERBS:
        command = phoenix.get_command(context, name)
        if isinstance(command, click.Group):
            found += [[name, sub] for sub in command.commands]
        else:
            found.append([name])
    return found


@pytest.mark.parametrize("words", verbs(), ids=" ".join)
def test_help_names_options_an_example_and_exit_codes(phoenix: Phoenix, words: list[str]) -> None:
    said = phoenix(*words, "--help")
    assert said.code == 0
    assert "Options:" in said.out
    assert f"phoenix {' '.join(words)}" in said.out.partition("Example:")[2]
    assert "Exit code" in said.out


def test_the_group_names_verbs_and_exit_codes(phoenix: Phoenix) -> None:
    said = phoenix("--help")
    assert all(verb in said.out for verb in VERBS)
    assert "5    another run holds the lock" in said.out


@pytest.mark.parametrize(
    "words",
    [
        ["frobnicate"],
        ["plan", "--frobnicate"],
        ["plan", "--on", "mars"],
        ["plan", "--on", "ssh://root@nowhere"],
        ["plan", "--on", "local"],
        ["plan", "--on", "sim:"],
        ["plan", "--on", "sim:/"],
        ["plan", "--on", "sim:/no/such/folder/node.json"],
        ["plan", "--etc", "/no/such/folder", "--on", "sim"],
        ["plan", "--etc", "/dev/null", "--on", "sim"],
        ["apply", "--etc", "/no/such/folder", "--on", "sim", "--yes"],
        ["apply", "--jobs", "0"],
        ["validate", "--etc", "/no/such/folder"],
        ["graph", "--etc", "/no/such/folder"],
        ["sim"],
        ["sim", "new"],
        ["sim", "new", "/no/such/folder/node.json"],
        ["sim", "new", "n.json", "--disk", "a/b"],
        ["sim", "new", "n.json", "--disk", "a=lots"],
        ["sim", "new", "n.json", "--storage", "x"],
        ["sim", "new", "n.json", "--storage", "9x=zfspool:tank"],
        ["sim", "new", "n.json", "--storage", "tank=zfspool:tank:iso"],
        ["sim", "new", "n.json", "--bridge", "a b"],
        ["sim", "new", "n.json", "--name", ""],
        ["sim", "run", "", "true"],
        ["sim", "run", "n.json", "--"],
        ["sim", "run", "no-such.json", "true"],
        ["feature", "run", "zfsx", "--config", "-"],
        ["feature", "run", "nothing", "--config", "-"],
        ["feature", "run", "base_setup", "--config", "/no/such/file", "--on", "sim"],
        ["feature", "show", "nothing"],
        ["schema", "nothing"],
        ["--as"],
        ["--as", "rm"],
        ["--as", "phoenix_orchestrator"],
        ["--as", "phoenix_orchestrator", "--lxc"],
        ["--as", "phoenix_establish_hypervisor", "901"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_is_told_and_exits_2(
    phoenix: Phoenix, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = phoenix(*words)
    assert said.code == 2, said
    assert (said.err + said.out).strip()
    assert list(tmp_path.glob("*.json")) == []


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.one_of(
            st.sampled_from(["plan", "apply", "status", "validate", "graph", "sim", "new", "run", "feature", "--as"]),
            st.sampled_from(
                ["--etc", "--on", "sim", "--output", "json", "text", "--yes", "--jobs", "host", "900", "-"]
            ),
            st.text(max_size=6),
        ),
        max_size=6,
    )
)
def test_no_command_line_gives_a_traceback(words: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr("sys.stdin", open("/dev/null"))  # noqa: SIM115, PTH123
        assert run(words) in (0, 1, 2, 3, 4, 5)


def test_errors_are_json_where_json_is_asked_for(phoenix: Phoenix, examples: Path) -> None:
    said = phoenix("plan", "--etc", examples / "2025-09-23", "--on", "sim", "--output", "json")
    assert said.code == 2 and {problem["code"] for problem in said.json["problems"]} >= {"zfspool-content"}
    said = phoenix("plan", "--etc", examples / "2025-09-01", "--output", "json")
    assert said.code == 2 and "--on" in json.dumps(said.json)


def python(script: str) -> str:
    """What a fresh interpreter prints."""
    source = str(Path(phoenix_hypervisor.__file__).parents[1])
    script = f"import sys; sys.path.insert(0, {source!r}); {script}"
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout


def test_version_imports_nothing_heavy() -> None:
    script = "import sys; sys.argv = ['phoenix', '--version']; import phoenix_hypervisor.__main__ as m; m.main()"
    listing = f"{script}; print(*sys.modules)"
    version, modules = python(listing).splitlines()
    assert version.startswith("phoenix ")
    assert not {"click", "pydantic", "rich", "asyncio"} & set(modules.split())


def test_help_imports_no_verb() -> None:
    script = "from phoenix_hypervisor.cli.main import run; run(['--help']); import sys; print(*sys.modules)"
    assert not {"pydantic", "rich", "asyncio"} & set(python(script).splitlines()[-1].split())


@pytest.mark.parametrize(
    ("slice_text", "changes"),
    [
        ('{"timezone": "Europe/Berlin"}', True),
        ('{"packages": ["git"], "timezone": null}', True),
        ('{"version": "1", "timezone": "Europe/Berlin", "network": {}}', True),
    ],
)
def test_a_feature_runs_alone(phoenix: Phoenix, tmp_path: Path, slice_text: str, changes: bool) -> None:
    (tmp_path / "slice.json").write_text(slice_text)
    where = ["--on", f"sim:{tmp_path}/node.json", "--mode", "safe"]
    (tmp_path / "sources.json").write_text('{"timezone": "Etc/UTC", "repository": "no-subscription"}')
    first = phoenix("feature", "run", "initial_setup", "--config", tmp_path / "sources.json", *where)
    assert first.code == 0, first
    words: list[Any] = ["feature", "run", "base_setup", "--config", tmp_path / "slice.json", *where]
    said = phoenix(*words, "--output", "json")
    assert said.code == 0 and said.json["changed"] is changes
    said = phoenix(*words)
    assert said.code == 0 and "nothing to do" in said.out


@pytest.mark.parametrize(
    "slice_text", ["", "null", "{}", "[]", '{"packages": "htop"}', '{"timezone": "; reboot"}', "{"]
)
def test_an_empty_or_wrong_slice_is_an_error(phoenix: Phoenix, tmp_path: Path, slice_text: str) -> None:
    (tmp_path / "slice.json").write_text(slice_text)
    said = phoenix("feature", "run", "base_setup", "--config", tmp_path / "slice.json", "--on", "sim")
    assert said.code == 2 and said.err.strip()


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_a_closed_stream_is_no_reason_to_fall(repository: Path, closed: str) -> None:
    source = str(Path(phoenix_hypervisor.__file__).parents[1])
    line = f"{sys.executable} -m phoenix_hypervisor plan --etc {repository}/examples/ai-lab --on sim {closed}"
    done = subprocess.run(["sh", "-c", line], env={"PYTHONPATH": source}, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_reason_to_complain(repository: Path) -> None:
    source = str(Path(phoenix_hypervisor.__file__).parents[1])
    line = f"{sys.executable} -m phoenix_hypervisor plan 953 --etc {repository}/examples/ai-lab --on sim | head -1"
    done = subprocess.run(
        ["sh", "-c", line], env={"PYTHONPATH": source, "PATH": "/usr/bin:/bin"}, capture_output=True, text=True
    )
    assert done.stderr == ""
