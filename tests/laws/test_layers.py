"""Layers (spec L5, L14): who runs them, who inherits them, what a change of one means for a whole family."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from phoenix_hypervisor.features.lifecycle.marks import snapshot_layers
from phoenix_hypervisor.features.registry import of_containers
from phoenix_hypervisor.plan.build import build
from phoenix_hypervisor.plan.step import Plan
from phoenix_hypervisor.report import text
from rig import HOST, TARBALL, Rig, container, fitted, site_of

Json = dict[str, Any]
SCRIPT = "#!/bin/sh\necho {} >/etc/app\n"
FAMILY = (900, 901, 950, 951)


def family() -> Json:
    """A template, a template cloned from it, and two containers of that: one adds nothing, one lists what it has."""
    return {
        "900": container(900, template=TARBALL, template_snapshot_name="base", features=["base_setup"]),
        "901": container(901, clone_from_ctid="900", template_snapshot_name="second", application_script="app.sh"),
        "950": container(950, clone_from_ctid="901"),
        "951": container(951, clone_from_ctid="901", features=["base_setup"]),
    }


def rig_of(folder: Path, documents: Json | None = None, word: str = "one", **host: Any) -> Rig:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "app.sh").write_text(SCRIPT.format(word))
    return fitted(site_of(folder, {"lxc_configs": documents or family()}, {**HOST, **host}))


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    found = rig_of(tmp_path / "etc")
    found.converge()
    return found


def stamps(rig: Rig) -> dict[int, dict[str, str]]:
    return {ctid: dict(guest.layers) for ctid, guest in rig.look().guests.items()}


def layer_steps(plan: Plan) -> set[str]:
    return {step.id for step in plan.steps if re.search(r":(base_setup|docker|application_script)", step.id)}


def kept(plan: Plan) -> dict[str, str]:
    return {each.target: each.change.what for each in plan.kept}


def test_clones_inherit_and_do_not_run_again(rig: Rig, tmp_path: Path) -> None:
    fresh = rig_of(tmp_path / "fresh")
    assert layer_steps(fresh.plan()) == {"900:base_setup", "901:application_script.901"}
    found = stamps(rig)
    assert found[901] == found[950] == found[951] == {**found[900], **found[901]}
    assert [*found[900]] == ["base_setup"]


def test_a_snapshot_tells_the_layers_that_it_holds(rig: Rig) -> None:
    found, guests = stamps(rig), rig.look().guests
    for ctid, name in ((900, "base"), (901, "second"), (950, "configured-state")):
        described = guests[ctid].config.snapshots[name].description
        assert snapshot_layers(described.strip()) == found[ctid]


def new_zone(folder: Path) -> Rig:
    return rig_of(folder, timezone="Asia/Tokyo")


def new_script(folder: Path) -> Rig:
    return rig_of(folder, word="two")


def new_feature(folder: Path) -> Rig:
    documents = family()
    documents["901"]["features"] = ["docker"]
    return rig_of(folder, documents)


CHANGES: dict[str, tuple[Callable[[Path], Rig], set[str], dict[str, str]]] = {
    "of a feature of the first template": (
        new_zone,
        {"900:base_setup", "951:base_setup"},
        {"901": "base_setup is older than in 900", "950": "base_setup is older than in 900"},
    ),
    "of a script of the second": (
        new_script,
        {"901:application_script.901"},
        dict.fromkeys(("950", "951"), "application_script.901 is older than in 901"),
    ),
    "a feature more": (
        new_feature,
        {"901:docker"},
        dict.fromkeys(("950", "951"), "docker is missing, 901 declares it"),
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_layer_shows_in_the_whole_family_and_is_kept_until_it_is_made_anew(
    rig: Rig, tmp_path: Path, change: str
) -> None:
    other, steps, old = CHANGES[change]
    before = {ctid: guest.dataset for ctid, guest in rig.look().guests.items()}
    rig.site = other(tmp_path / "other").site
    plan = rig.plan()
    assert (layer_steps(plan), kept(plan)) == (steps, old)
    rig.converge()
    for _ in range(2):
        plan = rig.plan()
        assert (plan.steps, kept(plan)) == ((), old)
    assert {ctid: guest.dataset for ctid, guest in rig.look().guests.items()} == before
    anew = build(rig.site, rig.look(), rebuild={ctid for each in plan.kept for ctid in each.rebuild})
    rig.distort = lambda _: anew
    rig.converge()
    rig.distort = lambda plan: plan
    plan = rig.plan()
    assert (plan.steps, kept(plan)) == ((), {})
    assert stamps(rig)[950] == {**stamps(rig)[900], **stamps(rig)[901]}


def test_the_way_out_names_the_template_and_all_that_comes_from_it(rig: Rig, tmp_path: Path) -> None:
    rig.site = new_zone(tmp_path / "other").site
    plan = rig.plan()
    (way,) = {each.way_out for each in plan.kept}
    assert way.endswith("phoenix apply --rebuild 900 --rebuild 901 --rebuild 950 --rebuild 951")
    *others, last = text.kept(plan)
    assert others and last.endswith(way) and not any(way in other for other in others)


@pytest.mark.parametrize("ctid", FAMILY)
def test_a_layer_without_its_stamp_is_established_again_and_nobody_else_is_touched(rig: Rig, ctid: int) -> None:
    rig.node.files.remove(f"/tank/lxc/subvol-{ctid}-disk-0/var/lib/phoenix/layers/base_setup")
    plan = rig.plan()
    if ctid in (900, 951):
        assert layer_steps(plan) == {f"{ctid}:base_setup"} and not plan.kept
        rig.converge()
        assert rig.plan().empty
    else:
        assert plan.empty and kept(plan) == {str(ctid): "base_setup is missing, 900 declares it"}


SLICES: dict[str, tuple[str, ...]] = {
    "base_setup": ("{}", '{"timezone": "Europe/Berlin"}', '{"locale": "C.UTF-8"}', '{"packages": ["jq"]}'),
    "docker": ("{}", '{"source": "docker"}', '{"version": "28.5.1"}', '{"cards": [0]}', '{"token_file": "/etc/token"}'),
    "nvidia": ('{"version": "580.76.05"}', '{"version": "580.95.05"}', '{"version": "580.76.05", "cards": [0]}'),
}


@pytest.mark.parametrize("name", SLICES)
def test_a_feature_is_what_it_establishes(name: str) -> None:
    """Its identity follows its slice, whatever of that has an effect, and nothing else."""
    feature = of_containers()[name]
    pieces = [feature.slice.model_validate_json(text) for text in SLICES[name]]
    digests = [feature.digest(piece) for piece in pieces]
    assert digests == [feature.digest(piece.model_copy()) for piece in pieces]
    assert len(set(digests)) == len(digests)


def test_what_comes_from_another_template_than_declared_is_told_that_alone(rig: Rig, tmp_path: Path) -> None:
    documents = family()
    documents["902"] = container(902, clone_from_ctid="900", template_snapshot_name="other", features=["docker"])
    documents["950"] = container(950, clone_from_ctid="902")
    rig.site = rig_of(tmp_path / "other", documents).site
    rig.apply()
    told = [each.change.what for each in rig.plan().kept if each.target == "950"]
    assert len(told) == 1 and "902" in told[0] and "docker" not in told[0]


def test_a_layer_that_nobody_declares_any_more_is_told_and_stays(rig: Rig, tmp_path: Path) -> None:
    documents = family()
    documents["900"]["features"], documents["951"]["features"] = [], []
    rig.site = rig_of(tmp_path / "other", documents).site
    plan = rig.plan()
    assert plan.empty
    told = [note for note in plan.notes if "no longer declared" in note]
    assert [note.partition(":")[0] for note in told] == ["900", "901", "950", "951"]
    assert all("base_setup is no longer declared and stays" in note for note in told)
    rig.site = rig_of(tmp_path / "as-before").site
    assert not any("no longer declared" in note for note in rig.plan().notes)
