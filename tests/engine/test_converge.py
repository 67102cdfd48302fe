"""A feature inside a container: two round trips when it changes something, and a stamp only for what is so."""

from __future__ import annotations

from pathlib import Path

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.simulator.faults import Fault, Kind
from rig import Rig, fitted, site_of
from scenarios import base

STAMP = ("lxc-attach", "-n", "900", "--", "cat", "/var/lib/phoenix/layers/base_setup")


def rig_of(folder: Path) -> Rig:
    return fitted(site_of(folder, {"lxc_configs": {"900": base(is_template=True, features=["base_setup"])}}))


def packed(sent: list[Command]) -> list[Command]:
    """The round trips into containers that are more than one command."""
    return [each for each in sent if each.argv[0] == "lxc-attach" and each.argv[-4:] == ("sh", "-s", "--", "/")]


def test_it_costs_two_round_trips_and_none_when_it_is_so(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    assert len(packed(rig.transport.sent)) == 2
    assert rig.node.run(STAMP).ok
    rig.converge()
    assert packed(rig.transport.sent) == []


def test_a_command_that_fails_leaves_no_stamp(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.node.faults.add(Fault(Kind.FAIL, ("apt-get", "install"), times=1))
    assert list(rig.apply().failed) == ["900:base_setup"]
    assert not rig.node.run(STAMP).ok
    rig.converge()


def test_a_command_that_lies_leaves_no_stamp(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.node.faults.add(Fault(Kind.SILENT, ("apt-get", "install"), times=1))
    failed = rig.apply().failed
    assert "the commands succeeded, but it is not so" in failed["900:base_setup"]
    assert not rig.node.run(STAMP).ok
    rig.converge()
