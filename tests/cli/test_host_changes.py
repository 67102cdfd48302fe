"""``apply`` on the node itself: what reboots it, what holds containers back, what a saved plan holds, exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import Phoenix
from .host_site import POOL, Site, Terminal

VERSION = "580.105.08"
TARBALL = "local:vztmpl/ubuntu-24.04-standard_24.04-2_amd64.tar.zst"
DRIVER = {"install": True, "version": VERSION}
GUEST: dict[str, Any] = {
    "template": TARBALL,
    "storage_pool": "local-zfs",
    "storage_size_gb": 8,
    "memory_mb": 512,
    "unprivileged": True,
}
NETWORK = {"name": "eth0", "bridge": "vmbr0", "ip": "10.0.0.101/24", "gw": "10.0.0.1"}
PLAIN = {**GUEST, "name": "plain"}
ON_CARD = {**GUEST, "name": "on-card", "gpu_assignment": "0", "network_config": NETWORK}


@pytest.fixture
def site(phoenix: Phoenix, tmp_path: Path) -> Site:
    return Site(phoenix, tmp_path)


@pytest.fixture
def with_card(site: Site) -> Site:
    """A card that the console is on, a container without a card that runs, and one that wants the card."""
    site.write({"repository": "no-subscription", "nvidia_driver": DRIVER}, {"100": PLAIN, "101": ON_CARD})
    site.change(lambda node: (node.add_gpu(nouveau="in use"), node.add_runfile(VERSION)))
    return site


def test_what_waits_for_a_reboot_is_told_and_the_rest_is_done(with_card: Site) -> None:
    before = with_card.booted
    said = with_card.call("apply", "--yes")
    assert said.code == 0, said.err
    assert "Reboot required: nouveau has the NVIDIA card and is in use" in said.err and "--reboot" in said.err
    assert with_card.running() == ["100"] and with_card.booted == before
    plan = with_card.call("plan", "--output", "json").json
    assert plan["steps"] == []
    assert [each["target"] for each in plan["waiting"]] == ["101"]
    assert plan["reboot_required"] == ["nouveau has the NVIDIA card and is in use"]
    again = with_card.apply()
    assert (again.code, again.json["done"]) == (0, [])
    assert again.json["reboot_required"] == again.json["plan"]["reboot_required"] == plan["reboot_required"]


def test_an_apply_with_nothing_to_do_has_the_same_fields_as_any(with_card: Site) -> None:
    first, again = with_card.apply(), with_card.apply()
    assert again.json["done"] == [] and again.json["journal"] is None
    assert {name: type(value) for name, value in again.json.items() if name != "journal"} == {
        name: type(value) for name, value in first.json.items() if name != "journal"
    }


def test_the_reboot_comes_last_and_the_run_after_it_goes_on(with_card: Site) -> None:
    before = with_card.booted
    said = with_card.apply("--reboot")
    assert said.code == 0, said.err
    assert said.json["done"][-1] == "host:reboot" and said.json["reboot_required"] == []
    booted = with_card.booted
    assert booted > before
    again = with_card.apply()
    assert again.code == 0, again.err
    assert f"host:nvidia.driver:{VERSION}" in again.json["done"]
    assert with_card.running() == ["100", "101"]
    assert with_card.apply("--reboot").json["done"] == []
    assert with_card.booted == booted


def test_without_a_word_for_it_no_running_container_is_stopped(
    with_card: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = with_card.booted
    assert with_card.apply().code == 0
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    said = with_card.call("apply", "--reboot")
    assert said.code == 2 and "would stop running containers" in said.err
    assert with_card.booted == before and with_card.running() == ["100"]


def test_after_a_failure_there_is_no_reboot(with_card: Site) -> None:
    assert with_card.phoenix("sim", "fault", with_card.file, "fail", "--times", "1", "pct", "start").code == 0
    before = with_card.booted
    said = with_card.apply("--reboot")
    assert said.code == 1
    assert "host:reboot" in said.json["skipped"] and with_card.booted == before


def test_a_saved_plan_runs_exactly_its_steps_of_the_node(site: Site) -> None:
    site.write({"repository": "no-subscription", "zfs": {"pools": [POOL], "arc_max_gb": 4}})
    file = site.folder / "plan.json"
    assert site.call("plan", "--out", file).code == 0
    shown = json.loads(file.read_text())["shown"]
    said = site.phoenix("apply", "--plan", file, "--yes", "--output", "json")
    assert said.code == 0, said.err
    journal = [json.loads(line) for line in Path(said.json["journal"]).read_text().splitlines()]
    ran = [(event["step"], event["command"]) for event in journal if event["event"] == "ran"]
    assert sorted(ran) == sorted((step["id"], line) for step in shown["steps"] for line in step["commands"])
    assert site.phoenix("apply", "--plan", file, "--yes").code == 1


@pytest.mark.parametrize(
    "drift",
    [
        ("sh", "-c", "mkdir /tank; echo mine >/tank/thesis"),
        ("mkfs.ext4", "-q", "/dev/disk/by-id/ata-A_1"),
        ("sh", "-c", "echo 8589934592 >/sys/module/zfs/parameters/zfs_arc_max"),
        ("sh", "-c", "echo 'options zfs zfs_arc_max=1' >>/etc/modprobe.d/zfs.conf"),
    ],
    ids=lambda drift: drift[0] + drift[-1],
)
def test_a_saved_plan_of_another_node_is_refused(site: Site, drift: tuple[str, ...]) -> None:
    site.write({"repository": "no-subscription", "zfs": {"pools": [POOL], "arc_max_gb": 4}})
    file = site.folder / "plan.json"
    assert site.call("plan", "--out", file).code == 0
    changed = site.on_node(*drift)
    assert changed.code == 0, changed.err
    said = site.phoenix("apply", "--plan", file, "--yes")
    assert said.code in (1, 4) and "nothing was done" in said.err
    assert site.pools() == "rpool\n"


def test_a_secret_of_the_node_is_written_nowhere(
    site: Site, phoenix: Phoenix, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Not even where a command says it."""
    secret = "canary-of-the-node"
    monkeypatch.setenv("ANN", secret)
    site.write({"repository": "no-subscription", "samba": {"user": "ann", "password": {"env": "ANN"}, "shares": []}})
    fault = ("fail", "--text", f"what of {secret}?", "--times", "1", "smbpasswd")
    assert phoenix("sim", "fault", site.file, *fault).code == 0
    said = site.call("apply", "--yes")
    assert said.code == 1 and "FAILED host samba: Samba user ann: " in said.err and "********" in said.err
    left = [*tmp_path.glob("node.json.runs/*"), *tmp_path.glob("node.json.log")]
    assert len(left) == 2
    assert not [text for text in (said.out, said.err, *(path.read_text() for path in left)) if secret in text]
    assert site.apply().code == 0


def test_a_failed_first_feature_holds_every_container_back(site: Site) -> None:
    site.write({"repository": "no-subscription", "samba": {"user": "ann", "shares": []}}, {"100": PLAIN})
    fault = ("fail", "--times", "1", "--", "apt-get", "install")
    assert site.phoenix("sim", "fault", site.file, *fault).code == 0
    said = site.apply("--jobs", "1")
    assert said.code == 1 and "host:package:initial_setup" in said.json["failed"]
    assert "100:create" in said.json["skipped"] and site.running() == []
    assert site.apply().code == 0 and site.running() == ["100"]


def test_what_samba_fails_with_holds_no_container_back(site: Site) -> None:
    site.write({"repository": "no-subscription", "samba": {"user": "ann", "shares": []}}, {"100": PLAIN})
    assert site.phoenix("sim", "fault", site.file, "fail", "--times", "1", "useradd").code == 0
    assert site.apply().code == 1 and site.running() == ["100"]


def test_without_its_storage_a_container_waits_and_others_do_not(site: Site) -> None:
    storage = {"proxmox_storage_type": "zfspool", "proxmox_content_type": "rootdir"}
    zfs = {"pools": [{"name": "gone"}], "datasets": [{"name": "lxc", "pool": "gone", **storage}]}
    guests = {"100": PLAIN, "101": {**PLAIN, "name": "other", "storage_pool": "gone-lxc"}}
    site.write({"repository": "no-subscription", "zfs": zfs}, guests)
    said = site.apply()
    assert said.code == 1 and site.running() == ["100"]
    reasons = {each["target"]: each["reason"] for each in said.json["plan"]["blocked"]}
    assert reasons["101"] == "it needs storage gone-lxc, which cannot go on"


def test_the_exit_codes(site: Site) -> None:
    site.write({"repository": "no-subscription", "zfs": {"pools": [POOL]}})
    site.change(lambda node: node.put_on_disk("ata-B_2", "ext4"))
    assert site.call("plan", "--exit-code").code == 4
    site.write({"repository": "no-subscription", "timezone": "Europe/Berlin"})
    assert site.call("plan", "--exit-code").code == 3
    assert site.phoenix("sim", "fault", site.file, "silent", "--times", "1", "ln").code == 0
    said = site.call("apply", "--yes")
    assert said.code == 1 and "FAILED host initial_setup: timezone Europe/Berlin: " in said.err
    assert site.apply().code == 0
    assert site.call("plan", "--exit-code").code == 0
    site.write({"timezone": 1})
    assert site.apply().code == 2
