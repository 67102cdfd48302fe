"""What is there of each declared container, in one word."""

from __future__ import annotations

from pathlib import Path

import pytest

from phoenix_hypervisor.plan.status import rows
from phoenix_hypervisor.simulator.node import Node
from rig import TARBALL, Rig, container, fitted, site_of, small


def states(rig: Rig) -> dict[int, str]:
    return {row.ctid: row.state for row in rows(rig.site, rig.look(), rig.plan())}


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return small(tmp_path / "etc")


def test_the_states_of_a_life(rig: Rig, tmp_path: Path) -> None:
    assert set(states(rig).values()) == {"absent"}
    (tmp_path / "etc/app.sh").write_text("#!/bin/sh\nexit 1\n")
    assert rig.apply().failed
    assert states(rig) == {900: "running", 901: "stopped", 950: "unfinished", 150: "stopped"}
    (tmp_path / "etc/app.sh").write_text("#!/bin/sh\n")
    rig.converge()
    assert states(rig) == {900: "running", 901: "stopped", 950: "running", 150: "running"}
    assert rig.node.run(["pct", "set", "150", "--delete", "tags,description"]).ok
    assert states(rig)[150] == "foreign"


def test_a_template_of_proxmox_is_a_base(tmp_path: Path) -> None:
    clone = container(950, clone_from_ctid="900", cloning="native")
    template = container(900, template=TARBALL, template_snapshot_name="base")
    rig = fitted(site_of(tmp_path, {"lxc_configs": {"900": template, "950": clone}}))
    rig.converge()
    assert states(rig) == {900: "base", 950: "running"}


def test_where_no_snapshot_can_be_taken_the_end_is_the_end(tmp_path: Path) -> None:
    fields = {"storage_pool": "files", "template": TARBALL}
    rig = Rig(site_of(tmp_path, {"lxc_configs": {"950": container(950, **fields)}}), fitted_node())
    rig.converge()
    assert states(rig) == {950: "running"}


def fitted_node() -> Node:
    node = Node.new()
    node.add_storage("files", "dir", "rootdir,images", path="/srv/files")
    node.add_tarball(TARBALL)
    return node
