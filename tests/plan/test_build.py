"""Plans for what a node can look like: what is done, what is said, what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from phoenix_hypervisor.errors import Refused
from phoenix_hypervisor.features.lifecycle.marks import MARK
from phoenix_hypervisor.plan.build import build
from phoenix_hypervisor.plan.step import Symbol
from rig import HOST, Rig, fitted, site_of, small, tree


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    made = small(tmp_path / "etc")
    made.converge()
    return made


def changed(rig: Rig, folder: Path, **fields: dict[str, Any]) -> Rig:
    """The same node under another configuration: CTID (as ctNNN) to fields."""
    documents = tree()
    for name, values in fields.items():
        documents["lxc_configs"][name.removeprefix("ct")] |= values
    (folder / "etc").mkdir(exist_ok=True)
    rig.site = site_of(folder / "etc", documents, HOST)
    return rig


def test_hot_changes_do_not_restart(rig: Rig, tmp_path: Path) -> None:
    plan = changed(rig, tmp_path, ct150={"memory_mb": 2048, "cores": 4}).plan()
    assert [step.id for step in plan.steps] == ["150:configure"]
    assert plan.steps[0].title == "set cores 2 -> 4, memory 1024 -> 2048"


def test_a_change_that_cannot_be_made_hot_restarts(rig: Rig, tmp_path: Path) -> None:
    plan = changed(rig, tmp_path, ct150={"pct_options": ["nesting=1"]}).plan()
    assert [step.id for step in plan.steps] == ["150:configure", "150:stop", "150:start"]
    rig.converge()
    assert rig.plan().steps == ()
    assert rig.look().guests[150].current.get("features") == "nesting=1"


def test_a_change_that_waits_for_a_restart_is_finished(rig: Rig) -> None:
    assert rig.node.run(["pct", "set", "150", "--features", "fuse=1"]).ok
    assert rig.node.run(["pct", "set", "150", "--delete", "features"]).ok
    plan = rig.plan()
    rig.converge()
    assert rig.plan().steps == ()
    assert all(step.id.startswith("150:") for step in plan.steps)


def test_the_root_file_system_grows_and_never_shrinks(rig: Rig, tmp_path: Path) -> None:
    plan = changed(rig, tmp_path, ct150={"storage_size_gb": 12}).plan()
    assert [step.id for step in plan.steps] == ["150:grow"]
    rig.converge()
    assert rig.plan().steps == ()
    plan = changed(rig, tmp_path, ct150={"storage_size_gb": 8}).plan()
    assert plan.steps == () and [str(each.change.effect) for each in plan.kept] == ["impossible"]


def test_a_changed_template_keeps_its_snapshot_and_names_its_clones(rig: Rig, tmp_path: Path) -> None:
    rig.site = site_of(tmp_path / "etc", tree(), HOST | {"timezone": "Asia/Tokyo"})
    plan = rig.plan()
    assert {step.id for step in plan.steps if step.target == "900"} == {"900:base_setup"}
    (note,) = [note for note in plan.notes if note.startswith("900: snapshot base ")]
    assert "150, 901 keep what they have" in note
    rig.converge()
    again = rig.plan()
    assert again.steps == () and note in again.notes


def test_a_container_that_is_rebuilt_is_destroyed_and_made_anew(rig: Rig) -> None:
    before = rig.node.files.read("/tank/lxc/subvol-150-disk-0/etc/ssh/ssh_host_ed25519_key")
    plan = build(rig.site, rig.look(), rebuild=[150])
    assert plan.symbol_of("150") is Symbol.REPLACE
    assert plan.targets() == ["150"]
    assert plan.steps[0].id == "150:destroy" and "subvol-150-disk-0" in plan.steps[0].title
    rig.distort = lambda _: plan
    rig.converge()
    rig.distort = lambda plan: plan
    assert rig.plan().steps == ()
    assert rig.node.files.read("/tank/lxc/subvol-150-disk-0/etc/ssh/ssh_host_ed25519_key") != before


def test_a_template_is_rebuilt_only_with_its_clones(rig: Rig) -> None:
    with pytest.raises(Refused, match="901"):
        build(rig.site, rig.look(), rebuild=[900])
    plan = build(rig.site, rig.look(), rebuild=[900, 901, 950, 150])
    order = [step.id for step in plan.steps if step.id.endswith(":destroy")]
    assert order.index("950:destroy") < order.index("901:destroy") < order.index("900:destroy")
    rig.distort = lambda _: plan
    rig.converge(jobs=8)
    rig.distort = lambda plan: plan
    assert rig.plan().steps == ()


@pytest.mark.parametrize("how", ["protection", "foreign", "locked"])
def test_what_may_not_be_rebuilt_is_refused(rig: Rig, how: str) -> None:
    if how == "protection":
        assert rig.node.run(["pct", "set", "150", "--protection", "1"]).ok
    elif how == "foreign":
        assert rig.node.run(["pct", "set", "150", "--delete", "tags,description"]).ok
    else:
        assert rig.node.run(["sed", "-i", "1i lock: backup", "/etc/pve/lxc/150.conf"]).ok
    with pytest.raises(Refused):
        build(rig.site, rig.look(), rebuild=[150])


def test_dependants_of_what_is_blocked_are_blocked(rig: Rig) -> None:
    assert rig.node.run(["sh", "-c", "pct stop 150 && pct destroy 150 && pct set 950 --memory 512"]).ok
    assert rig.node.run(["sed", "-i", "1i lock: backup", "/etc/pve/lxc/950.conf"]).ok
    plan = rig.plan()
    assert {blocked.target: blocked.reason for blocked in plan.blocked} == {
        "950": "CT 950 is locked (backup)",
        "150": "it needs 950, which cannot go on",
    }
    assert plan.steps == ()


def test_an_unfinished_snapshot_of_ours_is_removed_and_taken_again(tmp_path: Path) -> None:
    rig = small(tmp_path / "etc")
    rig.converge(ctids={900})
    conf = "/etc/pve/lxc/900.conf"
    assert rig.node.run(["pct", "delsnapshot", "900", "configured-state"]).ok
    text = rig.node.files.read(conf)
    section = "\n[configured-state]\n#Taken by Phoenix Hypervisor. Layers%3A {}\nsnapstate: prepare\narch: amd64\n"
    rig.node.files.write(conf, text.replace("memory:", "lock: snapshot\nmemory:", 1) + section)
    plan = rig.plan({900})
    assert plan.steps[0].id == "900:recover"
    rig.converge(ctids={900})
    assert rig.plan({900}).steps == ()


def test_a_tag_or_the_mark_alone_makes_it_ours(rig: Rig) -> None:
    assert rig.node.run(["pct", "set", "150", "--delete", "description"]).ok
    assert [step.title for step in rig.plan().steps] == ["set the mark in the description"]
    assert rig.node.run(["pct", "set", "150", "--description", MARK, "--delete", "tags"]).ok
    assert [step.id for step in rig.plan().steps] == ["150:configure"]


def test_tags_that_people_add_stay_where_none_are_declared(rig: Rig) -> None:
    assert rig.node.run(["pct", "set", "950", "--tags", "mine;phoenix"]).ok
    assert rig.plan().steps == ()


def test_notes_that_people_write_stay(rig: Rig) -> None:
    mark = rig.look().guests[950].current.description
    assert rig.node.run(["pct", "set", "950", "--description", f"{mark}Ask the night shift."]).ok
    assert rig.plan().steps == ()
    assert rig.node.run(["pct", "set", "950", "--description", f"{MARK}\nAsk the night shift."]).ok
    rig.converge()
    assert rig.look().guests[950].current.description.strip() == f"{mark.strip()}\nAsk the night shift."


def test_a_bind_mount_rules_snapshots_out(tmp_path: Path) -> None:
    documents = tree()
    documents["lxc_configs"]["150"]["pct_options"] = ["mp0=/srv,mp=/data"]
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/app.sh").write_text("#!/bin/sh\n")
    rig = fitted(site_of(tmp_path / "etc", documents, HOST))
    plan = rig.plan()
    assert "150:snapshot" not in {step.id for step in plan.steps}
    assert any("mp0 rules that out" in note for note in plan.notes)
    rig.converge()
    assert rig.plan().steps == ()


def test_a_locked_container_that_is_in_order_is_of_no_concern(rig: Rig) -> None:
    assert rig.node.run(["sed", "-i", "1i lock: backup", "/etc/pve/lxc/900.conf"]).ok
    assert rig.node.run(["sh", "-c", "pct stop 150 && pct destroy 150"]).ok
    plan = rig.plan()
    assert plan.blocked == () and {step.target for step in plan.steps} == {"150"}
    rig.converge()
    assert rig.plan().empty


def test_a_container_that_is_no_longer_declared_is_named_and_left(rig: Rig, tmp_path: Path) -> None:
    documents = tree()
    del documents["lxc_configs"]["150"]
    rig.site = site_of(tmp_path / "etc", documents, HOST)
    plan = rig.plan()
    assert plan.steps == () and plan.notes[0].startswith("150: it was made by Phoenix and is no longer declared")


def test_without_restart_what_needs_one_waits_and_is_told(rig: Rig, tmp_path: Path) -> None:
    lines = {"lxc_options": ["lxc.environment = A=b"], "pct_options": ["nesting=1"], "memory_mb": 2048}
    changed(rig, tmp_path, ct150=lines)
    plan = build(rig.site, rig.look(), may_restart=False)
    assert [step.id for step in plan.steps] == ["150:configure"]
    assert [(each.change.what, str(each.change.effect)) for each in plan.kept] == [
        ("raw lines are read at the start", "restart"),
        ("a restart is needed for features", "restart"),
    ]
    rig.distort = lambda _: plan
    rig.converge()
    assert rig.look().guests[150].running and rig.look().guests[150].current.get("memory") == "2048"
    assert build(rig.site, rig.look(), may_restart=False).steps == ()
    rig.distort = lambda plan: plan
    rig.converge()
    assert rig.look().guests[150].current.raw == (("lxc.environment", "A=b"),)
    assert rig.plan().steps == ()


def test_one_restart_serves_every_change(rig: Rig, tmp_path: Path) -> None:
    lines = {"lxc_options": ["lxc.environment = A=b"], "pct_options": ["nesting=1"]}
    plan = changed(rig, tmp_path, ct150=lines).plan()
    assert [step.id for step in plan.steps] == ["150:stop", "150:raw", "150:configure", "150:start"]


def test_without_restart_volumes_stay_until_they_may_go(rig: Rig, tmp_path: Path) -> None:
    volume = {"name": "data", "pool": "tank-lxc", "size_gb": 1, "mount_point": "/data"}
    changed(rig, tmp_path, ct150={"volumes": [volume]})
    rig.converge()
    changed(rig, tmp_path)
    plan = build(rig.site, rig.look(), may_restart=False)
    assert plan.steps == () and [each.change.what for each in plan.kept] == ["a restart is needed to detach data"]
    rig.converge()
    assert "Unused: data=" in rig.look().guests[150].current.description
    assert rig.plan().empty
