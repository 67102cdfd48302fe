"""The road over small sites written here: every stage of a container's life, and every way in which it is cut off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rig import Crash, Rig, fitted, site_of, state

TARBALL = "local:vztmpl/ubuntu-24.04-standard_24.04-2_amd64.tar.zst"


def container(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "name": f"ct{number}",
        "memory_mb": 1024,
        "cores": 2,
        "storage_pool": "tank-lxc",
        "storage_size_gb": 8,
        "network_config": {"name": "eth0", "bridge": "vmbr0", "ip": f"10.0.{number // 100}.{number % 100 + 1}/16", "gw": "10.0.0.254"},
        "unprivileged": True,
        **fields,
    }


def tree() -> dict[str, Any]:
    return {
        "lxc_configs": {
            "900": container(900, template=TARBALL, template_snapshot_name="base", features=["base_setup"]),
            "901": container(901, clone_from_ctid="900", template_snapshot_name="second", start_at_boot=False),
            "950": container(950, clone_from_ctid="901", features=["base_setup"], application_script="app.sh"),
            "150": container(150, clone_from_ctid="900", dependencies=["950"], tags=["web", "Blue"]),
        }
    }


HOST: dict[str, Any] = {"timezone": "Europe/Berlin", "proxmox_defaults": {"zfs_lxc_pool": "tank/lxc"}}
SCRIPT = '#!/bin/sh\nset -eu\necho "$1" >/etc/app\ncat >/etc/slice.json\n'


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/app.sh").write_text(SCRIPT)
    return fitted(site_of(tmp_path / "etc", tree(), HOST))


def test_planning_changes_nothing(rig: Rig) -> None:
    before = state(rig.node)
    assert rig.plan().steps
    assert state(rig.node) == before


def test_applied_means_nothing_to_do(rig: Rig) -> None:
    rig.converge()
    assert rig.plan().steps == ()
    rig.events.clear()
    rig.converge()
    assert rig.ran == []


def test_one_round_trip_reads_the_node(rig: Rig) -> None:
    rig.converge()
    rig.plan()
    assert rig.transport.stats.round_trips == 1


def test_every_container_ends_as_declared(rig: Rig) -> None:
    rig.converge()
    facts = rig.look()
    assert set(facts.guests) == {150, 900, 901, 950}
    assert {ctid for ctid, guest in facts.guests.items() if guest.running} == {150, 900, 950}
    assert facts.origin_of(facts.guests[950]) == "tank/lxc/subvol-901-disk-0@second"
    assert facts.guests[950].layers["base_setup"] == facts.guests[900].layers["base_setup"]
    assert set(facts.guests[900].config.snapshots) == {"base", "configured-state"}
    assert facts.guests[150].current.get("tags") == "blue;phoenix;web"
    assert all(guest.lock is None for guest in facts.guests.values())


def test_a_feature_that_an_ancestor_gave_is_not_run_again(rig: Rig) -> None:
    rig.converge()
    assert sum("apt-get install" in line for line in rig.ran) == 1


def test_scripts_run_once_per_content(rig: Rig, tmp_path: Path) -> None:
    rig.converge()
    inside = rig.node.run(["pct", "exec", "950", "--", "cat", "/etc/app", "/etc/slice.json"])
    assert inside.stdout.startswith("950\n") and '"name": "ct950"' in inside.stdout
    (tmp_path / "etc/app.sh").write_text(SCRIPT + "echo changed >/etc/changed\n")
    steps = rig.plan().steps
    assert [step.id for step in steps] == ["950:application_script.950"]
    rig.converge()
    assert rig.node.run(["pct", "exec", "950", "--", "cat", "/etc/changed"]).stdout == "changed\n"
    assert rig.plan().steps == ()


def test_no_two_clones_share_an_identity(rig: Rig) -> None:
    rig.converge()
    found: dict[str, set[str]] = {"key": set(), "mac": set(), "machine": set()}
    facts = rig.look()
    for ctid, guest in facts.guests.items():
        root = f"/tank/lxc/subvol-{ctid}-disk-0"
        found["key"].add(rig.node.files.read(f"{root}/etc/ssh/ssh_host_ed25519_key.pub"))
        found["mac"].add((guest.current.get("net0") or "").partition("hwaddr=")[2].partition(",")[0])
        found["machine"].add(rig.node.files.read(f"{root}/etc/machine-id") or str(ctid))
    assert {name: len(values) for name, values in found.items()} == {"key": 4, "mac": 4, "machine": 4}


def test_a_parallel_run_ends_like_a_serial_one(tmp_path: Path) -> None:
    ends = []
    for jobs in (1, 16):
        folder = tmp_path / str(jobs)
        folder.mkdir()
        (folder / "app.sh").write_text(SCRIPT)
        rig = fitted(site_of(folder, tree(), HOST))
        rig.converge(jobs=jobs)
        ends.append(state(rig.node))
    assert ends[0] == ends[1]


DRIFT = [
    ["pct", "set", "950", "--memory", "512"],
    ["pct", "set", "950", "--hostname", "other", "--cores", "1"],
    ["pct", "set", "950", "--features", "fuse=1"],
    ["pct", "set", "950", "--net0", "name=eth0,bridge=vmbr0,ip=10.9.9.9/24"],
    ["pct", "set", "150", "--tags", "gone"],
    ["pct", "set", "900", "--description", "mine now"],
    ["pct", "set", "950", "--onboot", "1", "--startup", "order=9"],
    ["pct", "stop", "950"],
    ["sh", "-c", "pct stop 950; pct destroy 950"],
    ["pct", "delsnapshot", "950", "configured-state"],
    ["pct", "start", "901"],
    ["sh", "-c", "pct exec 950 -- rm /var/lib/phoenix/layers/base_setup"],
    ["sh", "-c", "sed -i '/^cores/d' /etc/pve/lxc/150.conf"],
]


@pytest.mark.parametrize("argv", DRIFT, ids=[" ".join(argv[:6]) for argv in DRIFT])
def test_what_was_changed_by_hand_is_seen_and_repaired(rig: Rig, argv: list[str]) -> None:
    rig.converge()
    before = state(rig.node)
    done = rig.node.run(argv)
    assert done.ok, done
    plan = rig.plan()
    if argv != ["pct", "set", "950", "--onboot", "1", "--startup", "order=9"]:
        assert plan.steps, "the drift was not seen"
    rig.converge()
    assert rig.plan().steps == ()
    after = state(rig.node)
    assert after["running"] == before["running"]
    assert after["zfs"] == before["zfs"]


def crash_points(rig: Rig) -> int:
    rig.converge()
    return len(rig.transport.sent)


def test_interrupted_anywhere_it_converges_to_the_same_end(tmp_path: Path) -> None:
    """Law 3: cut off after any k commands, and in the middle of one, one more apply leads to the same end."""
    site_folder = tmp_path / "etc"
    site_folder.mkdir()
    (site_folder / "app.sh").write_text(SCRIPT)
    site = site_of(site_folder, tree(), HOST)
    reference = fitted(site)
    points = crash_points(reference)
    expected = state(reference.node)
    for cut in range(points):
        for pauses in (0, 1, 2, 4):
            rig = fitted(site)
            with pytest.raises(Crash):
                rig.apply(jobs=1, crash_after=cut, crash_yields=pauses)
            rig.converge()
            assert rig.plan().steps == (), (cut, pauses)
            assert state(rig.node) == expected, (cut, pauses)


def test_one_container_and_what_it_needs(rig: Rig) -> None:
    from phoenix_hypervisor.plan.targets import select

    rig.converge(ctids=set(select(rig.site, ["950"]).ctids))
    assert set(rig.look().guests) == {900, 901, 950}
