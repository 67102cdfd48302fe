"""A node as a file: what is written comes back, and nothing else is taken for a node."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.simulator.node import Node
from phoenix_hypervisor.simulator.persistence import NodeFileError
from simulator.small import small_node


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "node.json"
    small_node().save(path)
    return path


def test_a_loaded_node_is_the_saved_one(saved: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.json"
    Node.load(saved).save(again)
    assert again.read_bytes() == saved.read_bytes()


def test_a_loaded_node_goes_on_as_the_saved_one_would(saved: Path) -> None:
    commands = [
        ("pct", "list"),
        ("pct", "snapshot", "101", "late"),
        ("lxc-attach", "-n", "101", "--clear-env", "--", "sh", "-c", "echo x > /etc/x; cat /etc/x /tmp/kept"),
        ("pct", "set", "101", "--net1", "name=eth1,bridge=vmbr0"),
        ("pct", "clone", "101", "150", "--snapname", "late"),
        ("pct", "stop", "101"),
        ("pct", "rollback", "101", "late"),
        ("pct", "destroy", "150"),
        ("zfs", "list", "-t", "all", "-o", "name,used,refer,origin,creation,guid"),
        ("cat", "/etc/pve/lxc/101.conf", "/etc/pve/.vmlist", "/etc/pve/.version"),
    ]
    kept, loaded = small_node(), Node.load(saved)
    assert [loaded.run(argv) for argv in commands] == [kept.run(argv) for argv in commands]


def test_a_clone_shares_its_files_with_its_origin_in_the_file(tmp_path: Path) -> None:
    node = small_node()
    assert node.run(("pct", "snapshot", "101", "layer")).ok
    path = tmp_path / "node.json"
    node.save(path)
    before = len(path.read_bytes())
    origin = "rpool/data/subvol-101-disk-0@layer"
    for ctid in range(200, 300):
        assert node.run(("zfs", "clone", origin, f"rpool/data/subvol-{ctid}-disk-0")).ok
        node.files.write(f"/rpool/data/subvol-{ctid}-disk-0/etc/hostname", f"ct{ctid}\n")
    node.save(path)
    assert (len(path.read_bytes()) - before) / 100 < 600
    assert Node.load(path).files.read("/rpool/data/subvol-250-disk-0/etc/hostname") == "ct250\n"


def _wrong_version(text: str) -> str:
    return json.dumps({**json.loads(text), "version": 99})


def _without_parent(text: str) -> str:
    value = json.loads(text)
    del value["datasets"]["rpool"]
    return json.dumps(value)


def _without_datasets(text: str) -> str:
    value = json.loads(text)
    del value["datasets"]
    return json.dumps(value)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: "", "no simulated node"),
        (lambda text: "garbage", "no simulated node"),
        (lambda text: text[: len(text) // 2], "no simulated node"),
        (lambda text: "[]", "no simulated node"),
        (lambda text: '{"format": "something else"}', "no simulated node"),
        (lambda text: "[" * 100_000, "no simulated node"),
        (lambda text: "\N{SNOWMAN}", "no simulated node"),
        (_wrong_version, "format version 99"),
        (_without_parent, "damaged"),
        (_without_datasets, "damaged"),
        (lambda text: text.replace('"trees":[', '"trees":[7,'), "damaged"),
    ],
)
def test_anything_else_is_refused_with_a_clear_text(saved: Path, damage: object, said: str) -> None:
    saved.write_text(damage(saved.read_text()), encoding="utf-8")  # type: ignore[operator]
    with pytest.raises(NodeFileError, match=said):
        Node.load(saved)


def test_what_cannot_be_read_or_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match="cannot be read: Is a directory"):
        Node.load(tmp_path)
    with pytest.raises(NodeFileError, match="cannot be read: No such file"):
        Node.load(tmp_path / "absent.json")
    with pytest.raises(NodeFileError, match="cannot be written: No such file"):
        small_node().save(tmp_path / "absent" / "node.json")


def test_a_failed_save_leaves_the_file_as_it_was(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = saved.read_bytes()
    node = Node.load(saved)
    node.run(("pct", "destroy", "102"))

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(NodeFileError, match="No space left"):
        node.save(saved)
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == ["node.json"]


def test_a_loaded_container_runs_on_without_a_folder_that_is_gone(tmp_path: Path) -> None:
    node = small_node()
    line = "lxc.mount.entry: /srv/line mnt/line none bind,create=dir 0 0\n"
    for argv in (("mkdir", "/srv/line", "/srv/point"), ("pct", "set", "102", "--mp0", "/srv/point,mp=/mnt/point")):
        assert node.run(argv).ok
    node.files.write("/etc/pve/lxc/102.conf", node.files.read("/etc/pve/lxc/102.conf") + line)
    assert node.run(("pct", "start", "102")).ok
    node.save(tmp_path / "node.json")
    node = Node.load(tmp_path / "node.json")
    assert node.run(("rmdir", "/srv/line", "/srv/point")).ok
    assert node.run(("pct", "exec", "102", "--", "true")).ok
    assert not node.run(("pct", "reboot", "102")).ok
