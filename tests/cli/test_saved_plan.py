"""``plan --out`` and ``apply --plan``: what was shown is done, or nothing."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path

import pytest

from .conftest import Phoenix, Said


class Site:
    """The example applied to a simulated node, ready to be changed by hand."""

    def __init__(self, phoenix: Phoenix, folder: Path, example: Path) -> None:
        self.phoenix, self.node, self.file = phoenix, folder / "node.json", folder / "plan.json"
        self.etc = folder / "etc"
        shutil.copytree(example, self.etc)
        self.there = ("--etc", self.etc, "--on", f"sim:{self.node}")
        assert phoenix("apply", "953", *self.there, "--yes").code == 0

    def drift(self, *words: str) -> None:
        assert self.phoenix("sim", "run", self.node, *words).code == 0

    def save(self, *words: str) -> Said:
        said = self.phoenix("plan", *words, *self.there, "--out", self.file)
        assert said.code == 0, said.err
        return said

    def apply(self, *words: str) -> Said:
        return self.phoenix("apply", "--plan", self.file, "--yes", *words)

    def config(self, ctid: int) -> str:
        return self.phoenix("sim", "run", self.node, "cat", f"/etc/pve/lxc/{ctid}.conf").out


@pytest.fixture
def site(phoenix: Phoenix, tmp_path: Path, repository: Path) -> Site:
    return Site(phoenix, tmp_path, repository / "examples/ai-lab")


def test_a_saved_plan_runs_exactly_its_commands(site: Site) -> None:
    site.drift("pct", "set", "953", "--memory", "512", "--tags", "other")
    said = site.save("953")
    assert f"phoenix apply --plan {site.file}" in said.out
    assert stat.S_IMODE(site.file.stat().st_mode) == 0o600
    shown = json.loads(site.file.read_text())["shown"]
    assert [step["id"] for step in shown["steps"]] == ["953:configure", "953:health"]
    said = site.apply("--output", "json")
    assert said.code == 0
    journal = [json.loads(line) for line in Path(said.json["journal"]).read_text().splitlines()]
    ran = [event["command"] for event in journal if event["event"] == "ran"]
    assert ran == [command for step in shown["steps"] for command in step["commands"]]
    assert said.json["plan"]["steps"] == shown["steps"]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("pct", "set", "953", "--memory", "600"), "CT 953 changed: memory"),
        (("pct", "set", "953", "--cores", "1"), "cores"),
        (("pct", "stop", "953"), "running"),
        (("pct", "snapshot", "953", "mine"), "snapshots"),
        (("sh", "-c", "pct stop 953; pct destroy 953"), "953:clone"),
    ],
)
def test_a_node_that_changed_in_what_the_plan_is_about_is_refused(
    site: Site, words: tuple[str, ...], named: str
) -> None:
    site.drift("pct", "set", "953", "--memory", "512")
    site.save()
    site.drift(*words)
    before = site.config(953) if "destroy" not in words[-1] else ""
    said = site.apply()
    assert said.code == 1 and named in said.err and "nothing was done" in said.err
    assert before == (site.config(953) if before else "")


def test_what_the_plan_is_not_about_may_change(site: Site) -> None:
    site.drift("pct", "set", "953", "--memory", "512")
    site.save("953")
    site.drift("zfs", "create", "rpool/mine")
    assert site.apply().code == 0


def test_a_source_that_changed_is_refused(site: Site) -> None:
    site.drift("sh", "-c", "pct stop 953; pct destroy 953")
    site.save("953")
    site.drift("pct", "set", "900", "--startup", "order=9")
    said = site.apply()
    assert said.code == 1 and "CT 900 changed: startup" in said.err


def test_a_configuration_that_changed_is_refused(site: Site) -> None:
    site.drift("pct", "set", "953", "--memory", "512")
    site.save("953")
    file = site.etc / "phoenix_lxc_configs.json"
    file.write_text(file.read_text() + "\n")
    said = site.apply()
    assert said.code == 1 and "phoenix_lxc_configs.json changed" in said.err


def test_a_plan_that_was_applied_does_not_fit_any_more(site: Site) -> None:
    site.drift("pct", "set", "953", "--memory", "512")
    site.save("953")
    assert site.apply().code == 0
    said = site.apply()
    assert said.code == 1 and "CT 953 changed: memory" in said.err


def test_it_is_saved_and_applied_from_anywhere(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site.drift("pct", "set", "953", "--memory", "512")
    monkeypatch.chdir(tmp_path)
    said = site.phoenix("plan", "953", "--etc", "etc", "--on", "sim:node.json", "--out", "plan.json")
    assert said.code == 0, said.err
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert site.apply().code == 0
    assert "memory: 1024" in site.config(953)


def test_another_node_is_refused(site: Site, tmp_path: Path) -> None:
    site.save("953")
    assert site.phoenix("sim", "new", tmp_path / "other.json", "--name", "pve2").code == 0
    said = site.apply("--on", f"sim:{tmp_path}/other.json")
    assert said.code != 0


def test_nothing_can_be_added_to_a_saved_plan(site: Site) -> None:
    site.save("953")
    for words in (("953",), ("--rebuild", "953"), ("--no-restart",)):
        said = site.apply(*words)
        assert said.code == 2 and "as it is" in said.err


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"file": "phoenix plan", "format": 1}', '{"file": "x"}'])
def test_a_file_that_is_no_plan_is_refused(site: Site, text: str) -> None:
    site.file.write_text(text)
    said = site.apply()
    assert said.code == 2 and "is no plan" in said.err


def test_a_file_that_is_not_there_is_named(site: Site, tmp_path: Path) -> None:
    said = site.phoenix("apply", "--plan", tmp_path / "nothing", "--yes")
    assert said.code == 2 and "cannot be read" in said.err
    said = site.phoenix("plan", *site.there, "--out", tmp_path / "no/where")
    assert said.code == 2 and "There is no folder" in said.err


def test_the_saved_request_holds_what_was_asked_for(site: Site) -> None:
    site.save("953", "--rebuild", "953")
    said = site.apply("--output", "json")
    assert said.code == 0 and "953:destroy" in said.json["done"]
