"""Which template is chosen for a container that names none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from phoenix_hypervisor.plan.lineage import source_of
from rig import site_of

TARBALL = "local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst"


def entry(number: int, **fields: Any) -> dict[str, Any]:
    base = {"name": f"ct{number}", "storage_pool": "s1", "storage_size_gb": 8, "unprivileged": True}
    return (
        base | {"network_config": {"ip": f"10.0.{number // 100}.{number % 100 + 1}/16"}, "template": TARBALL} | fields
    )


def templates() -> dict[str, Any]:
    return {
        "900": entry(900, is_template=True, features=["base_setup"]),
        "901": entry(901, is_template=True, features=["nvidia"], clone_from_ctid="900", gpu_assignment="0"),
        "902": entry(902, is_template=True, features=["docker"], clone_from_ctid="900"),
        "903": entry(903, is_template=True, features=["docker"], clone_from_ctid="901", gpu_assignment="0"),
        "920": entry(920, is_template=True, features=["vllm"], clone_from_ctid="901", gpu_assignment="0"),
        "930": entry(930, is_template=True, features=["base_setup"], unprivileged=False),
    }


@pytest.mark.parametrize(
    ("fields", "chosen"),
    [
        ({"features": ["vllm"], "gpu_assignment": "0"}, 920),
        ({"features": ["docker"], "gpu_assignment": "0"}, 903),
        ({"features": ["docker"]}, 902),
        ({"gpu_assignment": "0"}, 901),
        ({"features": ["base_setup"]}, 900),
        ({}, 900),
        ({"unprivileged": False}, 930),
        ({"storage_pool": "s2"}, None),
        ({"storage_size_gb": 4}, None),
        ({"clone_from_ctid": "902"}, 902),
        ({"is_template": True}, None),
    ],
)
def test_the_best_template_by_need(tmp_path: Path, fields: dict[str, Any], chosen: int | None) -> None:
    configs = {**templates(), "100": entry(100, **fields)}
    site = site_of(tmp_path, {"nvidia_driver_version": "580.76.05", "lxc_configs": configs})
    assert source_of(site.containers[100], site)[0] == chosen


def test_a_clone_takes_storage_and_size_from_its_source_where_nothing_says_them(tmp_path: Path) -> None:
    clone = {"name": "ct100", "clone_from_ctid": "902", "unprivileged": True}
    grandchild = {"name": "ct101", "clone_from_ctid": "100", "unprivileged": True, "storage_size_gb": 9}
    configs = {**templates(), "100": clone | {"is_template": True}, "101": grandchild}
    site = site_of(tmp_path, {"nvidia_driver_version": "580.76.05", "lxc_configs": configs})
    assert (site.containers[100].storage, site.containers[100].size_gb) == ("s1", 8)
    assert (site.containers[101].storage, site.containers[101].size_gb) == ("s1", 9)
