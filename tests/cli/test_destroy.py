"""``phoenix destroy``: what is named, ours, and hung on by nobody; nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import Phoenix, Said

TARBALL = "local:vztmpl/ubuntu-24.04-standard_24.04-2_amd64.tar.zst"


def entry(ctid: int, **fields: Any) -> dict[str, Any]:
    network = {"ip": f"10.1.{ctid // 250}.{ctid % 250 + 1}/16", "bridge": "vmbr0"}
    return {
        "name": f"ct{ctid}",
        "memory_mb": 256,
        "cores": 1,
        "storage_pool": "tank-lxc",
        "storage_size_gb": 4,
        "network_config": network,
        "unprivileged": True,
        **fields,
    }


class Site:
    def __init__(self, phoenix: Phoenix, folder: Path, containers: dict[int, dict[str, Any]]) -> None:
        self.phoenix, self.node, self.etc = phoenix, folder / "node.json", folder / "etc"
        self.etc.mkdir()
        self.there = ("--etc", self.etc, "--on", f"sim:{self.node}", "--yes")
        self.declare(containers)

    def declare(self, containers: dict[int, dict[str, Any]]) -> None:
        documents = {"lxc_configs": {str(ctid): fields for ctid, fields in containers.items()}}
        (self.etc / "phoenix_lxc_configs.json").write_text(json.dumps(documents))

    def apply(self) -> Site:
        said = self.phoenix("apply", *self.there)
        assert said.code == 0, said.err
        return self

    def destroy(self, *words: object) -> Said:
        return self.phoenix("destroy", *words, *self.there)

    def run(self, *words: str) -> Said:
        said = self.phoenix("sim", "run", self.node, *words)
        assert said.code == 0, said.err
        return said

    def ids(self) -> list[int]:
        return [int(line.split()[0]) for line in self.run("pct", "list").out.splitlines()[1:]]


CLONES = {951: {"clone_from_ctid": "900"}, 952: {"clone_from_ctid": "900", "dependencies": ["951"]}}


def tree() -> dict[int, dict[str, Any]]:
    template = entry(900, template=TARBALL, template_snapshot_name="base")
    return {900: template, **{ctid: entry(ctid, **fields) for ctid, fields in CLONES.items()}}


@pytest.fixture
def site(phoenix: Phoenix, tmp_path: Path) -> Site:
    return Site(phoenix, tmp_path, tree()).apply()


def test_one_of_a_hundred_siblings_goes_and_nothing_else(phoenix: Phoenix, tmp_path: Path) -> None:
    """The template does not, whatever its clones; so it is for all ways of cloning."""
    siblings = {ctid: entry(ctid, clone_from_ctid="900") for ctid in range(901, 1002)}
    template = entry(900, template=TARBALL, template_snapshot_name="base")
    site = Site(phoenix, tmp_path, {900: template, **siblings}).apply()
    assert site.destroy(950).code == 0
    assert site.ids() == [ctid for ctid in range(900, 1002) if ctid != 950]
    said = site.destroy(900)
    assert said.code == 4 and "CT 900 has clones: 901, 902" in said.err and "1001" in said.err
    assert len(site.ids()) == 101


@pytest.mark.parametrize("cloning", ["snapshot", "native"])
def test_a_template_with_clones_is_refused_and_the_clones_named(phoenix: Phoenix, tmp_path: Path, cloning: str) -> None:
    containers = tree()
    for ctid in (951, 952):
        containers[ctid]["cloning"] = cloning
    site = Site(phoenix, tmp_path, containers).apply()
    said = site.destroy("ct900")
    assert said.code == 4 and "CT 900 has clones: 951, 952" in said.err
    assert site.ids() == [900, 951, 952]
    assert site.destroy(900, 951, 952).code == 0
    assert site.ids() == []
    assert "subvol-" not in site.run("zfs", "list", "-H", "-o", "name").out


def test_what_others_depend_on_is_refused(site: Site) -> None:
    said = site.destroy(951)
    assert said.code == 4 and "CT 951 is needed by 952" in said.err
    assert site.destroy(951, 952).code == 0
    assert site.ids() == [900]


def test_what_is_not_ours_or_protected_or_locked_is_refused(site: Site) -> None:
    site.run("pct", "set", "952", "--delete", "tags,description")
    assert "was not made by Phoenix" in site.destroy(952).err
    site.run("pct", "set", "952", "--tags", "phoenix", "--protection", "1")
    said = site.destroy(952)
    assert said.code == 4 and "is protected" in said.err
    site.run("sh", "-c", "pct set 952 --protection 0 && pct set 952 --lock backup")
    said = site.destroy(952)
    assert said.code == 4 and "locked (backup)" in said.err
    assert site.ids() == [900, 951, 952]


def test_it_is_named_and_found_by_what_is_on_the_node(site: Site) -> None:
    containers = tree()
    del containers[952]
    site.declare(containers)
    said = site.destroy("ct952")
    assert said.code == 0 and "still declared" not in said.out
    assert site.ids() == [900, 951]


def test_what_is_still_declared_comes_back_with_the_next_apply(site: Site) -> None:
    said = site.destroy(952)
    assert said.code == 0 and "the next apply makes it anew" in said.out
    assert "- 952 ct952" in said.out and "1 container to destroy: 1 step." in said.out
    again = site.destroy(952)
    assert again.code == 0 and "it is not on the node" in again.out and "Nothing to destroy." in again.out
    site.apply()
    assert site.ids() == [900, 951, 952]


def test_a_word_that_means_nothing_is_refused(site: Site) -> None:
    said = site.destroy("ct95")
    assert said.code == 2 and 'Did you mean "ct95' in said.err
    assert site.phoenix("destroy", *site.there).code == 2


def test_a_name_that_two_have_is_refused(site: Site) -> None:
    site.run("pct", "set", "951", "--hostname", "ct952")
    said = site.destroy("ct952")
    assert said.code == 2 and "ambiguous: 951, 952" in said.err


def test_without_consent_nothing_goes(site: Site) -> None:
    said = site.phoenix("destroy", "952", *site.there[:-1])
    assert said.code == 2 and "--yes" in said.err
    assert site.ids() == [900, 951, 952]


def test_json_tells_what_was_done(site: Site) -> None:
    said = site.destroy(952, "--output", "json")
    assert said.code == 0 and said.json["done"] == ["952:destroy"]


def test_what_a_cut_off_creation_left_can_be_destroyed(site: Site) -> None:
    site.run("sh", "-c", "pct stop 952 && pct destroy 952 && zfs create tank/tank-lxc/subvol-952-disk-0")
    folder = "/var/lib/phoenix_hypervisor/creating"
    site.run("sh", "-c", f"mkdir -p {folder} && echo none >{folder}/952")
    assert site.destroy(952).code == 0
    assert "subvol-952" not in site.run("zfs", "list", "-H", "-o", "name").out
