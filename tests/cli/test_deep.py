"""``--deep``: what is stamped inside a running container and not so is seen in the same round trip, and repaired."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from phoenix_hypervisor.cli.main import run
from phoenix_hypervisor.cli.session import session
from phoenix_hypervisor.plan.saved import Request

from .conftest import Phoenix

TARBALL = "local:vztmpl/ubuntu-24.04-standard_24.04-2_amd64.tar.zst"
LXC = {"nvidia_driver_version": "580.76.05"}
HOST = {"timezone": "Europe/Berlin", "locale": "de_DE.UTF-8"}
OWN = {"name": "hello", "summary": "Says hello.", "executable": "hello.sh"}
HELLO = """\
#!/bin/sh
case $1 in
  check) [ -e /etc/hello ] || { echo "nobody said hello"; exit 3; } ;;
  apply) echo hello >/etc/hello ;;
esac
"""


def container(number: int, **fields: object) -> dict[str, object]:
    network = {"name": "eth0", "bridge": "vmbr0", "ip": f"10.0.0.{number - 940}/24", "gw": "10.0.0.254"}
    plain = {"name": f"ct{number}", "storage_pool": "local-zfs", "storage_size_gb": 8, "unprivileged": True}
    return {**plain, "template": TARBALL, "network_config": network, **fields}


CONTAINERS = {
    "950": container(950, features=["base_setup", "hello"]),
    "951": container(951, features=["docker"], gpu_assignment="0"),
    "952": container(952, features=["nvidia"], gpu_assignment="0,1"),
}
DRIFTS = {
    "a package removed": ("950", "base_setup", "apt-get remove -y jq", "not installed: jq"),
    "the time zone changed": (
        "950",
        "base_setup",
        "ln -sfn /usr/share/zoneinfo/Asia/Tokyo /etc/localtime",
        "timezone Europe/Berlin",
    ),
    "the locale edited": ("950", "base_setup", "echo LANG=C >/etc/default/locale", "LANG is C"),
    "the locale taken away": ("950", "base_setup", "rm -r /usr/lib/locale/de_DE.utf8", "it is not generated"),
    "a feature of one's own undone": ("950", "hello", "rm /etc/hello", "nobody said hello"),
    "the command line of Docker removed": (
        "951",
        "docker",
        "apt-get remove -y docker-compose-v2",
        "not installed: docker-compose-v2",
    ),
    "the daemon stopped": ("951", "docker", "systemctl stop docker", "it is inactive"),
    "the daemon disabled": ("951", "docker", "systemctl disable docker", "it is active, disabled"),
    "the daemon's settings edited": ("951", "docker", "echo '{}' >/etc/docker/daemon.json", "settings"),
    "the toolkit's settings edited": (
        "951",
        "docker",
        "sed -i 's/^no-cgroups = true/no-cgroups = false/' /etc/nvidia-container-runtime/config.toml",
        "no-cgroups",
    ),
    "the toolkit removed": (
        "951",
        "docker",
        "apt-get remove -y nvidia-container-toolkit",
        "not installed: nvidia-container-toolkit",
    ),
    "an archive's entry edited": (
        "951",
        "docker",
        "echo >>/etc/apt/sources.list.d/nvidia-container-toolkit.sources",
        "archive nvidia-container-toolkit",
    ),
    "the driver's libraries removed": (
        "952",
        "nvidia",
        "rm /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.580.76.05",
        "not there yet",
    ),
    "the driver's programs removed": ("952", "nvidia", "rm /usr/bin/nvidia-smi", "its programs are missing"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every feature established, each test works on a copy."""
    folder = tmp_path_factory.mktemp("deep")
    (folder / "etc/features.d").mkdir(parents=True)
    (folder / "etc/features.d/hello.json").write_text(json.dumps(OWN))
    (folder / "etc/features.d/hello.sh").write_text(HELLO)
    (folder / "etc/phoenix_hypervisor_config.json").write_text(json.dumps(HOST))
    (folder / "etc/phoenix_lxc_configs.json").write_text(json.dumps({**LXC, "lxc_configs": CONTAINERS}))
    words = ("apply", "--etc", folder / "etc", "--on", f"sim:{folder}/node.json", "--yes")
    assert run([str(word) for word in words]) == 0
    return folder


@pytest.fixture
def where(made: Path, tmp_path: Path) -> tuple[object, ...]:
    (tmp_path / "node.json").write_bytes((made / "node.json").read_bytes())
    return "--etc", made / "etc", "--on", f"sim:{tmp_path}/node.json"


@pytest.mark.parametrize("drift", DRIFTS)
def test_drift_inside_is_seen_and_repaired(
    phoenix: Phoenix, where: tuple[object, ...], tmp_path: Path, drift: str
) -> None:
    ctid, layer, change, reason = DRIFTS[drift]
    words = ("lxc-attach", "-n", ctid, "--", "sh", "-c", change)
    assert phoenix("sim", "run", tmp_path / "node.json", "--", *words).code == 0
    (step,) = phoenix("plan", *where, "--deep", "--output", "json").json["steps"]
    assert step["id"] == f"{ctid}:{layer}" and reason in step["reason"]
    told = phoenix("status", *where, "--deep").out
    assert f"{ctid}   ct{ctid}  container  running  -         no: {layer}" in told
    assert phoenix("apply", *where, "--deep", "--yes").code == 0
    assert phoenix("plan", *where, "--deep", "--output", "json").json["steps"] == []


def test_without_a_deep_look_nothing_inside_is_judged(
    phoenix: Phoenix, where: tuple[object, ...], tmp_path: Path
) -> None:
    words = ("lxc-attach", "-n", "950", "--", "apt-get", "remove", "-y", "jq")
    assert phoenix("sim", "run", tmp_path / "node.json", "--", *words).code == 0
    assert phoenix("plan", *where, "--output", "json").json["steps"] == []
    assert "no: base_setup" not in phoenix("status", *where).out


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
