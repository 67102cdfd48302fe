"""What the command line is careful about: it asks first, and looks again last."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from phoenix_hypervisor.cli.run import Intent, carry_out
from phoenix_hypervisor.cli.session import session
from phoenix_hypervisor.command import Command
from phoenix_hypervisor.errors import PhoenixError
from phoenix_hypervisor.plan.saved import Request
from phoenix_hypervisor.plan.step import Plan, Step, Symbol

from .conftest import Phoenix

TARBALL = "local:vztmpl/ubuntu-24.04-standard_24.04-2_amd64.tar.zst"
BASE: dict[str, Any] = {
    "name": "one",
    "template": TARBALL,
    "storage_pool": "local-zfs",
    "storage_size_gb": 8,
    "memory_mb": 512,
    "unprivileged": True,
}


class Terminal(io.StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    folder = tmp_path / "etc"
    folder.mkdir()
    (folder / "phoenix_lxc_configs.json").write_text(json.dumps({"lxc_configs": {"900": BASE}}))
    return folder


@pytest.fixture
def node(phoenix: Phoenix, tmp_path: Path) -> Path:
    file = tmp_path / "node.json"
    assert phoenix("sim", "new", file).code == 0
    return file


def guests(phoenix: Phoenix, node: Path) -> list[str]:
    return [line.split()[0] for line in phoenix("sim", "run", node, "pct", "list").out.splitlines()[1:]]


@pytest.mark.parametrize(("answer", "code", "there"), [("n\n", 130, []), ("\n", 130, []), ("y\n", 0, ["900"])])
def test_without_yes_it_asks(
    phoenix: Phoenix, etc: Path, node: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, there: list[str]
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    said = phoenix("apply", "--etc", etc, "--on", f"sim:{node}")
    assert (said.code, "Apply this?" in said.out) == (code, True)
    assert guests(phoenix, node) == there


def test_without_a_terminal_nobody_is_asked(phoenix: Phoenix, etc: Path, node: Path) -> None:
    said = phoenix("apply", "--etc", etc, "--on", f"sim:{node}")
    assert said.code == 2 and "--yes" in said.err
    assert guests(phoenix, node) == []


def test_a_node_that_changed_after_the_plan_was_shown_is_not_touched(
    phoenix: Phoenix, etc: Path, node: Path, tmp_path: Path
) -> None:
    step = Step("900:other", "900", Symbol.CHANGE, "other", "because", (Command("pct", "destroy", "900"),))
    with session(Request(str(etc), f"sim:{node}"), exclusive=True) as current:
        intent = Intent(current.plan, current.plan_after)
        shown = Plan("pve1", (step,))
        with pytest.raises(PhoenixError, match="changed after the plan was shown"):
            carry_out(current, intent, shown, jobs=1, fail_fast=False, live=False, approved=False)
    assert guests(phoenix, node) == []


def test_a_secret_that_a_script_says_is_written_nowhere(
    phoenix: Phoenix, etc: Path, node: Path, tmp_path: Path
) -> None:
    secret = "hunter2-and-more"
    host = {"samba": {"user": "ann", "password": secret, "shares": []}, "behavior": {"debug_mode": True}}
    (etc / "phoenix_hypervisor_config.json").write_text(json.dumps(host))
    (etc / "phoenix_hypervisor_setup_900.sh").write_text(f"#!/bin/sh\necho {secret}\necho {secret} >&2\nexit 1\n")
    said = phoenix("apply", "--etc", etc, "--on", f"sim:{node}", "--yes")
    assert said.code == 1 and "********" in said.err
    left = [*tmp_path.glob("node.json.runs/*"), *tmp_path.glob("node.json.log")]
    assert len(left) == 2
    for text in (said.out, said.err, *(path.read_text() for path in left)):
        assert secret not in text


def test_what_is_not_so_in_the_end_is_told(phoenix: Phoenix, etc: Path, node: Path) -> None:
    """A script of the user's undoes what was declared, after each step of it was looked at."""
    (etc / "phoenix_hypervisor_setup_900.sh").write_text('#!/bin/sh\npct set "$1" --memory 64\n')
    said = phoenix("apply", "--etc", etc, "--on", f"sim:{node}", "--yes")
    assert said.code == 1
    assert "STILL DIFFERENT 900:configure" in said.err and "memory 64 -> 512" in said.err
