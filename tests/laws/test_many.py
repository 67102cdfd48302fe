"""Many containers: still one round trip, and a hundred clones of one template at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rig import HOST, TARBALL, container, fitted, site_of


def many(count: int) -> dict[str, Any]:
    clones = {
        str(1000 + number): container(1000 + number, clone_from_ctid="900", network_config={"ip": "dhcp"})
        for number in range(count - 1)
    }
    return {"lxc_configs": {"900": container(900, template=TARBALL, template_snapshot_name="base"), **clones}}


@pytest.mark.parametrize("count", [100, 1000])
def test_a_plan_of_many_unchanged_containers_costs_one_round_trip(tmp_path: Path, count: int) -> None:
    rig = fitted(site_of(tmp_path, many(count), HOST))
    rig.converge(jobs=32)
    plan = rig.plan()
    assert plan.empty and len(plan.names) == count
    assert rig.transport.stats.round_trips == 1


def test_clones_of_one_template_go_in_parallel(tmp_path: Path) -> None:
    """ZFS clones need no lock on their source: with enough jobs, 99 take no longer than one."""
    took = []
    for count in (2, 100):
        rig = fitted(site_of(tmp_path / str(count), many(count), HOST))
        begun = rig.node.clock
        rig.converge(jobs=256)
        took.append(rig.node.clock - begun)
    assert took[1] == pytest.approx(took[0], rel=0.02)
