"""``--deep`` looks into containers with model servers: what differs there is said by name, and put right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Phoenix

PLACE = {"storage_pool": "local-zfs", "storage_size_gb": 8, "unprivileged": True}
TARBALL = "local:vztmpl/ubuntu-24.04-standard_24.04-2_amd64.tar.zst"
CONTAINERS = {
    "950": {
        **PLACE,
        "name": "chat",
        "template": TARBALL,
        "network_config": {"name": "eth0", "bridge": "vmbr0", "ip": "10.0.0.9/24", "gw": "10.0.0.1"},
        "gpu_assignment": "0",
        "vllm_model": "a/b",
        "vllm_args": ["--api-key", "key-of-mine"],
        "features": ["ollama"],
    }
}
DRIFTS = {
    "stopped": ("systemctl stop vllm", "vllm", "it is inactive, enabled"),
    "edited": ("sed -i s/8000/8001/ /etc/systemd/system/vllm.service", "vllm", "its content differs"),
    "another version": (
        "/opt/vllm/bin/python3 -m pip install --quiet vllm==0.11.0",
        "vllm",
        "vllm 0.11.0, was 0.11.2",
    ),
    "a package less": ("rm -rf /opt/vllm/lib/python3.13/site-packages/torch-*", "vllm", "torch is gone, was 2.9.0"),
    "readable": ("chmod 644 /etc/vllm/keys.env", "vllm", "/etc/vllm/keys.env: it differs"),
    "another program": ("sed -i s/0.14.3/0.13.5/ /opt/ollama/bin/ollama", "ollama", "0.13.5 is there, 0.14.3 is kept"),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    etc = tmp_path_factory.mktemp("etc")
    (etc / "phoenix_hypervisor_config.json").write_text("{}")
    documents = {"nvidia_driver_version": "580.76.05", "lxc_configs": CONTAINERS}
    (etc / "phoenix_lxc_configs.json").write_text(json.dumps(documents))
    return etc


def test_each_drift_is_named_and_put_right(phoenix: Phoenix, site: Path, tmp_path: Path) -> None:
    where = ("--etc", site, "--on", f"sim:{tmp_path}/node.json")
    assert phoenix("apply", *where, "--yes").code == 0

    def inside(line: str) -> None:
        change = ("lxc-attach", "-n", "950", "--", "sh", "-c", line)
        assert phoenix("sim", "run", tmp_path / "node.json", "--", *change).code == 0

    inside("sleep 60")
    assert phoenix("plan", *where, "--deep", "--output", "json").json["steps"] == []
    for line, layer, said in DRIFTS.values():
        inside(line)
        assert phoenix("plan", *where, "--output", "json").json["steps"] == []
        steps = phoenix("plan", *where, "--deep", "--output", "json").json["steps"]
        assert [step["id"] for step in steps] == [f"950:{layer}"]
        assert said in steps[0]["reason"]
        assert "key-of-mine" not in json.dumps(steps)
        assert phoenix("apply", *where, "--deep", "--yes").code == 0
        inside("sleep 60")
        assert phoenix("plan", *where, "--deep", "--output", "json").json["steps"] == []
