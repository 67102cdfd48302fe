"""``--deep``: what is stamped inside a running container and not so is seen in the same round trip, and repaired."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from phoenix_hypervisor.cli.session import session
from phoenix_hypervisor.plan.saved import Request

from .conftest import Phoenix

CONTAINER = {
    "name": "one",
    "storage_pool": "local-zfs",
    "storage_size_gb": 8,
    "template": "local:vztmpl/ubuntu-24.04-standard_24.04-2_amd64.tar.zst",
    "network_config": {"name": "eth0", "bridge": "vmbr0", "ip": "10.0.0.9/24", "gw": "10.0.0.1"},
    "unprivileged": True,
    "features": ["base_setup"],
}
DRIFTS = {
    "a package removed": ("apt-get", "remove", "-y", "jq"),
    "the time zone changed": ("sh", "-c", "ln -sfn /usr/share/zoneinfo/Asia/Tokyo /etc/localtime"),
}


@pytest.fixture
def where(phoenix: Phoenix, tmp_path: Path) -> tuple[object, ...]:
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "phoenix_hypervisor_config.json").write_text(json.dumps({"timezone": "Europe/Berlin"}))
    (etc / "phoenix_lxc_configs.json").write_text(json.dumps({"lxc_configs": {"950": CONTAINER}}))
    where = ("--etc", etc, "--on", f"sim:{tmp_path}/node.json")
    assert phoenix("apply", *where, "--yes").code == 0
    return where


@pytest.mark.parametrize("drift", DRIFTS)
def test_drift_inside_is_seen_and_repaired(
    phoenix: Phoenix, where: tuple[object, ...], tmp_path: Path, drift: str
) -> None:
    change = ("lxc-attach", "-n", "950", "--", *DRIFTS[drift])
    assert phoenix("sim", "run", tmp_path / "node.json", "--", *change).code == 0
    assert phoenix("plan", *where, "--output", "json").json["steps"] == []
    steps = phoenix("plan", *where, "--deep", "--output", "json").json["steps"]
    assert [step["id"] for step in steps] == ["950:base_setup"]
    assert "950   one   container  running  -         no: base_setup" in phoenix("status", *where, "--deep").out
    assert phoenix("apply", *where, "--deep", "--yes").code == 0
    assert phoenix("plan", *where, "--deep", "--output", "json").json["steps"] == []


def test_it_costs_no_round_trip_of_its_own(where: tuple[object, ...]) -> None:
    for deep in (False, True):
        with session(Request(str(where[1]), str(where[3]), deep=deep)) as current:
            current.plan(current.wait(current.look()))
            assert current.where.transport.stats.round_trips == 1


def test_what_does_not_run_is_not_judged(phoenix: Phoenix, where: tuple[object, ...], tmp_path: Path) -> None:
    assert phoenix("sim", "run", tmp_path / "node.json", "--", "pct", "stop", "950").code == 0
    steps = phoenix("plan", *where, "--deep", "--output", "json").json["steps"]
    assert [step["id"] for step in steps] == ["950:start"]


def test_a_container_that_cannot_be_looked_into_is_told(
    phoenix: Phoenix, where: tuple[object, ...], tmp_path: Path
) -> None:
    assert phoenix("sim", "fault", tmp_path / "node.json", "garbage", "dpkg-query").code == 0
    said = phoenix("plan", "950", *where, "--deep")
    assert said.code == 1 and "CT 950 could not be looked into" in said.err
