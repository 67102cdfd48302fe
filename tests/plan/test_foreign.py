"""Files that others wrote are as they were, whatever is declared (spec R1)."""

from __future__ import annotations

from pathlib import Path

import pytest

from rig import HOST, Rig, fitted, site_of, tree

FILE = "/etc/pve/firewall/150.fw"
RULES = {"enabled": True, "rules": [{"type": "in", "action": "ACCEPT", "proto": "tcp", "port": "80"}]}
THEIRS = "[OPTIONS]\nenable: 1\n\n[RULES]\nIN DROP -p tcp\n"


def rig_with(folder: Path, firewall: bool) -> Rig:
    documents = tree()
    if firewall:
        documents["lxc_configs"]["150"]["firewall"] = RULES
    folder.mkdir(exist_ok=True)
    (folder / "app.sh").write_text("#!/bin/sh\n")
    return fitted(site_of(folder, documents, HOST))


@pytest.mark.parametrize("declared", [True, False])
def test_a_firewall_file_of_somebody_else_is_left_alone(tmp_path: Path, declared: bool) -> None:
    rig = rig_with(tmp_path / "etc", declared)
    rig.node.files.mkdir("/etc/pve/firewall")
    rig.node.files.write(FILE, THEIRS)
    rig.converge()
    assert rig.node.files.read(FILE) == THEIRS
    told = [note for note in rig.plan().notes if "was not written by Phoenix" in note]
    assert bool(told) is declared


def test_a_firewall_file_of_ours_goes_with_its_rules(tmp_path: Path) -> None:
    rig = rig_with(tmp_path / "etc", firewall=True)
    rig.converge()
    assert "IN ACCEPT -p tcp -dport 80" in rig.node.files.read(FILE)
    without = Rig(rig_with(tmp_path / "etc", firewall=False).site, rig.node)
    without.converge()
    assert not rig.node.files.exists(FILE)
    assert without.plan().empty


@pytest.mark.parametrize("cloning", ["snapshot", "native", "full"])
@pytest.mark.parametrize("what", ["container", "virtual machine"])
def test_an_id_that_somebody_took_after_the_plan_is_left_to_them(tmp_path: Path, cloning: str, what: str) -> None:
    """Whatever takes changes back: it is no change of ours."""
    documents = tree()
    for ctid in ("901", "150", "950"):
        documents["lxc_configs"][ctid]["cloning"] = cloning
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/app.sh").write_text("#!/bin/sh\n")
    rig = fitted(site_of(tmp_path / "etc", documents, HOST | {"behavior": {"rollback_on_failure": True}}))
    rig.converge(ctids={900, 901, 950})
    plan = rig.plan()
    conf = "/etc/pve/lxc/150.conf"
    if what == "container":
        tarball = "local:vztmpl/ubuntu-24.04-standard_24.04-2_amd64.tar.zst"
        assert rig.node.run(["pct", "create", "150", tarball, "--rootfs", "local-zfs:4", "--hostname", "theirs"]).ok
    else:
        conf = "/etc/pve/qemu-server/150.conf"
        rig.node.files.write(conf, "memory: 512\n")
        assert rig.node.run(["zfs", "create", "rpool/data/subvol-150-disk-0"]).ok
    before = rig.node.files.read(conf)
    volumes = rig.look().volumes(150)
    rig.distort = lambda _: plan
    summary = rig.apply()
    assert "150:clone" in summary.failed
    assert rig.node.files.read(conf) == before
    assert set(volumes) <= set(rig.look().volumes(150))
