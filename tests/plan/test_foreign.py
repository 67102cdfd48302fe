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
