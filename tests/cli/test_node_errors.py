"""Errors that only a node can show, each on a plain installation that was fitted to nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import Phoenix

TARBALL = "local:vztmpl/ubuntu-24.04-standard_24.04-2_amd64.tar.zst"


def write(folder: Path, host: dict[str, Any] | None = None, **fields: Any) -> Path:
    folder.mkdir(exist_ok=True)
    base = {
        "name": "one",
        "template": TARBALL,
        "storage_pool": "local-zfs",
        "storage_size_gb": 8,
        "network_config": {"name": "eth0", "bridge": "vmbr0", "ip": "10.0.0.9/24", "gw": "10.0.0.1"},
        "unprivileged": True,
        "is_template": True,
    }
    configs = {"900": base | fields}
    lxc = {"nvidia_driver_version": "580.76.05", "lxc_configs": configs}
    (folder / "phoenix_lxc_configs.json").write_text(json.dumps(lxc))
    (folder / "phoenix_hypervisor_config.json").write_text(json.dumps(host or {}))
    return folder


@pytest.fixture
def node(phoenix: Phoenix, tmp_path: Path) -> Path:
    file = tmp_path / "node.json"
    assert phoenix("sim", "new", file).code == 0
    return file


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"storage_pool": "nowhere"}, "storage-not-declared"),
        ({"storage_pool": "local"}, "storage-without-rootdir"),
        ({"network_config": {"bridge": "vmbr9", "ip": "10.0.0.9/24"}}, "bridge-missing"),
        ({"template": "/no/such/tarball.tar.zst"}, "tarball-missing"),
        ({"template": "nowhere:vztmpl/debian.tar.zst"}, "tarball-missing"),
        ({"gpu_assignment": "0"}, "gpu-not-on-node"),
        ({"dependencies": ["901"]}, "dependency-missing"),
        ({"application_script": "nowhere.sh"}, "script-missing"),
        ({"storage_pool": None}, "missing-field"),
        ({"template": None}, "missing-field"),
        ({"storage_size_gb": None}, "missing-field"),
    ],
)
def test_what_the_node_lacks(phoenix: Phoenix, node: Path, tmp_path: Path, fields: dict[str, Any], code: str) -> None:
    given = {key: value for key, value in fields.items() if value is not None}
    etc = write(tmp_path / "etc", **given)
    for key in (key for key, value in fields.items() if value is None):
        document = json.loads((etc / "phoenix_lxc_configs.json").read_text())
        del document["lxc_configs"]["900"][key]
        (etc / "phoenix_lxc_configs.json").write_text(json.dumps(document))
    before = node.read_bytes()
    for verb in (["plan"], ["apply", "--yes"]):
        said = phoenix(*verb, "--etc", etc, "--on", f"sim:{node}")
        assert said.code == 2, said
        assert f"[{code}]" in said.err
    assert node.read_bytes() == before


def test_a_dependency_that_the_node_has_is_a_warning(phoenix: Phoenix, node: Path, tmp_path: Path) -> None:
    etc = write(tmp_path / "etc", dependencies=["901"])
    phoenix("sim", "run", node, "pveam", "download", "local", TARBALL.rpartition("/")[2])
    assert phoenix("sim", "run", node, "pct", "create", "901", TARBALL, "--rootfs", "local-zfs:4").code == 0
    said = phoenix("plan", "--etc", etc, "--on", f"sim:{node}")
    assert said.code == 0 and "warning" in said.err and "dependency-missing" in said.err


def test_a_foreign_guest_is_never_touched(phoenix: Phoenix, node: Path, tmp_path: Path) -> None:
    etc = write(tmp_path / "etc")
    phoenix("sim", "run", node, "pveam", "download", "local", TARBALL.rpartition("/")[2])
    assert phoenix("sim", "run", node, "pct", "create", "900", TARBALL, "--rootfs", "local-zfs:4").code == 0
    conf = phoenix("sim", "run", node, "cat", "/etc/pve/lxc/900.conf").out
    said = phoenix("plan", "--etc", etc, "--on", f"sim:{node}")
    assert said.code == 0 and "not made by Phoenix" in said.out
    said = phoenix("apply", "--etc", etc, "--on", f"sim:{node}", "--yes")
    assert said.code == 1
    assert phoenix("sim", "run", node, "cat", "/etc/pve/lxc/900.conf").out == conf


def test_a_tarball_that_the_storage_can_fetch_is_fetched(phoenix: Phoenix, node: Path, tmp_path: Path) -> None:
    etc = write(tmp_path / "etc")
    said = phoenix("apply", "--etc", etc, "--on", f"sim:{node}", "--yes", "--output", "json")
    assert said.code == 0, said
    assert f"download:{TARBALL}" in said.json["done"]


def test_a_locked_container_is_left_alone_and_the_rest_goes_on(phoenix: Phoenix, node: Path, tmp_path: Path) -> None:
    etc = write(tmp_path / "etc")
    document = json.loads((etc / "phoenix_lxc_configs.json").read_text())
    document["lxc_configs"]["900"]["cores"] = 2
    second = document["lxc_configs"]["900"] | {"name": "two", "network_config": {"ip": "10.0.0.10/24"}}
    document["lxc_configs"]["901"] = second
    (etc / "phoenix_lxc_configs.json").write_text(json.dumps(document))
    assert phoenix("apply", "900", "--etc", etc, "--on", f"sim:{node}", "--yes").code == 0
    phoenix("sim", "run", node, "sed", "-i", "s/^cores: 2/cores: 7/;1i lock: backup", "/etc/pve/lxc/900.conf")
    said = phoenix("apply", "--etc", etc, "--on", f"sim:{node}", "--yes")
    assert said.code == 1 and "locked (backup)" in said.out
    listed = phoenix("sim", "run", node, "pct", "list").out
    assert "901" in listed and "backup" in listed


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 99}', "\x00\x01"])
def test_a_file_that_is_no_node_is_told(phoenix: Phoenix, tmp_path: Path, content: str) -> None:
    file = tmp_path / "broken.json"
    file.write_text(content)
    said = phoenix("plan", "--etc", write(tmp_path / "etc"), "--on", f"sim:{file}")
    assert said.code in (1, 2) and str(file) in said.err
    assert file.read_text() == content


def test_an_id_that_a_virtual_machine_has_is_left_to_it(phoenix: Phoenix, node: Path, tmp_path: Path) -> None:
    made = phoenix("sim", "run", node, "sh", "-c", "echo 'memory: 512' >/etc/pve/qemu-server/900.conf")
    assert made.code == 0, made
    said = phoenix("plan", "--etc", write(tmp_path / "etc"), "--on", f"sim:{node}")
    assert said.code == 0 and "the id 900 belongs to a virtual machine on pve1" in said.out


@pytest.mark.parametrize(
    ("storage", "cloning", "text"),
    [
        ("files=dir:/srv/files:rootdir", "snapshot", "needs a zfspool"),
        ("files=dir:/srv/files:rootdir", "native", "makes no linked clones"),
        ("other=zfspool:tank/other", "snapshot", "a ZFS clone stays on the dataset"),
        ("other=zfspool:tank/other", "native", "a linked clone stays on the storage"),
    ],
)
def test_a_clone_that_the_storage_cannot_make_is_refused(
    phoenix: Phoenix, tmp_path: Path, storage: str, cloning: str, text: str
) -> None:
    file = tmp_path / "with-storage.json"
    assert phoenix("sim", "new", file, "--storage", storage).code == 0
    etc = write(tmp_path / "etc")
    document = json.loads((etc / "phoenix_lxc_configs.json").read_text())
    clone = {"name": "two", "clone_from_ctid": "900", "storage_pool": storage.partition("=")[0]}
    document["lxc_configs"]["901"] = clone | {"storage_size_gb": 8, "unprivileged": True, "cloning": cloning}
    (etc / "phoenix_lxc_configs.json").write_text(json.dumps(document))
    said = phoenix("plan", "--etc", etc, "--on", f"sim:{file}")
    assert said.code == 2 and text in said.err and "cloning-not-available" in said.err
