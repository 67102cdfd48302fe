"""What hands or accidents did to a node: nothing that holds data is destroyed, and the plan says what is the matter."""

from __future__ import annotations

from pathlib import Path

import pytest

from phoenix_hypervisor.errors import Refused
from phoenix_hypervisor.plan.build import build
from rig import HOST, Rig, fitted, site_of, small, tree

ROOT = "tank/lxc/subvol-150-disk-0"


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    made = small(tmp_path / "etc")
    made.converge()
    return made


def blocked(rig: Rig) -> dict[str, str]:
    return {each.target: each.reason for each in rig.plan().blocked}


@pytest.mark.parametrize("ctid", [900, 950])
def test_a_complete_container_under_a_lock_of_creation_is_left_alone(rig: Rig, ctid: int) -> None:
    """As an interrupted ``pct restore`` leaves it."""
    assert rig.node.run(["pct", "exec", str(ctid), "--", "sh", "-c", "echo precious >/root/data"]).ok
    assert rig.node.run(["sed", "-i", "1i lock: create", f"/etc/pve/lxc/{ctid}.conf"]).ok
    before = rig.node.files.read(f"/etc/pve/lxc/{ctid}.conf")
    assert "not by Phoenix" in blocked(rig)[str(ctid)]
    rig.apply()
    assert rig.node.files.read(f"/etc/pve/lxc/{ctid}.conf") == before
    assert rig.node.files.read(f"/tank/lxc/subvol-{ctid}-disk-0/root/data") == "precious\n"


def test_a_configuration_without_a_root_is_no_begun_clone(rig: Rig) -> None:
    assert rig.node.run(["sed", "-i", "/^rootfs: /d", "/etc/pve/lxc/150.conf"]).ok
    assert "root file system of CT 150" in blocked(rig)["150"]


def test_a_root_that_is_gone_is_told_and_made_anew_on_request(rig: Rig) -> None:
    assert rig.node.run(["sh", "-c", f"pct stop 150 && zfs destroy -r {ROOT}"]).ok
    assert "is gone" in blocked(rig)["150"]
    plan = build(rig.site, rig.look(), rebuild=[150])
    rig.distort = lambda _: plan
    rig.converge()
    rig.distort = lambda plan: plan
    assert rig.plan().empty


def test_a_running_container_without_configuration_is_not_made_twice(rig: Rig) -> None:
    assert rig.node.run(["rm", "/etc/pve/lxc/150.conf"]).ok
    assert "runs, and has no configuration" in blocked(rig)["150"]
    rig.apply()
    assert rig.look().volumes(150) == (ROOT,)


def test_a_volume_that_belongs_to_nobody_is_named_and_left(rig: Rig) -> None:
    assert rig.node.run(["sh", "-c", f"pct stop 150 && pct destroy 150 && zfs create {ROOT}"]).ok
    assert any(ROOT in note and "left as it is" in note for note in rig.plan().notes)
    rig.converge()
    assert rig.look().guests[150].dataset == "tank/lxc/subvol-150-disk-1"
    assert rig.plan().empty


def test_a_rebuild_takes_only_what_the_container_has(rig: Rig) -> None:
    orphan = "tank/lxc/subvol-150-disk-7"
    assert rig.node.run(["zfs", "create", orphan]).ok
    plan = build(rig.site, rig.look(), rebuild=[150])
    assert ROOT in plan.steps[0].title and orphan not in plan.steps[0].title
    rig.distort = lambda _: plan
    rig.converge()
    rig.distort = lambda plan: plan
    assert rig.plan().empty and orphan in rig.look().datasets


@pytest.mark.parametrize("name", ["base", "configured-state"])
def test_a_snapshot_whose_data_is_gone_is_taken_again(tmp_path: Path, name: str) -> None:
    rig = small(tmp_path / "etc")
    rig.converge(ctids={900})
    assert rig.node.run(["zfs", "destroy", f"tank/lxc/subvol-900-disk-0@{name}"]).ok
    assert next(step.id for step in rig.plan({900}).steps) == "900:recover"
    rig.converge()
    assert rig.plan().empty


def test_a_zfs_snapshot_that_proxmox_does_not_know_is_told_before_anything_stops(rig: Rig) -> None:
    assert rig.node.run(["sed", "-i", r"/^\[configured-state\]/,$d", "/etc/pve/lxc/150.conf"]).ok
    assert "Proxmox does not know" in blocked(rig)["150"]
    rig.apply()
    assert rig.look().guests[150].running


@pytest.mark.parametrize("options", [["protection=true", "console=no", "debug=off"], ["cpuunits=0100"]])
def test_values_that_proxmox_writes_otherwise_are_equal(tmp_path: Path, options: list[str]) -> None:
    documents = tree()
    documents["lxc_configs"]["150"]["pct_options"] = options
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/app.sh").write_text("#!/bin/sh\n")
    rig = fitted(site_of(tmp_path / "etc", documents, HOST))
    rig.converge()
    assert rig.plan().empty


def test_a_bind_mount_that_is_no_longer_declared_rules_snapshots_out_all_the_same(rig: Rig) -> None:
    assert rig.node.run(["sh", "-c", "mkdir -p /srv && pct delsnapshot 150 configured-state"]).ok
    assert rig.node.run(["pct", "set", "150", "--mp0", "/srv,mp=/data"]).ok
    plan = rig.plan()
    assert plan.steps == () and any("rules that out" in note for note in plan.notes)


def test_another_snapshot_of_the_same_source_is_named(rig: Rig, tmp_path: Path) -> None:
    documents = tree()
    documents["lxc_configs"]["900"]["template_snapshot_name"] = "other"
    rig.site = site_of(tmp_path / "etc", documents, HOST)
    assert any(each.target == "150" and each.change.what.startswith("a clone of") for each in rig.plan().kept)


def test_a_stamp_folder_that_leads_away_is_replaced(rig: Rig) -> None:
    script = "rm -rf /var/lib/phoenix; ln -s /etc /var/lib/phoenix"
    assert rig.node.run(["pct", "exec", "950", "--", "sh", "-c", script]).ok
    assert rig.plan().steps
    rig.converge()
    assert rig.plan().empty
    assert not rig.node.files.exists("/tank/lxc/subvol-950-disk-0/etc/layers")


@pytest.mark.parametrize("pauses", range(6))
@pytest.mark.parametrize("cut", range(7))
def test_a_rebuild_that_is_cut_off_goes_on(tmp_path: Path, cut: int, pauses: int) -> None:
    from rig import Crash

    rig = small(tmp_path / "etc")
    rig.converge()
    plan = build(rig.site, rig.look(), rebuild=[150])
    rig.distort = lambda _: plan
    with pytest.raises(Crash):
        rig.apply(jobs=1, crash_after=cut, crash_yields=pauses)
    rig.distort = lambda plan: plan
    assert rig.plan().blocked == ()
    rig.converge()
    assert rig.plan().empty
    assert len(rig.look().volumes(150)) == 1


@pytest.mark.parametrize("lines", ["", "lock: snapshot\n"])
def test_an_unfinished_snapshot_is_cleared_whether_or_not_its_lock_is_left(rig: Rig, lines: str) -> None:
    conf = "/etc/pve/lxc/150.conf"
    text = rig.node.files.read(conf)
    rig.node.files.write(
        conf, text.replace("snaptime:", "snapstate: prepare\nsnaptime:").replace("cores:", lines + "cores:", 1)
    )
    rig.converge()
    assert rig.plan().empty


def test_a_delete_of_a_snapshot_that_was_cut_off_is_finished(rig: Rig) -> None:
    conf = "/etc/pve/lxc/150.conf"
    text = rig.node.files.read(conf).replace("snaptime:", "snapstate: delete\nsnaptime:")
    rig.node.files.write(conf, text.replace("cores:", "lock: snapshot-delete\ncores:", 1))
    rig.converge()
    assert rig.plan().empty


def test_a_removal_that_clones_prevent_is_taken_back(rig: Rig) -> None:
    assert not rig.node.run(["pct", "delsnapshot", "900", "base"]).ok
    plan = rig.plan()
    assert plan.blocked == () and "keep the snapshot base" in plan.steps[0].title
    rig.converge()
    assert rig.plan().empty
    assert "tank/lxc/subvol-900-disk-0@base" in rig.look().snapshots


def mark(rig: Rig, ctid: int) -> None:
    """The mark of a creation, as a run that was cut off leaves it."""
    folder = "/var/lib/phoenix_hypervisor/creating"
    assert rig.node.run(["sh", "-c", f"mkdir -p {folder} && echo none >{folder}/{ctid}"]).ok


def theirs(rig: Rig, *options: str) -> str:
    """CT 150 as somebody else made it."""
    assert rig.node.run(["sh", "-c", "pct stop 150; pct destroy 150"]).ok
    tarball = "local:vztmpl/ubuntu-24.04-standard_24.04-2_amd64.tar.zst"
    assert rig.node.run(["pct", "create", "150", tarball, "--rootfs", "local-zfs:4", *options]).ok
    return rig.node.files.read("/etc/pve/lxc/150.conf")


@pytest.mark.parametrize("harm", ["true", "zfs destroy rpool/data/subvol-150-disk-0", "pct set 150 --lock destroyed"])
def test_a_mark_of_ours_gives_no_right_over_what_others_made(rig: Rig, harm: str) -> None:
    theirs(rig, "--mp0", "local-zfs:2,mp=/data")
    mark(rig, 150)
    assert rig.node.run(["sh", "-c", harm]).ok
    before = rig.node.files.read("/etc/pve/lxc/150.conf")
    assert "150" in blocked(rig)
    rig.apply()
    assert rig.node.files.read("/etc/pve/lxc/150.conf") == before
    assert "rpool/data/subvol-150-disk-1" in rig.look().datasets


def test_a_volume_beside_the_root_is_a_sign_of_work(rig: Rig) -> None:
    theirs(rig, "--tags", "phoenix", "--mp0", "local-zfs:2,mp=/data")
    mark(rig, 150)
    assert "150:clear" not in {step.id for step in rig.plan().steps}


def test_a_rebuild_names_every_volume_of_every_section(rig: Rig) -> None:
    line = "pct stop 150; pct set 150 --mp0 local-zfs:2,mp=/data; pct snapshot 150 mine; pct set 150 --delete mp0"
    assert rig.node.run(["sh", "-c", line + "; sed -i '/^unused/d' /etc/pve/lxc/150.conf"]).ok
    title = build(rig.site, rig.look(), rebuild=[150]).steps[0].title
    assert "rpool/data/subvol-150-disk-" in title and ROOT in title


def test_a_clone_that_is_no_container_rules_a_rebuild_out(rig: Rig) -> None:
    assert rig.node.run(["zfs", "clone", f"{ROOT}@configured-state", "tank/mine"]).ok
    with pytest.raises(Refused, match="tank/mine"):
        build(rig.site, rig.look(), rebuild=[150])


@pytest.mark.parametrize("lock", ["create", "backup"])
def test_what_others_work_on_is_not_rebuilt(rig: Rig, lock: str) -> None:
    assert rig.node.run(["sh", "-c", f"pct stop 150; pct set 150 --lock {lock}"]).ok
    with pytest.raises(Refused):
        build(rig.site, rig.look(), rebuild=[150])


def test_a_storage_that_is_off_is_told_without_dangerous_advice(rig: Rig) -> None:
    storage = rig.site.containers[900].storage
    assert rig.node.run(["pvesm", "set", str(storage), "--disable", "1"]).ok
    assert "is on no storage" in blocked(rig)["900"]
    with pytest.raises(Refused, match="is not on the node"):
        build(rig.site, rig.look(), rebuild=[150])


def test_a_begun_clone_of_another_source_is_cleared_and_made(rig: Rig) -> None:
    assert rig.node.run(["sh", "-c", "pct stop 150; pct destroy 150"]).ok
    text = "#Managed by Phoenix Hypervisor. Being cloned from 901@second.\nhostname: x\nlock: create\ntags: phoenix\n"
    rig.node.files.write("/etc/pve/lxc/150.conf", text)
    assert rig.node.run(["zfs", "clone", "tank/lxc/subvol-901-disk-0@second", ROOT]).ok
    assert ROOT in rig.plan().steps[0].title
    rig.converge()
    assert rig.plan().empty
    facts = rig.look()
    assert facts.volumes(150) == (ROOT,)
    assert facts.origin_of(facts.guests[150]) == "tank/lxc/subvol-900-disk-0@base"
