"""``--on ssh://…`` as users type it: what can be told without a real node. The host lab does the rest."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from phoenix_hypervisor.transport.connection import CONFIG, Connection
from phoenix_hypervisor.transport.destination import Destination
from ssh_machine import SshMachine

from .conftest import Phoenix

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/ai-lab"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SshMachine]:
    made = SshMachine(tmp_path / "node")
    monkeypatch.setenv(CONFIG, str(made.config))
    yield made
    made.stop()


def test_a_node_that_another_run_changes(phoenix: Phoenix, machine: SshMachine) -> None:
    other = Connection(Destination("node"), True, "other", os.environ)
    other.open()
    try:
        said = phoenix("apply", "--etc", EXAMPLE, "--on", "ssh://node", "--yes")
    finally:
        other.close()
    assert (said.code, said.err) == (5, "phoenix: Another run on node is at work. Wait until it is done.\n")


def test_a_machine_that_is_no_node(phoenix: Phoenix, machine: SshMachine) -> None:
    (machine.root / "etc/pve").rmdir()
    said = phoenix("plan", "--etc", EXAMPLE, "--on", "ssh://node")
    assert (said.code, said.err) == (
        2,
        "phoenix: node is not a Proxmox VE node. Name one that has /etc/pve and pct.\n",
    )


def test_a_node_that_cannot_be_reached(phoenix: Phoenix, machine: SshMachine) -> None:
    machine.stop()
    said = phoenix("status", "--etc", EXAMPLE, "--on", "ssh://node")
    assert said.code == 1
    assert said.err.startswith("phoenix: node cannot be reached: ") and said.err.endswith("Try: ssh node\n")


def test_an_address_that_is_none(phoenix: Phoenix) -> None:
    said = phoenix("plan", "--etc", EXAMPLE, "--on", "ssh://root@host/path")
    assert said.code == 2 and "Write it as ssh://user@host" in said.err


def test_the_journals_of_runs_over_ssh_are_kept_here(phoenix: Phoenix, tmp_path: Path) -> None:
    folder = tmp_path / "state/phoenix_hypervisor/nodes/pve1/runs"
    folder.mkdir(parents=True)
    said = phoenix("log", "--on", "ssh://root@pve1")
    assert said.code == 0 and str(folder) in said.out + said.err
