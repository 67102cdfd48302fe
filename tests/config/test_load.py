"""Where the configuration is found, and that every problem of both documents is told at once."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from phoenix_hypervisor.config.load import HOST_FILE, LXC_FILE, OLDER_FILE, find_etc, load
from phoenix_hypervisor.config.site import DEFAULT_ETC
from sites import BASE_HOST, codes, container, loaded, lxc, place, template, zfs


def test_where_the_folder_is() -> None:
    assert find_etc("/a", {"PHOENIX_ETC": "/b"}) == Path("/a")
    assert find_etc(None, {"PHOENIX_ETC": "/b"}) == Path("/b")
    assert find_etc(None, {}) == DEFAULT_ETC


def test_either_document_may_be_absent_but_not_both(tmp_path: Path) -> None:
    assert loaded(tmp_path / "host", {"version": "1"}).problems == ()
    assert loaded(tmp_path / "lxc", None, lxc({900: template("base")})).problems == ()
    for folder in (tmp_path / "none", tmp_path):
        found = load(folder)
        assert found.site is None
        assert [(each.code, each.place.line, each.place.column) for each in found.problems] == [
            ("no-configuration", 1, 1)
        ]


def test_the_site_knows_where_its_datasets_are_mounted(tmp_path: Path) -> None:
    volumes = {"name": "media/lxc", "pool": "tank", "proxmox_storage_type": "zfspool"}
    datasets = zfs({"name": "media", "pool": "tank", "properties": "mountpoint=/srv"}, volumes)
    site = loaded(tmp_path, {"zfs": datasets, "proxmox_storage_ids": {"tank_media/lxc": "media"}}).site
    assert site is not None
    assert site.mountpoints == {"tank/lxc": "/tank/lxc", "tank/media": "/srv", "tank/media/lxc": "/srv/lxc"}


def test_every_problem_of_both_documents_at_once(tmp_path: Path) -> None:
    host = {
        "timezone": 3,
        "zfs": zfs({"name": "b", "pool": "tank", "proxmox_storage_type": "zfspool", "proxmox_content_type": "iso"}),
        "behaviour": {},
    }
    containers = lxc(
        {
            900: template("base", memory_mb="much"),
            901: container("web_1", clone_from_ctid=990, cores=0, colour="red"),
            902: {"unprivileged": False, "clone_from_ctid": 900},
        }
    )
    found = loaded(tmp_path, host, containers)
    in_host = ["type", "zfspool-content", "unknown-field"]
    in_lxc = ["type", "bad-hostname", "clone-source-missing", "value", "unknown-field", "missing-field"]
    assert codes(found) == sorted(in_host + in_lxc)
    assert [problem.place for problem in found.problems] == sorted(problem.place for problem in found.problems)


def test_a_syntax_error_in_one_document_does_not_hide_the_other(tmp_path: Path) -> None:
    found = loaded(tmp_path, "{", lxc({900: template("base_1")}))
    assert codes(found) == ["bad-hostname", "syntax"]
    assert codes(loaded(tmp_path, {"timezone": 3}, "{")) == ["syntax", "type"]


def test_what_was_lost_is_not_taken_as_absent(tmp_path: Path) -> None:
    """900 cannot be read: that is told, and not that 901's source is missing or no template."""
    containers = lxc({900: {"is_template": True}, 901: container("web", clone_from_ctid=900, dependencies=[900])})
    assert codes(loaded(tmp_path, None, containers)) == ["missing-field"]
    storages = {"zfs": {"pools": [{"name": "tank", "disks": "x"}], "datasets": [{"name": 3, "pool": "tank"}]}}
    assert codes(loaded(tmp_path, storages, lxc({900: template("base")}))) == ["type", "type"]


def test_the_older_name_and_shape(tmp_path: Path) -> None:
    older = {
        "nvidia": {"driver_version": "580.76.05"},
        "zfs": {
            "arc_max": "3221225472",
            "pools": [{"name": "tank"}],
            "datasets": [{"name": "tank/lxc", "properties": {"quota": "1G"}}, {"name": "tank/iso"}, {"name": "nope/x"}],
            "dataset_storage_types": [
                {"dataset": "tank/lxc", "storage_type": "zfspool:rootdir"},
                {"dataset": "tank/iso", "storage_type": "zfspool:iso,vztmpl"},
            ],
        },
        "nfs": {"shares": [{"path": "tank/lxc", "options": "rw,sync"}, {"path": "tank/no"}]},
        "samba": {"user": "ann", "shares": [{"path": "tank/iso", "options": "browseable=yes"}]},
    }
    place(tmp_path)
    (tmp_path / OLDER_FILE).write_text(json.dumps(older, indent=1))
    found = load(tmp_path)
    assert found.site is not None
    host = found.site.host
    assert host.zfs is not None
    assert host.nfs is not None
    assert host.zfs.arc_max_gb == 3
    assert [(each.pool, each.name) for each in host.zfs.datasets] == [("tank", "lxc"), ("tank", "iso"), ("nope", "x")]
    assert host.zfs.datasets[0].properties == {"quota": "1G"}
    assert found.site.storages["tank-lxc"].content == {"rootdir"}
    assert host.nfs.exports[0].options == ("rw", "sync")
    assert found.site.nvidia.version == "580.76.05"
    assert sorted((each.code, each.path) for each in found.errors) == [
        ("export-path-unknown", "nfs.shares.1.path"),
        ("pool-unknown", "zfs.datasets.2.name"),
        ("zfspool-content", "zfs.dataset_storage_types.1.storage_type"),
    ]
    lines = (tmp_path / OLDER_FILE).read_text().splitlines()
    assert all(each.path.split(".")[-1] in lines[each.place.line - 1] for each in found.errors)


@pytest.mark.parametrize(
    "older",
    [
        {"nvidia": {}, "nvidia_driver": {}},
        {"zfs": {"arc_max": 1, "arc_max_gb": 1}},
        {"nfs": {"shares": [{"path": "/a"}], "exports": [{"path": "/a"}]}},
    ],
)
def test_two_shapes_of_one_thing_conflict(tmp_path: Path, older: dict[str, object]) -> None:
    (tmp_path / OLDER_FILE).write_text(json.dumps(older))
    assert "alias-conflict" in codes(load(tmp_path))


def test_the_older_file_is_not_read_beside_the_newer(tmp_path: Path) -> None:
    place(tmp_path, {"version": "1"})
    (tmp_path / OLDER_FILE).write_text("{")
    found = load(tmp_path)
    assert [(each.code, each.severity, Path(each.place.file).name) for each in found.problems] == [
        ("field-without-effect", "warning", OLDER_FILE)
    ]


def test_core_paths_count_at_the_default_place_only(tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text(json.dumps(lxc({900: template("base")})))
    found = loaded(tmp_path, {"core_paths": {"lxc_config_file": str(other)}})
    assert found.site is not None
    assert found.site.containers == {}
    assert codes(found) == ["field-without-effect"]


def test_names_that_no_file_system_takes(tmp_path: Path) -> None:
    containers = lxc({900: template("base", application_script="a" * 5000)})
    assert codes(loaded(tmp_path, {"samba": {"password": {"file": "b" * 5000}}}, containers)) == ["script-missing"]
    assert codes(load(tmp_path / ("c" * 5000))) == ["no-configuration"]
    assert codes(load(Path("with\0nul"))) == ["no-configuration"]


def test_an_older_dataset_names_its_pool(tmp_path: Path) -> None:
    (tmp_path / OLDER_FILE).write_text(
        json.dumps({"zfs": {"datasets": [{"name": "lxc"}, {"name": "lxc", "pool": "tank"}]}})
    )
    found = load(tmp_path)
    assert [(each.code, each.path) for each in found.problems] == [("value", "zfs.datasets.0")]


def test_an_older_dataset_may_name_its_pool_twice(tmp_path: Path) -> None:
    datasets = [{"name": "a", "pool": "tank"}, {"name": "tank/b", "pool": "tank"}]
    (tmp_path / OLDER_FILE).write_text(json.dumps({"zfs": {"datasets": datasets}}))
    site = load(tmp_path).site
    assert site is not None and site.host.zfs is not None
    assert [each.full_name for each in site.host.zfs.datasets] == ["tank/a", "tank/b"]


def test_an_older_storage_type_names_type_and_content(tmp_path: Path) -> None:
    for wrong in ("zfspool", "films:rootdir", "dir:films"):
        entry = {"dataset": "tank/a", "storage_type": wrong}
        (tmp_path / OLDER_FILE).write_text(json.dumps({"zfs": {"dataset_storage_types": [entry]}}))
        assert codes(load(tmp_path), "error") == ["value"]


def test_from_a_folder_that_is_gone_files_are_named_as_they_were_given(tmp_path: Path) -> None:
    place(tmp_path / "etc", "{")
    (tmp_path / "gone").mkdir()
    before = Path.cwd()
    os.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    try:
        assert [each.place.file for each in load(tmp_path / "etc").problems] == [str(tmp_path / "etc" / HOST_FILE)]
    finally:
        os.chdir(before)


def test_files_are_named_as_a_user_would_type_them(tmp_path: Path) -> None:
    place(tmp_path / "etc", "{", "{")
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        assert {each.place.file for each in load(Path("etc")).problems} == {f"etc/{HOST_FILE}", f"etc/{LXC_FILE}"}
        assert {each.place.file for each in load(tmp_path / "etc").problems} == {f"etc/{HOST_FILE}", f"etc/{LXC_FILE}"}
    finally:
        os.chdir(before)


def test_questions_for_the_node(tmp_path: Path) -> None:
    containers = lxc(
        {
            900: template("base", storage_pool="elsewhere", gpu_assignment="0", application_script="absent.sh"),
            901: container("web", clone_from_ctid=900, gpu_assignment="0", dependencies=[990]),
        },
        nvidia_driver_version="580.76.05",
    )
    found = loaded(tmp_path, BASE_HOST, containers)
    asked = {(each.kind, each.name): each for each in found.questions}
    assert set(asked) == {("storage", "elsewhere"), ("gpu", "0"), ("script", "absent.sh"), ("guest", "990")}
    answers = {
        kind: tuple(each.severity if each else None for each in (question.unasked, question.yes, question.no))
        for (kind, _), question in asked.items()
    }
    assert answers == {
        "storage": ("error", None, "error"),
        "gpu": (None, None, "error"),
        "script": ("warning", None, "error"),
        "guest": ("error", "warning", "error"),
    }


def test_without_declared_storages_only_the_node_knows(tmp_path: Path) -> None:
    found = loaded(tmp_path, {"version": "1"}, lxc({900: template("base", storage_pool="elsewhere")}))
    assert found.problems == ()
    assert [(each.kind, each.name, each.unasked) for each in found.questions] == [("storage", "elsewhere", None)]
    assert found.questions[0].no is not None
