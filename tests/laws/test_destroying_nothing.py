"""Whatever is on a disk: no pool is made there, not one changing command runs, and the content can be read after it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from phoenix_hypervisor.simulator.disks.contents import KINDS
from phoenix_hypervisor.simulator.node import Node
from rig import Rig, site_of

SOUND, TAKEN = "ata-SOUND_1", "ata-TAKEN_2"
VERSIONS = pytest.mark.parametrize("version", [8, 9])


def host(*disks: str, level: str = "mirror") -> dict[str, Any]:
    paths = [f"/dev/disk/by-id/{disk}" for disk in disks]
    pool = {"name": "tank", "raid_level": level, "disks": paths}
    return {"zfs": {"pools": [pool], "datasets": [{"name": "x", "pool": "tank"}], "arc_max_gb": 4}}


def rig_with(folder: Path, kind: str, version: int = 9, allowed: str = "") -> Rig:
    node = Node.new(version=version)
    for name in (SOUND, TAKEN):
        node.add_disk(name, 1 << 40)
    node.put_on_disk(TAKEN, kind)
    site = site_of(folder, {"lxc_configs": {}}, host(SOUND, TAKEN))
    return Rig(site, node, whole=True, allowed=frozenset({allowed} - {""}))


@VERSIONS
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_disk_with_anything_on_it_is_refused(tmp_path: Path, kind: str, version: int) -> None:
    rig = rig_with(tmp_path, kind, version)
    before = rig.node.disk_content(TAKEN)
    plan = rig.plan()
    stands = [*(each.reason for each in plan.refused), *(each.reason for each in plan.blocked)]
    assert any(TAKEN in reason for reason in stands), stands
    assert not [step.id for step in plan.steps if "zfs.pool" in step.id or "zfs.dataset" in step.id]
    assert rig.node.disk_content(TAKEN) == before
    assert all(each.hint for each in plan.refused)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_is_in_use_cannot_be_allowed_away(tmp_path: Path, kind: str) -> None:
    """Of what may be lost, each is named; of what is in use, none is offered."""
    refused = rig_with(tmp_path / "asked", kind).plan().refused
    if not refused:
        assert rig_with(tmp_path / "asked again", kind).plan().blocked
        return
    assert len({each.loses for each in refused}) == 1
    rig = rig_with(tmp_path / "allowed", kind, allowed=refused[0].loses)
    assert rig.plan().refused == ()
    rig.converge()
    assert rig.plan().empty
    assert rig.node.run(["zpool", "status", "tank"]).ok


def test_a_disk_that_is_filled_between_plan_and_change_is_left_alone(tmp_path: Path) -> None:
    node = Node.new()
    for name in (SOUND, TAKEN):
        node.add_disk(name, 1 << 40)
    rig = Rig(site_of(tmp_path, {"lxc_configs": {}}, host(SOUND, TAKEN)), node, whole=True)
    before: list[Any] = []

    def fill(_: object) -> None:
        if rig.transport.sent and not before:
            node.put_on_disk(TAKEN, "ext4")
            before.append(node.disk_content(TAKEN))

    rig.watch = fill
    summary = rig.apply(jobs=1)
    assert "host:zfs.pool:tank" in summary.failed
    assert node.disk_content(TAKEN) == before[0]
    assert "tank" not in node.zfs.pools
