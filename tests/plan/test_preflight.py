"""What the configuration asks of a node that cannot be had there, said before anything is touched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from phoenix_hypervisor.plan.preflight import preflight
from rig import HOST, Rig, container, fitted, site_of
from scenarios import base


def rig_of(folder: Path, host: dict[str, Any] | None = None, **clones: dict[str, Any]) -> Rig:
    """A template 900 and its clones, ctNNN."""
    documents = {"900": base()}
    for name, fields in clones.items():
        ctid = name.removeprefix("ct")
        documents[ctid] = container(int(ctid), clone_from_ctid="900", **fields)
    return fitted(site_of(folder / "etc", {"lxc_configs": documents}, host or HOST))


def told(rig: Rig) -> list[tuple[str, str]]:
    found = preflight(rig.site, rig.site.containers, rig.look())
    return [(problem.code, problem.path) for problem in found]


@pytest.mark.parametrize(
    ("other", "codes"),
    [({}, ["cloning-conflict"]), ({"cloning": "full"}, []), ({"cloning": "native"}, [])],
    ids=["by default", "full", "native"],
)
def test_a_template_is_cloned_natively_or_by_snapshot(tmp_path: Path, other: dict[str, Any], codes: list[str]) -> None:
    """On a zfspool what says nothing is cloned by snapshot: only the node tells."""
    rig = rig_of(tmp_path, ct150={"cloning": "native"}, ct160=other)
    assert [code for code, _ in told(rig)] == codes


def test_a_folder_below_a_dataset_waits_for_the_dataset(tmp_path: Path) -> None:
    dataset = {"name": "media", "pool": "tank", "proxmox_storage_type": "dir", "proxmox_content_type": "iso"}
    own = {"name": "lxc", "pool": "tank", "proxmox_storage_type": "zfspool", "proxmox_content_type": "rootdir,images"}
    host = {**HOST, "zfs": {"pools": [{"name": "tank"}], "datasets": [own, dataset]}}
    mounts = [{"host_path": path, "container_path": f"/mnt{path}"} for path in ("/tank/media/films", "/tank/mediadata")]
    rig = rig_of(
        tmp_path,
        host,
        ct150={
            "mount_points": mounts,
        },
    )
    rig.node.run(["zfs", "destroy", "-r", "tank/media"])
    assert ("dataset-missing", "lxc_configs.150.mount_points") in told(rig)
    assert len([code for code, _ in told(rig) if code == "dataset-missing"]) == 1
    assert rig.node.run(["zfs", "create", "tank/media"]).ok
    assert "dataset-missing" not in [code for code, _ in told(rig)]
