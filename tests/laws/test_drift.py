"""Whatever people change on a converged node: one apply, and everything declared holds again; what they added stays."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from drift import LOST, Drift, drifts, of_volumes
from ground import DIRECTORY, WAYS, Ground, Json, configuration, mounts_of, wrong_after
from phoenix_hypervisor.events import Ran
from phoenix_hypervisor.plan.step import Blocked
from rig import Rig, site_of

Grounds = Callable[[str, str], Ground]
QUICK = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
GROUNDS = [*(("ai-lab", way) for way in (*WAYS, DIRECTORY)), *(("2025-09-01", way) for way in WAYS)]
EVERY = pytest.mark.parametrize(("example", "way"), GROUNDS)


@pytest.fixture(scope="session")
def grounds(request: pytest.FixtureRequest, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Grounds:
    """Example and way of cloning to a ground, each laid once."""

    @cache
    def lay(example: str, way: str) -> Ground:
        beside = repository / "examples" if example == "ai-lab" else request.getfixturevalue("examples")
        return Ground.lay(beside / example, way, tmp_path_factory.mktemp("ground"))

    return lay


def restarts(rig: Rig) -> int:
    return sum(isinstance(event, Ran) and event.command.startswith("pct shutdown") for event in rig.events)


@EVERY
@QUICK
@given(data=st.data())
def test_one_apply_makes_up_for_any_drift(grounds: Grounds, example: str, way: str, data: st.DataObject) -> None:
    ground = grounds(example, way)
    rig = ground.rig()
    ctid = data.draw(st.sampled_from(sorted(ground.site.containers)), "container")
    done = [drift.do(rig.node, ctid).ok for drift in data.draw(drifts(), "drifts")]
    assume(any(done))
    assume(not any(_is_a_guess(blocked) for blocked in rig.plan().blocked))
    before = configuration(rig.node, ctid)
    rig.converge()
    assert wrong_after(ground, rig.node, ctid, before) == []
    assert rig.plan().empty
    assert restarts(rig) <= 1


def _is_a_guess(blocked: Blocked) -> bool:
    """Whether several lost volumes could be the one that is declared; another test says what happens then."""
    return re.search(r"is no longer at its place, and may be \S+ or ", blocked.reason) is not None


@pytest.mark.parametrize("text", of_volumes(LOST))
@pytest.mark.parametrize("way", WAYS)
def test_a_detached_volume_comes_back_with_its_data(grounds: Grounds, way: str, text: str) -> None:
    """Also where only snapshots tell which it was."""
    ground = grounds("ai-lab", way)
    rig = ground.rig()
    assert Drift(text).do(rig.node, 910).ok
    before = configuration(rig.node, 910)
    rig.converge()
    assert wrong_after(ground, rig.node, 910, before) == []
    assert rig.plan().empty


def test_which_of_several_volumes_it_was_is_not_guessed(grounds: Grounds) -> None:
    """A template of Proxmox's has no snapshots that would tell."""
    rig = grounds("ai-lab", "native").rig()
    assert Drift("pct set $1 --delete $(at /srv/data),$(at /srv/logs)").do(rig.node, 900).ok
    blocked = next(each for each in rig.plan().blocked if each.target == "900")
    assert "lab-volumes:basevol-900-disk-0 or lab-volumes:basevol-900-disk-1" in blocked.reason
    assert "pct set 900 --mp0 lab-volumes:basevol-900-disk-0,mp=/srv/data." in blocked.hint
    for volume, mount in (("0", "/srv/data"), ("1", "/srv/logs")):
        hint = f"pct set 900 --mp{volume} lab-volumes:basevol-900-disk-{volume},mp={mount}"
        assert rig.node.run(hint.split()).ok
    assert rig.plan().empty


def test_the_only_volume_that_it_can_be_comes_back(grounds: Grounds) -> None:
    ground = grounds("ai-lab", "native")
    rig = ground.rig()
    assert Drift("pct set $1 --delete $(at /srv/logs)").do(rig.node, 900).ok
    before = configuration(rig.node, 900)
    rig.converge()
    assert wrong_after(ground, rig.node, 900, before) == []


def test_a_volume_in_a_template_of_proxmoxs_is_not_made_beside_its_base_volumes(
    grounds: Grounds, tmp_path: Path
) -> None:
    """Its linked clones would be impossible from then on."""
    ground = grounds("ai-lab", "native")
    rig = ground.rig()
    lxc = deepcopy(ground.lxc)
    lxc["lxc_configs"]["900"]["volumes"].append(
        {"name": "more", "pool": "lab-volumes", "size_gb": 1, "mount_point": "/srv/more"}
    )
    rig.site = site_of(tmp_path / "etc", lxc, ground.host)
    plan = rig.plan()
    assert plan.steps == () and plan.blocked == ()
    assert any("900: volume more is not made" in note and "--rebuild 900" in note for note in plan.notes)


def test_a_firewall_file_that_proxmox_has_written_anew_is_the_same(grounds: Grounds) -> None:
    rig = grounds("ai-lab", "snapshot").rig()
    text = (
        "[OPTIONS]\n\nenable:   1\n\n[rules]\n\nin ACCEPT -dport 22 -p tcp # ssh, from all\n"
        "IN DROP --source 10.9.0.0/16\nOUT ACCEPT -dest 10.8.0.1\n\n"
    )
    rig.node.files.write("/etc/pve/firewall/910.fw", text)
    assert rig.plan().empty
    rig.node.files.write("/etc/pve/firewall/910.fw", text.replace("DROP", "REJECT"))
    assert [step.id for step in rig.plan().steps] == ["910:firewall"]


def test_our_protection_is_lifted_for_a_volume_and_set_again(grounds: Grounds, tmp_path: Path) -> None:
    ground = grounds("ai-lab", "snapshot")
    rig = ground.rig()
    lxc = deepcopy(ground.lxc)
    lxc["lxc_configs"]["910"]["pct_options"].append("protection=1")
    rig.site = site_of(tmp_path / "etc", lxc, ground.host)
    rig.converge()
    moved = deepcopy(lxc)
    moved["lxc_configs"]["910"]["volumes"][-1]["mount_point"] = "/srv/other"
    rig.site = site_of(tmp_path / "etc", moved, ground.host)
    rig.converge()
    current = configuration(rig.node, 910).current
    assert current.get("protection") == "1" and "/srv/other" in mounts_of(current)
    assert rig.plan().empty


def test_peoples_protection_is_respected(grounds: Grounds) -> None:
    rig = grounds("ai-lab", "snapshot").rig()
    change = "pct set $1 --$(at /srv/data) $(volume /srv/data),mp=/elsewhere; pct set $1 --protection 1"
    assert Drift(f"stopped $1; {change}; again $1").do(rig.node, 910).ok
    blocked = rig.plan().blocked
    assert [each.target for each in blocked] == ["910"]
    assert blocked[0].hint == "To lift that: pct set 910 --protection 0."


# -- the configuration changes


GONE: dict[str, Callable[[Rig, int], object]] = {
    "swap_mb": lambda rig, ctid: options(rig, ctid).get("swap"),
    "lxc_options": lambda rig, ctid: [line for line in raw(rig, ctid) if "environment" in line or "cap" in line],
    "id_maps": lambda rig, ctid: [line for line in raw(rig, ctid) if "idmap" in line],
    "apparmor_profile": lambda rig, ctid: [line for line in raw(rig, ctid) if "apparmor" in line],
    "mount_points": lambda rig, ctid: [line for line in raw(rig, ctid) if "/srv/" in line],
    "tags": lambda rig, ctid: options(rig, ctid)["tags"] != "phoenix",
    "start_at_boot": lambda rig, ctid: options(rig, ctid).get("onboot", "0") != "0",
    "boot_order": lambda rig, ctid: options(rig, ctid).get("startup") != "up=4",
    "boot_order boot_delay": lambda rig, ctid: options(rig, ctid).get("startup"),
    "pct_options": lambda rig, ctid: {"cpuunits", "tty", "searchdomain"} & {*options(rig, ctid)},
    "firewall": lambda rig, ctid: (
        rig.node.files.exists(f"/etc/pve/firewall/{ctid}.fw") or "firewall=1" in options(rig, ctid)["net0"]
    ),
    "network_config.nameservers": lambda rig, ctid: options(rig, ctid).get("nameserver"),
    "volumes": lambda rig, ctid: [key for key in options(rig, ctid) if key.startswith("mp")],
}
"""A field to what is left of it: nothing, once it is no longer declared."""


def options(rig: Rig, ctid: int) -> Mapping[str, str]:
    return configuration(rig.node, ctid).current.options


def raw(rig: Rig, ctid: int) -> list[str]:
    return [f"{key}: {value}" for key, value in configuration(rig.node, ctid).current.raw]


def without(lxc: Json, names: str) -> Json:
    """The containers without some fields."""
    found = deepcopy(lxc)
    for fields in found["lxc_configs"].values():
        for name in names.split():
            *way, last = name.split(".")
            part = fields
            for step in way:
                part = part[step]
            part.pop(last, None)
    return found


@pytest.mark.parametrize("names", GONE)
@EVERY
def test_what_is_no_longer_declared_goes_and_comes_back(
    grounds: Grounds, example: str, way: str, names: str, tmp_path: Path
) -> None:
    ground = grounds(example, way)
    rig = ground.rig()
    rig.site = site_of(tmp_path / "etc", without(ground.lxc, names), ground.host)
    rig.converge()
    left = {ctid: found for ctid in rig.site.containers if (found := GONE[names](rig, ctid))}
    assert left == {}
    assert rig.plan().empty
    rig.site = ground.site
    rig.converge()
    assert rig.plan().empty
    wrong = [wrong_after(ground, rig.node, ctid, configuration(rig.node, ctid)) for ctid in rig.site.containers]
    assert not any(wrong), wrong


def test_what_is_not_to_run_is_stopped_before_it_is_changed(grounds: Grounds) -> None:
    """Proxmox makes a pending change only when a container starts, and this one does not start again."""
    ground = grounds("ai-lab", "snapshot")
    rig = ground.rig()
    for text in ("pct set $1 --nameserver 9.9.9.9", "pct start $1"):
        assert Drift(text).do(rig.node, 900).ok
    before = configuration(rig.node, 900)
    rig.converge()
    assert wrong_after(ground, rig.node, 900, before) == []
    assert rig.plan().empty
