"""``phoenix feature run`` with the features of the node: alone, from a slice or a whole document (spec S2, S3)."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Phoenix
from phoenix_hypervisor.config.source import read_source
from phoenix_hypervisor.features.registry import of_host
from phoenix_hypervisor.simulator.node import Node

DISKS = ["/dev/disk/by-id/ata-A_1", "/dev/disk/by-id/ata-B_2"]
POOLS = {
    "pools": [{"name": "tank", "raid_level": "mirror", "disks": DISKS}],
    "datasets": [{"name": "x", "pool": "tank"}],
}
SECTIONS = {"zfs": "zfs", "nfs": "nfs", "samba": "samba", "admin_user": "users", "nvidia": "nvidia_driver"}


@pytest.fixture
def document(repository: Path) -> dict[str, Any]:
    data = read_source(repository / "examples/ai-lab/phoenix_hypervisor_config.json", "host").data
    assert data is not None
    return dict(data)


def run(phoenix: Phoenix, folder: Path, name: str, piece: Any, *options: object, on: str = "node.json") -> Any:
    file = folder / f"{name}.json"
    file.write_text(piece if isinstance(piece, str) else json.dumps(piece))
    return phoenix("feature", "run", name, "--config", file, "--on", f"sim:{folder}/{on}", *options)


def test_a_slice_makes_pools_and_datasets_and_then_nothing(phoenix: Phoenix, tmp_path: Path) -> None:
    first = run(phoenix, tmp_path, "zfs", POOLS)
    assert (first.code, first.err) == (0, "")
    assert "+ zfs: pool tank (mirror of 2 disks): made\n" in first.out
    node = Node.load(tmp_path / "node.json")
    assert node.run(["zpool", "status", "tank"]).ok and "tank/x" in node.zfs.datasets
    again = run(phoenix, tmp_path, "zfs", POOLS)
    assert (again.code, again.out) == (0, "zfs: nothing to do.\n")


def test_the_slice_comes_through_a_pipe(phoenix: Phoenix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = json.dumps(POOLS).encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
    said = phoenix("feature", "run", "zfs", "--config", "-", "--mode", "safe", "--on", f"sim:{tmp_path}/node.json")
    assert said.code == 0, said
    assert "tank" in Node.load(tmp_path / "node.json").zfs.pools


@pytest.mark.parametrize("name", sorted(of_host()))
def test_a_whole_document_is_recognised_and_a_fresh_node_is_fitted_to_it(
    phoenix: Phoenix, tmp_path: Path, document: dict[str, Any], name: str
) -> None:
    said = run(phoenix, tmp_path, name, document)
    assert said.code == 0, said
    assert said.out.startswith("The simulated node was given: ") and f"\n{name}: done." in said.out
    assert run(phoenix, tmp_path, name, document).out == f"{name}: nothing to do.\n"


def test_the_older_document_is_recognised(phoenix: Phoenix, tmp_path: Path, examples: Path) -> None:
    text = (examples / "2025-09-05/hypervisor_config.json").read_text()
    said = run(phoenix, tmp_path, "zfs", text, "--output", "json")
    assert said.code == 1
    reasons = " ".join(each["reason"] for each in said.json["blocked"])
    assert "quickOS" in reasons and "fastData" in reasons


@pytest.mark.parametrize(("name", "section"), SECTIONS.items())
def test_the_section_alone_is_the_slice(
    phoenix: Phoenix, tmp_path: Path, document: dict[str, Any], name: str, section: str
) -> None:
    siblings = {"nfs": ("zfs", "mount_point_base"), "samba": ("zfs", "mount_point_base")}.get(name, ())
    piece = document[section] | {key: document[key] for key in siblings}
    piece |= {"default_subnet": "10.77.0.0/24"} if name == "nfs" else {}
    said = run(phoenix, tmp_path, name, piece)
    assert said.code == 0, said
    assert said.out.endswith(".jsonl\n") and f"{name}: done." in said.out
    assert run(phoenix, tmp_path, name, piece).out == f"{name}: nothing to do.\n"


@pytest.mark.parametrize("name", sorted(of_host()))
@pytest.mark.parametrize(
    "piece", ["", "null", "{}", "[]", "3", '"zfs"', '{"nonsense": 1}', "{", '{"pools": 3}', '{"exports": 3}']
)
def test_an_empty_or_wrong_slice_is_an_error(phoenix: Phoenix, tmp_path: Path, name: str, piece: str) -> None:
    said = run(phoenix, tmp_path, name, piece)
    assert said.code == 2, said
    assert not said.out
    assert len(said.err.splitlines()) <= 2
    assert "defect" not in said.err


@pytest.mark.parametrize(
    ("name", "piece"),
    [
        ("zfs", {"pools": [], "datasets": []}),
        ("zfs", {"proxmox_storage_ids": {}, "mount_point_base": "/mnt/pve"}),
        ("samba", {"admin": "ann", "mount_point_base": None}),
        ("nfs", {"exports": []}),
        ("nfs", {"default_subnet": "10.0.0.0/24"}),
        ("samba", {"shares": []}),
    ],
)
def test_a_slice_that_asks_for_nothing_is_empty(phoenix: Phoenix, tmp_path: Path, name: str, piece: Any) -> None:
    said = run(phoenix, tmp_path, name, piece)
    assert said.code == 2
    assert f"the slice of {name} is empty" in said.err


def test_data_on_a_disk_is_refused_by_its_name_until_it_is_allowed(phoenix: Phoenix, tmp_path: Path) -> None:
    node = Node.new()
    for name in ("ata-A_1", "ata-B_2"):
        node.add_disk(name, 1 << 40)
    node.put_on_disk("ata-B_2", "ext4")
    node.save(tmp_path / "node.json")
    refused = run(phoenix, tmp_path, "zfs", POOLS)
    assert refused.code == 4
    assert "ext4" in refused.err and "disk:" in refused.err
    assert "tank" not in Node.load(tmp_path / "node.json").zfs.pools
    thing = next(word.strip(".,;:)") for word in refused.err.split() if word.startswith("disk:"))
    assert run(phoenix, tmp_path, "zfs", POOLS, "--mode", "force", "--allow-destroy", "disk:other").code == 4
    assert run(phoenix, tmp_path, "zfs", POOLS, "--allow-destroy", thing).code == 2
    allowed = run(phoenix, tmp_path, "zfs", POOLS, "--mode", "force", "--allow-destroy", thing)
    assert allowed.code == 0, allowed
    assert "nothing to do" in run(phoenix, tmp_path, "zfs", POOLS).out


def test_a_secret_is_looked_up_and_not_shown(phoenix: Phoenix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "$6$salt$CanaryHashThatMustBeSeenNowhere"
    monkeypatch.setenv("CANARY", secret)
    piece = {"username": "labadmin", "password_hash": {"env": "CANARY"}}
    said = run(phoenix, tmp_path, "admin_user", piece, "--output", "json")
    assert said.code == 0, said
    assert secret not in said.out + said.err
    shadow = Node.load(tmp_path / "node.json").files.read("/etc/shadow")
    assert f"labadmin:{secret}:" in shadow


def test_a_secret_in_a_slice_that_is_wrong_is_not_shown(phoenix: Phoenix, tmp_path: Path) -> None:
    said = run(phoenix, tmp_path, "samba", {"user": "x", "password": {"env": "NOT A NAME", "file": "canary"}})
    assert said.code == 2
    assert "canary" not in said.err
