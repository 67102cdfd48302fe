"""Exit code 0 is not the truth: a command that succeeds without doing it fails its step, by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from phoenix_hypervisor.simulator.faults import Fault, Kind
from rig import Rig, small

SILENT = [
    (("pct", "create", "900"), "900:create", "CT 900 is not there"),
    (("zfs", "clone"), "901:clone", "is not mounted"),
    (("pct", "set", "901"), "901:configure", "CT 901 still differs"),
    (("pct", "start", "900"), "900:start", "not ready within"),
    (("apt-get", "install"), "900:base_setup", "the commands succeeded, but it is not so"),
    (("pct", "shutdown", "900"), "900:stop", "not stopped within 60 s: it still runs"),
    (("pct", "snapshot", "900", "base"), "900:snapshot", "CT 900 has no whole snapshot base"),
    (("pct", "snapshot", "901"), "901:snapshot", "CT 901 has no whole snapshot second"),
]


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return small(tmp_path / "etc")


@pytest.mark.parametrize(("words", "step", "reason"), SILENT, ids=[" ".join(row[0]) for row in SILENT])
def test_a_command_that_does_nothing_fails_its_step(rig: Rig, words: tuple[str, ...], step: str, reason: str) -> None:
    rig.node.faults.add(Fault(Kind.SILENT, words))
    summary = rig.apply()
    assert set(summary.failed) >= {step}
    assert reason in summary.failed[step]
    rig.node.faults.clear()
    rig.converge()
    assert rig.plan().empty


def test_a_size_that_does_not_grow_fails_its_step(rig: Rig) -> None:
    rig.converge()
    assert rig.node.run(["sed", "-i", "s/size=8G/size=4G/", "/etc/pve/lxc/150.conf"]).ok
    rig.node.faults.add(Fault(Kind.SILENT, ("pct", "resize")))
    assert "rootfs of CT 150 has not grown to 8 GB" in rig.apply().failed["150:grow"]


def test_a_container_that_is_not_ready_fails_its_step(rig: Rig) -> None:
    """Its interface never gets an address."""
    rig.node.faults.add(Fault(Kind.SILENT, ("ip", "-o", "addr")))
    assert "not ready within" in rig.apply().failed["900:start"]


def test_a_container_that_ends_at_once_fails_its_step(rig: Rig) -> None:
    rig.converge()
    assert rig.node.run(["pct", "stop", "150"]).ok
    rig.node.faults.add(Fault(Kind.SILENT, ("pct", "start", "150")))
    assert "150:start" in rig.apply().failed
