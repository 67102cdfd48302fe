"""Every difference is classed: hot, restart, rebuild or impossible, with the reason (spec L3)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from phoenix_hypervisor.report.style import Style
from phoenix_hypervisor.report.text import render_plan
from rig import HOST, TARBALL, Rig, container, fitted, site_of, small, tree


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    made = small(tmp_path / "etc")
    made.converge()
    return made


def changed(rig: Rig, folder: Path, **fields: Any) -> Rig:
    documents = tree()
    documents["lxc_configs"]["150"] |= fields
    rig.site = site_of(folder / "etc", documents, HOST)
    return rig


def kept(rig: Rig) -> list[tuple[str, str, str]]:
    return [(each.target, each.change.what, str(each.change.effect)) for each in rig.plan().kept]


def test_what_is_hot_and_what_restarts(rig: Rig, tmp_path: Path) -> None:
    plan = changed(rig, tmp_path, memory_mb=2048, pct_options=["nesting=1"], start_at_boot=True).plan()
    (configure,) = [step for step in plan.steps if step.id == "150:configure"]
    classed = {change.what.partition(" ")[0]: str(change.effect) for change in configure.changes}
    assert classed == {"the": "hot", "features": "restart", "memory": "hot", "onboot": "hot"}
    assert all(change.reason for change in configure.changes)
    assert "features none -> nesting=1 (restart)" in configure.title
    assert plan.as_json()["steps"][0]["changes"]


def test_a_stopped_container_needs_no_restart(rig: Rig, tmp_path: Path) -> None:
    assert rig.node.run(["pct", "stop", "150"]).ok
    plan = changed(rig, tmp_path, pct_options=["nesting=1"]).plan()
    assert {str(change.effect) for change in plan.steps[0].changes} == {"hot"}


def test_what_only_making_it_anew_changes(rig: Rig) -> None:
    containers = dict(rig.site.containers)
    containers[150] = replace(containers[150], unprivileged=False, storage="local-zfs")
    rig.site = replace(rig.site, containers=containers)
    assert kept(rig) == [
        ("150", "unprivileged yes -> no", "rebuild"),
        ("150", "storage tank-lxc -> local-zfs", "rebuild"),
    ]
    text = render_plan(rig.plan(), "pve1", Style(colour=False))
    assert "Kept: 150 ct150: unprivileged yes -> no (rebuild: it is fixed when a container is made)." in text
    assert "--rebuild 150" in text


def test_what_nothing_changes(rig: Rig, tmp_path: Path) -> None:
    documents = tree()
    documents["lxc_configs"]["900"]["storage_size_gb"] = 4
    rig.site = site_of(tmp_path / "etc", documents, HOST)
    assert kept(rig) == [("900", "root file system 8 -> 4 GB", "impossible")]
    assert rig.plan().as_json()["kept"][0]["effect"] == "impossible"


def test_a_template_of_proxmox_is_told_what_it_lacks(tmp_path: Path) -> None:
    documents = {
        "lxc_configs": {
            "900": container(900, template=TARBALL, template_snapshot_name="base", features=["base_setup"]),
            "950": container(950, clone_from_ctid="900", cloning="native"),
        }
    }
    rig = fitted(site_of(tmp_path, documents, HOST))
    rig.converge()
    rig.site = site_of(tmp_path, documents, HOST | {"timezone": "Asia/Tokyo"})
    assert kept(rig) == [
        ("900", "base_setup not established", "rebuild"),
        ("950", "base_setup is older than in 900", "rebuild"),
    ]
    assert not [step for step in rig.plan().steps if step.target == "900"]
