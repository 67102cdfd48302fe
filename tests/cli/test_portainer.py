"""Portainer by command line: its secrets come from where the host file says, and show nowhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Phoenix
from rig import HOST, container
from scenarios import base

PASSWORD, SHARED = "a password of 28 characters.", "what-they-share"
SECRETS = {"portainer_admin_password": {"env": "PORTAINER_PASSWORD"}, "portainer_agent_secret": {"file": "shared"}}


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A server and an agent, on a storage of their own."""
    folder = tmp_path / "etc"
    folder.mkdir()
    zfs = {
        "pools": [{"name": "tank", "raid_level": "single", "disks": ["/dev/disk/by-id/virtio-one"]}],
        "datasets": [
            {"name": "lxc", "pool": "tank", "proxmox_storage_type": "zfspool", "proxmox_content_type": "rootdir"}
        ],
    }
    containers = {
        "900": base(is_template=True),
        "910": container(910, clone_from_ctid="900", portainer_role="server"),
        "950": container(950, clone_from_ctid="900", portainer_role="agent"),
        "951": container(951, clone_from_ctid="900", portainer_role="none"),
        "952": container(952, clone_from_ctid="900", portainer_role="infrastructure"),
    }
    write(folder / "phoenix_hypervisor_config.json", {**HOST, "zfs": zfs, "docker": SECRETS})
    write(folder / "phoenix_lxc_configs.json", {"lxc_configs": containers})
    (folder / "shared").write_text(SHARED)
    (folder / "shared").chmod(0o600)
    monkeypatch.setenv("PORTAINER_PASSWORD", PASSWORD)
    return folder


def write(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document))


def test_applied_twice_the_second_time_does_nothing(phoenix: Phoenix, etc: Path, tmp_path: Path) -> None:
    node = tmp_path / "node.json"
    on = ("--etc", etc, "--on", f"sim:{node}")
    said = phoenix("apply", *on, "--yes")
    assert said.code == 0, said
    again = phoenix("apply", *on, "--yes")
    assert "Nothing to do" in again.out
    assert phoenix("plan", *on, "--deep", "--output", "json").json["steps"] == []


def test_what_is_not_so_any_more_is_seen_and_repaired(phoenix: Phoenix, etc: Path, tmp_path: Path) -> None:
    node = tmp_path / "node.json"
    on = ("--etc", etc, "--on", f"sim:{node}")
    assert phoenix("apply", *on, "--yes").code == 0
    docker = ("pct", "exec", "910", "--", "docker")
    assert phoenix("sim", "run", node, *docker, "stop", "portainer").code == 0
    rows = phoenix("status", *on, "--deep").out.splitlines()
    assert [row.split()[0] for row in rows if "no: portainer" in row] == ["910", "950"], "the agent asks the server"
    assert phoenix("apply", *on, "--deep", "--yes").code == 0
    assert phoenix("sim", "run", node, *docker, "ps", "--format", "{{.Names}}").out == "portainer\n"
    assert phoenix("plan", *on, "--deep", "--output", "json").json["steps"] == []


def test_what_depends_on_it_is_in_the_plan_of_one_container(phoenix: Phoenix, etc: Path) -> None:
    steps = phoenix("plan", "950", "--etc", etc, "--on", "sim", "--output", "json").json["steps"]
    assert {"910", "950"} <= {step["target"] for step in steps}


def test_roles_that_ask_for_nothing_are_told(phoenix: Phoenix, etc: Path) -> None:
    said = phoenix("plan", "--etc", etc, "--on", "sim")
    assert "Note: portainer_role: infrastructure (952) and none (951) ask for nothing." in said.out


def test_the_secrets_show_nowhere(phoenix: Phoenix, etc: Path, tmp_path: Path) -> None:
    on = ("--etc", etc, "--on", f"sim:{tmp_path}/node.json")
    saved = tmp_path / "saved.plan"
    told = [phoenix("plan", *on, "--out", saved), phoenix("plan", *on, "--output", "json")]
    told += [phoenix("apply", "--plan", saved, "--yes"), phoenix("log", "--on", f"sim:{tmp_path}/node.json")]
    assert [each.code for each in told] == [0, 0, 0, 0], told
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.parent != etc]
    texts = [each.out + each.err for each in told]
    texts += [path.read_text(errors="replace") for path in written if path.name != "node.json"]
    assert not [text for text in texts if PASSWORD in text or SHARED in text]
    assert PASSWORD not in (tmp_path / "node.json").read_text(), "the node keeps it as a hash"


def test_a_secret_that_is_not_given_is_named(phoenix: Phoenix, etc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PORTAINER_PASSWORD")
    said = phoenix("plan", "--etc", etc, "--on", "sim")
    assert (said.code, "Not given: the variable PORTAINER_PASSWORD" in said.err) == (0, True)
    assert "PORTAINER_PASSWORD" not in phoenix("plan", "951", "--etc", etc, "--on", "sim").err


def test_literal_secrets_are_warned_about(phoenix: Phoenix, etc: Path) -> None:
    write(etc / "phoenix_hypervisor_config.json", {**HOST, "docker": {"portainer_admin_password": PASSWORD}})
    said = phoenix("validate", "--etc", etc, "--output", "json").json["problems"]
    assert "docker.portainer_admin_password" in {each["path"] for each in said if each["code"] == "literal-secret"}
