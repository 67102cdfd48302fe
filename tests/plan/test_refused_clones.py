"""Clones that what is there of their source rules out: only making that anew changes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from phoenix_hypervisor.simulator.node import Node
from rig import HOST, TARBALL, Rig, container, fitted, site_of
from scenarios import base


def documents(cloning: str, *ctids: int, **fields: Any) -> dict[str, Any]:
    clones = {str(ctid): container(ctid, clone_from_ctid="900", cloning=cloning, **fields) for ctid in ctids}
    return {"lxc_configs": {"900": base(), **clones}}


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("snapshot", "native", "its source 900 is no template of Proxmox's"),
        ("native", "snapshot", "its source 900 is a template of Proxmox's"),
    ],
)
def test_a_source_that_was_made_for_another_way(tmp_path: Path, before: str, after: str, reason: str) -> None:
    rig = fitted(site_of(tmp_path, documents(before, 150), HOST))
    rig.converge()
    changed = Rig(site_of(tmp_path, documents(after, 150, 160), HOST), rig.node)
    blocked = {each.target: each.reason for each in changed.plan().blocked}
    assert set(blocked) == {"160"} and reason in blocked["160"]
    guests = rig.node.run(["pct", "list"]).stdout
    changed.apply()
    assert rig.node.run(["pct", "list"]).stdout == guests


def test_a_source_that_is_on_no_zfs(tmp_path: Path) -> None:
    """It was made elsewhere before it was declared on a zfspool."""
    plain = {"storage_pool": "plain", "storage_size_gb": 4}
    first = {"900": container(900, template=TARBALL, template_snapshot_name="base", **plain)}
    node = Node.new()
    node.add_storage("plain", "dir", "rootdir", path="/srv/plain")
    rig = fitted(site_of(tmp_path, {"lxc_configs": first}, HOST), node)
    rig.converge()
    changed = fitted(site_of(tmp_path, documents("snapshot", 150), HOST), rig.node)
    blocked = {each.target: each.reason for each in changed.plan().blocked}
    assert "its source 900 is not on ZFS" in blocked["150"]
