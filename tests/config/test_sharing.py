"""Ids, folders, volumes and ways of cloning that contradict one another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from phoenix_hypervisor.config.load import load

BASE = {"unprivileged": True, "storage_pool": "tank", "storage_size_gb": 4}
ONE = {"type": "both", "host_id": 1000, "container_id": 1000, "size": 10}


def codes(folder: Path, **containers: dict[str, Any]) -> list[str]:
    configs = {
        name.removeprefix("ct"): {"name": name, "template": "local:vztmpl/x.tar.zst", **BASE, **fields}
        for name, fields in containers.items()
    }
    (folder / "phoenix_lxc_configs.json").write_text(json.dumps({"lxc_configs": configs}))
    return [problem.code for problem in load(folder).problems if problem.severity == "error"]


@pytest.mark.parametrize(
    ("second", "wrong"),
    [
        ({"type": "u", "host_id": 2000, "container_id": 1005, "size": 1}, True),
        ({"type": "g", "host_id": 1009, "container_id": 2000, "size": 1}, True),
        ({"type": "u", "host_id": 2000, "container_id": 1010, "size": 1}, False),
    ],
)
def test_id_maps_that_overlap(tmp_path: Path, second: dict[str, Any], wrong: bool) -> None:
    assert codes(tmp_path, ct901={"id_maps": [ONE, second]}) == (["id-maps-overlap"] if wrong else [])


def test_users_and_groups_have_ids_of_their_own(tmp_path: Path) -> None:
    users, groups = ONE | {"type": "u"}, ONE | {"type": "g"}
    assert codes(tmp_path, ct901={"id_maps": [users, groups]}) == []


def test_volumes_of_one_name(tmp_path: Path) -> None:
    volumes = [{"name": "data", "pool": "tank", "size_gb": 1, "mount_point": f"/{place}"} for place in "ab"]
    assert codes(tmp_path, ct901={"volumes": volumes}) == ["duplicate-volume-name"]
    assert codes(tmp_path, ct901={"volumes": volumes[:1]}, ct902={"volumes": volumes[1:]}) == []


@pytest.mark.parametrize(
    ("first", "second", "wrong"),
    [
        ({"owner_uid": 1000}, {"owner_uid": 1001}, True),
        ({"owner_uid": 1000}, {"owner_uid": 1000, "owner_gid": 5}, True),
        ({"owner_uid": 1000}, {"owner_uid": 1000}, False),
        ({"owner_uid": 1000}, {}, False),
    ],
)
def test_owners_of_one_folder(tmp_path: Path, first: dict[str, int], second: dict[str, int], wrong: bool) -> None:
    mount = {"host_path": "/srv/data", "container_path": "/data"}
    found = codes(tmp_path, ct901={"mount_points": [mount | first]}, ct902={"mount_points": [mount | second]})
    assert found == (["mount-owner-conflict"] if wrong else [])


def test_the_same_owner_inside_is_another_one_on_the_node(tmp_path: Path) -> None:
    mounts = {"mount_points": [{"host_path": "/srv/data", "container_path": "/data", "owner_uid": 1000}]}
    assert codes(tmp_path, ct901=mounts, ct902=mounts | {"unprivileged": False}) == ["mount-owner-conflict"]


@pytest.mark.parametrize(
    ("first", "second", "wrong"),
    [("native", "snapshot", True), ("native", "full", False), ("snapshot", "full", False), ("native", "native", False)],
)
def test_ways_of_cloning_one_source(tmp_path: Path, first: str, second: str, wrong: bool) -> None:
    template = {"template_snapshot_name": "base"}
    clones = {
        f"ct{ctid}": {"template": None, "clone_from_ctid": "900", "cloning": way}
        for ctid, way in ((901, first), (902, second))
    }
    for clone in clones.values():
        del clone["template"]
    assert codes(tmp_path, ct900=template, **clones) == (["cloning-conflict"] if wrong else [])


def test_a_clone_has_the_id_maps_of_its_source(tmp_path: Path) -> None:
    source = {"template_snapshot_name": "base", "id_maps": [ONE]}
    assert codes(tmp_path, ct900=source, ct901={"clone_from_ctid": "900"}) == []
    site = load(tmp_path).site
    assert site is not None and site.containers[901].id_maps == site.containers[900].id_maps != ()
