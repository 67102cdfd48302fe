"""The road over small sites written here: every stage of a container's life, and every way in which it is cut off."""

from __future__ import annotations

from pathlib import Path

import pytest

from law import applied_means_nothing_to_do, interrupted_it_ends_the_same, parallel_ends_like_serial
from law import planning_changes_nothing as planning
from rig import SCRIPT, Rig, small, state


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return small(tmp_path / "etc")


def test_planning_changes_nothing(rig: Rig) -> None:
    planning(rig)


def test_applied_means_nothing_to_do(rig: Rig) -> None:
    applied_means_nothing_to_do(rig)


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
    assert sum(line.startswith("apt-get install") for line in rig.ran) == 1


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
    parallel_ends_like_serial(lambda: small(tmp_path))


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


def test_interrupted_anywhere_it_converges_to_the_same_end(tmp_path: Path) -> None:
    """Law 3 over every command of the whole scenario, before it and in the middle of it."""
    reference = small(tmp_path)
    reference.converge(jobs=1)
    cuts = [(cut, pauses) for cut in range(len(reference.transport.sent)) for pauses in (0, 1, 2, 4)]
    assert len(cuts) > 100
    interrupted_it_ends_the_same(lambda: small(tmp_path), cuts)


def test_one_container_and_what_it_needs(rig: Rig) -> None:
    from phoenix_hypervisor.plan.targets import select

    rig.converge(ctids=set(select(rig.site, ["950"]).ctids))
    assert set(rig.look().guests) == {900, 901, 950}


def test_a_setup_script_runs_on_the_node(rig: Rig, tmp_path: Path) -> None:
    script = tmp_path / "etc/phoenix_hypervisor_setup_950.sh"
    script.write_text('#!/bin/sh\nset -eu\nmkdir -p /srv/ran\ncat >"/srv/ran/$1"\n')
    rig.converge()
    assert '"name": "ct950"' in rig.node.files.read("/srv/ran/950")
    assert rig.plan().steps == ()
    script.write_text(script.read_text() + "echo again >>/srv/ran/950\n")
    assert [step.id for step in rig.plan().steps] == ["950:setup_script.950"]


def test_scripts_that_lie_on_the_node_are_run_from_there(tmp_path: Path) -> None:
    etc = tmp_path / "etc"
    rig = small(etc)
    (etc / "app.sh").unlink()
    folder = "/usr/local/phoenix_hypervisor/bin"
    rig.node.files.mkdir(folder, parents=True)
    rig.node.files.write(f"{folder}/app.sh", '#!/bin/sh\necho "$1" >/etc/app\n')
    rig.node.files.write(f"{folder}/phoenix_hypervisor_setup_900.sh", '#!/bin/sh\necho "$1" >/root/setup\n')
    rig.node.files.chmod(f"{folder}/phoenix_hypervisor_setup_900.sh", 0o755)
    rig.converge()
    assert rig.node.run(["pct", "exec", "950", "--", "cat", "/etc/app"]).stdout == "950\n"
    assert rig.node.files.read("/root/setup") == "900\n"
    assert rig.plan().steps == ()


def test_a_script_that_fails_stops_its_dependants_and_is_tried_again(rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "etc/app.sh").write_text("#!/bin/sh\necho no luck >&2\nexit 3\n")
    summary = rig.apply()
    assert "no luck" in summary.failed["950:application_script.950"]
    assert {"950:snapshot", "150:start"} <= set(summary.skipped)
    assert "901:snapshot" in summary.done
    (tmp_path / "etc/app.sh").write_text(SCRIPT)
    rig.converge()
    assert rig.plan().steps == ()
