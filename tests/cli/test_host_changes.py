"""``apply`` on the node itself: what reboots it, what may destroy, what a saved plan holds, and the exit codes."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from phoenix_hypervisor.cli.run import Intent, carry_out
from phoenix_hypervisor.cli.session import session
from phoenix_hypervisor.errors import Refused
from phoenix_hypervisor.plan.saved import Request
from phoenix_hypervisor.simulator.node import Node
from phoenix_hypervisor.transport.simulated import SimulatedTransport

from .conftest import Phoenix, Said

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
PLAIN, ON_CARD = {**GUEST, "name": "plain"}, {**GUEST, "name": "on-card", "gpu_assignment": "0"}
POOL = {"name": "tank", "raid_level": "mirror", "disks": [f"/dev/disk/by-id/ata-{name}" for name in ("A_1", "B_2")]}


class Terminal(io.StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        return True


class Site:
    """Documents in a folder, and a simulated node in a file."""

    def __init__(self, phoenix: Phoenix, folder: Path) -> None:
        self.phoenix, self.folder, self.file = phoenix, folder, folder / "node.json"
        (folder / "etc").mkdir()

    def write(self, host: dict[str, Any], guests: dict[str, Any] | None = None) -> None:
        (self.folder / "etc/phoenix_hypervisor_config.json").write_text(json.dumps(host))
        lxc = {"lxc_configs": guests or {}}
        (self.folder / "etc/phoenix_lxc_configs.json").write_text(json.dumps(lxc))

    def call(self, verb: str, *words: object) -> Said:
        return self.phoenix(verb, *words, "--etc", self.folder / "etc", "--on", f"sim:{self.file}")

    def apply(self, *words: object) -> Said:
        return self.call("apply", *words, "--yes", "--output", "json")

    def change(self, fit: Callable[[Node], object]) -> None:
        node = Node.load(self.file)
        fit(node)
        node.save(self.file)

    def on_node(self, *words: str) -> Said:
        return self.phoenix("sim", "run", self.file, *words)

    @property
    def booted(self) -> float:
        """When, by the node's clock."""
        return Node.load(self.file).started

    def running(self) -> list[str]:
        names: list[str] = self.on_node("lxc-ls", "--running", "-1").out.split()
        return names


@pytest.fixture
def site(phoenix: Phoenix, tmp_path: Path) -> Site:
    site = Site(phoenix, tmp_path)
    node = Node.new()
    for name in ("ata-A_1", "ata-B_2"):
        node.add_disk(name, 1 << 40)
    node.save(site.file)
    return site


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


@pytest.fixture
def with_data(site: Site) -> Site:
    """A pool is declared on a disk that holds a file system."""
    site.write({"repository": "no-subscription", "zfs": {"pools": [POOL]}})
    site.change(lambda node: node.put_on_disk("ata-B_2", "ext4"))
    return site


def pools(site: Site) -> str:
    return str(site.on_node("zpool", "list", "-H", "-o", "name").out)


def loss(site: Site) -> str:
    (refused,) = site.call("plan", "--output", "json").json["refused"]
    return str(refused["loses"])


@pytest.mark.parametrize("words", [[], ["--mode", "safe"], ["--mode", "force"]], ids=str)
def test_a_disk_with_data_is_refused_and_nothing_at_all_is_done(with_data: Site, words: list[str]) -> None:
    said = with_data.call("apply", *words, "--yes")
    assert said.code == 4 and "ext4" in said.out and "nothing was done" in said.err
    assert loss(with_data) in said.out and "--allow-destroy" in said.out
    assert said.code == with_data.apply(*words).json["exit_code"]
    assert pools(with_data) == "rpool\n"
    assert "ext4" in with_data.on_node("blkid", "-p", POOL["disks"][1]).out


def test_a_disk_that_is_filled_after_the_plan_was_shown_refuses_the_whole_run(site: Site) -> None:
    site.write({"repository": "no-subscription", "zfs": {"pools": [POOL]}})
    with session(Request(str(site.folder / "etc"), f"sim:{site.file}"), exclusive=True) as current:
        shown = current.plan(current.wait(current.look()))
        assert [step.id for step in shown.steps][-1] == "host:zfs.pool:tank"
        assert isinstance(current.where.transport, SimulatedTransport)
        current.where.transport.node.put_on_disk("ata-B_2", "ext4")
        with pytest.raises(Refused, match="ext4"):
            intent = Intent(current.plan, current.plan_after)
            carry_out(current, intent, shown, jobs=1, fail_fast=False, live=False, approved=True)
    assert "no-subscription" not in site.on_node("cat", "/etc/apt/sources.list.d/proxmox.sources").out


@pytest.mark.parametrize("named", ["disk:OTHER", "disk", "ata-B_2"])
def test_only_its_own_name_lets_a_disk_go(with_data: Site, named: str) -> None:
    assert with_data.call("apply", "--mode", "force", "--allow-destroy", named, "--yes").code == 4
    assert pools(with_data) == "rpool\n"


def test_what_is_allowed_by_its_name_is_done(with_data: Site) -> None:
    said = with_data.apply("--mode", "force", "--allow-destroy", loss(with_data))
    assert said.code == 0, said.err
    assert "tank" in pools(with_data)
    assert with_data.call("plan", "--exit-code").code == 0


@pytest.mark.parametrize("mode", [[], ["--mode", "safe"], ["--mode", "interactive"]], ids=str)
def test_what_may_be_lost_is_named_with_force_only(with_data: Site, mode: list[str]) -> None:
    said = with_data.apply(*mode, "--allow-destroy", "disk:X")
    assert said.code == 2 and "--mode force" in said.err
    assert pools(with_data) == "rpool\n"


@pytest.mark.parametrize(
    ("typed", "code", "made"), [("{loses}\ny\n", 0, True), ("{loses}\nn\n", 130, False), ("yes\ny\n", 4, False)]
)
def test_interactive_asks_for_each_by_its_name(
    with_data: Site, monkeypatch: pytest.MonkeyPatch, typed: str, code: int, made: bool
) -> None:
    loses = loss(with_data)
    monkeypatch.setattr("sys.stdin", Terminal(typed.format(loses=loses)))
    said = with_data.call("apply", "--mode", "interactive")
    assert (said.code, "tank" in pools(with_data)) == (code, made)
    assert f"type {loses}" in said.out + said.err


def test_without_a_terminal_interactive_asks_nobody(with_data: Site) -> None:
    said = with_data.call("apply", "--mode", "interactive", "--yes")
    assert said.code == 2 and "no terminal" in said.err
    assert pools(with_data) == "rpool\n"


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
    assert pools(site) == "rpool\n"


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
    assert said.code == 1 and "FAILED host:samba-user:ann" in said.err and "********" in said.err
    left = [*tmp_path.glob("node.json.runs/*"), *tmp_path.glob("node.json.log")]
    assert len(left) == 2
    assert not [text for text in (said.out, said.err, *(path.read_text() for path in left)) if secret in text]
    assert site.apply().code == 0


def test_the_exit_codes(site: Site, with_data: Site) -> None:
    assert site.call("plan", "--exit-code").code == 4
    site.write({"repository": "no-subscription", "timezone": "Europe/Berlin"})
    assert site.call("plan", "--exit-code").code == 3
    assert site.phoenix("sim", "fault", site.file, "silent", "--times", "1", "ln").code == 0
    said = site.call("apply", "--yes")
    assert said.code == 1 and "FAILED host:timezone:Europe/Berlin" in said.err
    assert site.apply().code == 0
    assert site.call("plan", "--exit-code").code == 0
    site.write({"timezone": 1})
    assert site.apply().code == 2
