"""What would destroy data on the node: refused, allowed by its name, or asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from phoenix_hypervisor.cli.run import Intent, carry_out
from phoenix_hypervisor.cli.session import session
from phoenix_hypervisor.errors import Refused
from phoenix_hypervisor.plan.saved import Request
from phoenix_hypervisor.transport.simulated import SimulatedTransport

from .conftest import Phoenix
from .host_site import POOL, Site, Terminal


@pytest.fixture
def site(phoenix: Phoenix, tmp_path: Path) -> Site:
    return Site(phoenix, tmp_path)


@pytest.fixture
def with_data(site: Site) -> Site:
    """A pool is declared on a disk that holds a file system."""
    site.write({"repository": "no-subscription", "zfs": {"pools": [POOL]}})
    site.change(lambda node: node.put_on_disk("ata-B_2", "ext4"))
    return site


def loss(site: Site) -> str:
    (refused,) = site.call("plan", "--output", "json").json["refused"]
    return str(refused["loses"])


@pytest.mark.parametrize("words", [[], ["--mode", "safe"], ["--mode", "force"]], ids=str)
def test_a_disk_with_data_is_refused_and_nothing_at_all_is_done(with_data: Site, words: list[str]) -> None:
    said = with_data.call("apply", *words, "--yes")
    assert said.code == 4 and "ext4" in said.out and "nothing was done" in said.err
    assert loss(with_data) in said.out and "--allow-destroy" in said.out
    assert said.code == with_data.apply(*words).json["exit_code"]
    assert with_data.pools() == "rpool\n"
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


@pytest.mark.parametrize(("named", "code"), [("disk:OTHER", 4), ("disk", 2), ("ata-B_2", 2)])
def test_only_its_own_name_lets_a_disk_go(with_data: Site, named: str, code: int) -> None:
    assert with_data.call("apply", "--mode", "force", "--allow-destroy", named, "--yes").code == code
    assert with_data.pools() == "rpool\n"


def test_what_is_allowed_by_its_name_is_done(with_data: Site) -> None:
    said = with_data.apply("--mode", "force", "--allow-destroy", loss(with_data))
    assert said.code == 0, said.err
    assert "tank" in with_data.pools()
    assert with_data.call("plan", "--exit-code").code == 0


@pytest.mark.parametrize("mode", [[], ["--mode", "safe"], ["--mode", "interactive"]], ids=str)
def test_what_may_be_lost_is_named_with_force_only(with_data: Site, mode: list[str]) -> None:
    said = with_data.apply(*mode, "--allow-destroy", "disk:X")
    assert said.code == 2 and "--mode force" in said.err
    assert with_data.pools() == "rpool\n"


@pytest.mark.parametrize(
    ("typed", "code", "made"), [("{loses}\ny\n", 0, True), ("{loses}\nn\n", 130, False), ("yes\ny\n", 4, False)]
)
def test_interactive_asks_for_each_by_its_name(
    with_data: Site, monkeypatch: pytest.MonkeyPatch, typed: str, code: int, made: bool
) -> None:
    loses = loss(with_data)
    monkeypatch.setattr("sys.stdin", Terminal(typed.format(loses=loses)))
    said = with_data.call("apply", "--mode", "interactive")
    assert (said.code, "tank" in with_data.pools()) == (code, made)
    assert f"type {loses}" in said.out + said.err


def test_without_a_terminal_interactive_asks_nobody(with_data: Site) -> None:
    said = with_data.call("apply", "--mode", "interactive", "--yes")
    assert said.code == 2 and "no terminal" in said.err
    assert with_data.pools() == "rpool\n"
