"""A feature run alone leaves a journal and can be stopped, as every run, on the node and inside a container."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Phoenix, Said
from phoenix_hypervisor.cli.feature_host import establish_on_node
from phoenix_hypervisor.cli.feature_walk import Manner
from phoenix_hypervisor.cli.where import Where
from phoenix_hypervisor.command import Command
from phoenix_hypervisor.features.registry import of_host
from phoenix_hypervisor.journal import Places
from phoenix_hypervisor.plan.host import part
from phoenix_hypervisor.plan.slices import part_from
from phoenix_hypervisor.simulator.node import Node
from phoenix_hypervisor.transport.simulated import VirtualLoop
from rig import Recorder

SECRET = "$6$salt$CanaryHashThatMustBeSeenNowhere"
ADMIN = {"username": "labadmin", "password_hash": {"env": "CANARY"}}


def run(phoenix: Phoenix, folder: Path, *options: object) -> Said:
    (folder / "slice.json").write_text(json.dumps(ADMIN))
    return phoenix(
        "feature", "run", "admin_user", "--config", folder / "slice.json", "--on", f"sim:{folder}/node.json", *options
    )


@pytest.fixture(autouse=True)
def canary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY", SECRET)


def test_a_run_is_logged_with_its_steps_and_commands(phoenix: Phoenix, tmp_path: Path) -> None:
    said = run(phoenix, tmp_path, "--output", "json")
    journal = Path(said.json["journal"])
    assert journal.parent == tmp_path / "node.json.runs"
    logged = phoenix("log", "last", "--on", f"sim:{tmp_path}/node.json", "--output", "json").json
    assert logged["steps"][0]["id"] == "host:user:labadmin"
    assert (logged["exit_code"], SECRET in journal.read_text()) == (0, False)
    events = [json.loads(line) for line in journal.read_text().splitlines()]
    assert [event["command"] for event in events if event["event"] == "ran"] == said.json["commands"]


def test_a_run_names_its_journal_and_one_with_nothing_to_do_leaves_none(phoenix: Phoenix, tmp_path: Path) -> None:
    first = run(phoenix, tmp_path)
    (journal,) = (tmp_path / "node.json.runs").iterdir()
    assert first.out.endswith(f"admin_user: done. Journal: {journal}\n")
    assert run(phoenix, tmp_path).out == "admin_user: nothing to do.\n"
    assert list((tmp_path / "node.json.runs").iterdir()) == [journal]


TARBALL = "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst"
NETWORK = "name=eth0,bridge=vmbr0,ip=10.0.0.50/24,gw=10.0.0.1"


def test_a_run_inside_a_container_is_logged_with_its_commands(phoenix: Phoenix, tmp_path: Path) -> None:
    node = Node.new()
    node.add_tarball(TARBALL)
    assert node.run(["pct", "create", "950", TARBALL, "--rootfs", "local-zfs:4", "--net0", NETWORK]).ok
    assert node.run(["pct", "start", "950"]).ok
    node.save(tmp_path / "node.json")
    (tmp_path / "slice.json").write_text('{"timezone": "Europe/Berlin"}')
    words: list[Any] = ["feature", "run", "base_setup", "--config", tmp_path / "slice.json", "--in", 950]
    where = ["--on", f"sim:{tmp_path}/node.json"]
    said = phoenix(*words, *where, "--output", "json")
    assert (said.code, said.json["changed"]) == (0, True), said
    logged = phoenix("log", "last", *where, "--output", "json").json
    assert (logged["steps"][0]["id"], logged["exit_code"]) == ("950:base_setup", 0)
    events = [json.loads(line) for line in Path(said.json["journal"]).read_text().splitlines()]
    assert [event["command"] for event in events if event["event"] == "ran"] == said.json["commands"]
    assert phoenix(*words, *where).out == "base_setup: nothing to do.\n"


def test_an_interruption_finishes_what_runs_and_the_next_run_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    node = Node.new()
    node.add_disk("ata-A_1", 1 << 40)
    datasets = [{"name": name, "pool": "tank"} for name in "abcdefgh"]
    pools = [{"name": "tank", "raid_level": "single", "disks": ["/dev/disk/by-id/ata-A_1"]}]
    feature = of_host()["zfs"]
    piece = part(feature, part_from(feature, {"pools": pools, "datasets": datasets}))

    def interrupt(command: Command) -> None:
        if command.argv[:2] == ("zpool", "create"):
            os.kill(os.getpid(), signal.SIGINT)

    def establish(transport: Recorder) -> int:
        places = Places(tmp_path / "runs", tmp_path / "log")
        where = Where("sim", transport, lambda: node.clock, VirtualLoop, places, simulated=True)
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return establish_on_node(runner, where, piece, Manner((), "text", str))

    assert establish(Recorder(node, watch=interrupt)) == 130
    said = capsys.readouterr()
    assert "zfs: interrupted. The next run goes on from there." in said.out
    assert said.err.startswith("Interrupted: the commands that run are finished.")
    assert "tank" in node.zfs.pools and "tank/h" not in node.zfs.datasets
    assert not node.files.exists("/run/phoenix_hypervisor.lock")
    assert establish(Recorder(node)) == 0
    assert "tank/h" in node.zfs.datasets
