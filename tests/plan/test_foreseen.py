"""What containers need of the node: what its own part of the plan cannot make blocks them, in a user's words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from phoenix_hypervisor.simulator.node import Node
from rig import TARBALL, Rig, container, site_of

STORAGE = {"name": "lxc", "proxmox_storage_type": "zfspool", "proxmox_content_type": "rootdir"}
LAB: dict[str, Any] = {
    "zfs": {
        "pools": [{"name": "tank"}, {"name": "lab"}],
        "datasets": [{**STORAGE, "pool": "tank"}, {**STORAGE, "pool": "lab"}, {"name": "media", "pool": "lab"}],
    },
    "mount_point_base": "/mnt/pve",
}
MEDIA = {"host_path": "/mnt/pve/lab/media/films", "container_path": "/films"}


@pytest.mark.parametrize(
    ("fields", "needed"),
    [({"storage_pool": "lab-lxc"}, "storage lab-lxc"), ({"mount_points": [MEDIA]}, "dataset lab/media")],
)
def test_a_container_says_what_of_the_node_it_cannot_do_without(
    tmp_path: Path, fields: dict[str, Any], needed: str
) -> None:
    node = Node.new()
    node.add_pool("tank", 1 << 40)
    node.add_tarball(TARBALL)
    document = {"lxc_configs": {"900": container(900, template=TARBALL, **fields)}}
    plan = Rig(site_of(tmp_path, document, LAB), node, whole=True).plan()
    assert [each.reason for each in plan.blocked if each.target == "900"] == [f"it needs {needed}, which cannot go on"]
    assert not [step.id for step in plan.steps if step.target == "900"]
