"""Cloning over the storages of a node: trees of linked clones, full copies where nothing else goes, what is refused."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest

from ground import Json
from law import applied_means_nothing_to_do
from phoenix_hypervisor.plan.preflight import preflight
from phoenix_hypervisor.simulator.node import Node
from rig import HOST, TARBALL, Rig, container, fitted, site_of


def test_a_tree_of_native_templates_three_deep(tmp_path: Path) -> None:
    native = {"cloning": "native", "is_template": True}
    found = {
        "900": container(900, template=TARBALL, is_template=True, features=["base_setup"]),
        "901": container(901, clone_from_ctid="900", storage_size_gb=9, **native),
        "102": container(102, clone_from_ctid="901", storage_size_gb=10, **native),
        "950": container(950, clone_from_ctid="102", cloning="native", storage_size_gb=12),
    }
    rig = fitted(site_of(tmp_path, {"lxc_configs": found}, HOST))
    applied_means_nothing_to_do(rig)
    facts = rig.look()
    volumes = {ctid: guest.rootfs["volume"] for ctid, guest in facts.guests.items()}
    assert volumes[950] == "tank-lxc:basevol-102-disk-0/subvol-950-disk-0"
    assert volumes[102] == "tank-lxc:basevol-901-disk-0/basevol-102-disk-0"
    assert volumes[901] == "tank-lxc:basevol-900-disk-0/basevol-901-disk-0"
    assert {ctid for ctid, guest in facts.guests.items() if guest.running} == {950}
    assert facts.guests[950].layers.keys() == facts.guests[900].layers.keys() == {"base_setup"}


def with_directory(tmp_path: Path, found: Json) -> Rig:
    """Containers on a node with a directory storage ``plain`` for them."""
    node = Node.new()
    node.files.mkdir("/srv/plain")
    node.add_storage("plain", "dir", "rootdir,vztmpl", path="/srv/plain")
    return fitted(site_of(tmp_path, {"lxc_configs": found}, HOST), node)


def on_directory() -> Json:
    """A template without snapshots, a copy beside it, a copy on ZFS; and two that are none of their business."""
    plain: Json = {"storage_pool": "plain"}
    return {
        "900": container(900, template=TARBALL, is_template=True, features=["base_setup"], **plain),
        "950": container(950, clone_from_ctid="900", **plain),
        "951": container(951, clone_from_ctid="900", cloning="full"),
        "910": container(910, template=TARBALL, **plain),
        "911": container(911, template=TARBALL),
    }


def test_full_copies_of_what_takes_no_snapshots(tmp_path: Path) -> None:
    rig = with_directory(tmp_path, on_directory())
    applied_means_nothing_to_do(rig)
    facts = rig.look()
    assert {guest.running for guest in facts.guests.values()} == {True}
    assert facts.guests[950].rootfs["volume"] == "plain:950/vm-950-disk-0.raw"
    assert facts.guests[951].rootfs["volume"] == "tank-lxc:subvol-951-disk-0"
    assert facts.guests[951].config.snapshots.keys() == {"configured-state"}
    assert facts.guests[951].layers.keys() == {"base_setup"}
    assert any("950: no snapshot is taken" in note for note in rig.plan().notes)


def test_what_is_copied_while_it_is_stopped_runs_again_and_nothing_else_stops(tmp_path: Path) -> None:
    later = on_directory()
    first = {ctid: fields for ctid, fields in deepcopy(later).items() if ctid not in ("950", "951")}
    rig = with_directory(tmp_path, first)
    rig.converge()
    began = {ctid: running.started for ctid, running in rig.node.guests.running.items()}
    rig.site = site_of(tmp_path, {"lxc_configs": later}, HOST)
    rig.events.clear()
    rig.converge()
    stopped = [line.split()[2] for line in rig.ran if line.startswith("pct shutdown")]
    assert stopped == ["900"], "once for both copies"
    now = {ctid: running.started for ctid, running in rig.node.guests.running.items()}
    assert now.keys() == {900, 910, 911, 950, 951}
    assert {ctid for ctid in began if now[ctid] != began[ctid]} == {900}
    assert rig.plan().empty


# -- what cannot be


def codes(rig: Rig) -> list[tuple[str, str]]:
    problems = preflight(rig.site, rig.site.containers, rig.look())
    return [(problem.code, problem.message.partition(":")[0]) for problem in problems if problem.severity == "error"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"cloning": "snapshot", "storage_pool": "plain"}, "cloning-not-available"),
        ({"cloning": "native", "storage_pool": "plain"}, "cloning-not-available"),
        ({"cloning": "native", "storage_pool": "local-zfs"}, "cloning-not-available"),
        ({"cloning": "snapshot", "storage_pool": "local-zfs"}, "cloning-not-available"),
        ({"cloning": "full", "storage_pool": "local-zfs"}, None),
        ({"cloning": "full", "storage_pool": "plain"}, None),
        ({"storage_pool": "plain"}, None),
        ({"cloning": "native"}, None),
    ],
)
def test_what_the_storages_cannot_do_is_refused(tmp_path: Path, fields: Json, code: str | None) -> None:
    found = {
        "900": container(900, template=TARBALL, template_snapshot_name="base"),
        "950": container(950, clone_from_ctid="900", **fields),
    }
    rig = with_directory(tmp_path, found)
    assert codes(rig) == ([(code, "container 950")] if code else [])
    if code is None:
        applied_means_nothing_to_do(rig)


def test_native_clones_beside_clones_of_a_snapshot_are_refused(tmp_path: Path) -> None:
    """One of them has its way by default, which only the node tells."""
    found = {
        "900": container(900, template=TARBALL, template_snapshot_name="base"),
        "950": container(950, clone_from_ctid="900", cloning="native"),
        "951": container(951, clone_from_ctid="900"),
        "952": container(952, clone_from_ctid="900", cloning="full"),
    }
    rig = with_directory(tmp_path, found)
    assert codes(rig) == [("cloning-conflict", "container 900")]


def test_full_copies_go_with_native_clones(tmp_path: Path) -> None:
    found = {
        "900": container(900, template=TARBALL, template_snapshot_name="base"),
        "950": container(950, clone_from_ctid="900", cloning="native"),
        "951": container(951, clone_from_ctid="900", cloning="full"),
    }
    rig = with_directory(tmp_path, found)
    assert codes(rig) == []
    applied_means_nothing_to_do(rig)
    facts = rig.look()
    assert facts.origin_of(facts.guests[950]) == "tank/lxc/basevol-900-disk-0@__base__"
    assert facts.origin_of(facts.guests[951]) is None
