"""The real configuration files of three generations: exactly the errors that are truly there."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from phoenix_hypervisor.config.load import load

ERRORS = {
    "2025-08-29": [
        ("privilege-differs-from-source", "lxc_configs.901.unprivileged"),
        ("privilege-differs-from-source", "lxc_configs.903.unprivileged"),
    ],
    "2025-09-01": [],
    "2025-09-05": [],
    "2025-09-23": [
        ("duplicate-mount-point", "lxc_configs.950.zfs_volumes.0.mount_point"),
        ("duplicate-mount-point", "lxc_configs.951.zfs_volumes.0.mount_point"),
        ("share-path-unknown", "samba.shares.4.path"),
        ("storage-without-rootdir", "lxc_configs.950.zfs_volumes.0.pool"),
        ("storage-without-rootdir", "lxc_configs.951.zfs_volumes.0.pool"),
        ("zfspool-content", "zfs.datasets.6.proxmox_content_type"),
        ("zfspool-content", "zfs.datasets.7.proxmox_content_type"),
        ("zfspool-content", "zfs.datasets.9.proxmox_content_type"),
    ],
}


@pytest.mark.parametrize("generation", ERRORS)
def test_exactly_these_errors(examples: Path, generation: str) -> None:
    found = load(examples / generation)
    assert found.site is not None
    assert sorted((problem.code, problem.path) for problem in found.errors) == ERRORS[generation]


@pytest.mark.parametrize("generation", ERRORS)
def test_no_problem_is_told_twice(examples: Path, generation: str) -> None:
    found = load(examples / generation)
    assert [text for text, count in Counter(map(str, found.problems)).items() if count > 1] == []


def test_our_own_example_has_none(repository: Path) -> None:
    assert load(repository / "examples/ai-lab").problems == ()
