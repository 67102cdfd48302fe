"""What may be destroyed, and made anew: every reason against it by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from phoenix_hypervisor.errors import Refused
from phoenix_hypervisor.plan.build import build
from phoenix_hypervisor.plan.destroy import destroy
from rig import HOST, Rig, site_of, small, tree


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    made = small(tmp_path / "etc")
    made.converge()
    return made


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        ("pct set 150 --delete tags,description", "was not made by Phoenix"),
        ("pct set 150 --protection 1", "is protected"),
        ("pct stop 150; pct set 150 --lock backup", r"is locked \(backup\)"),
        ("pvesm set tank-lxc --disable 1", "tank-lxc of CT 150 is not on the node"),
        ("zfs clone tank/lxc/subvol-150-disk-0@configured-state tank/mine", "clones that are no containers: tank/mine"),
    ],
)
def test_what_may_not_be_destroyed(rig: Rig, harm: str, reason: str) -> None:
    assert rig.node.run(["sh", "-c", harm]).ok
    with pytest.raises(Refused, match=reason):
        destroy(rig.site, rig.look(), [150])


@pytest.mark.parametrize(("ctid", "reason"), [(900, "CT 900 has clones: 150, 901"), (950, "CT 950 is needed by 150")])
def test_what_others_hang_on_is_not_destroyed_alone(rig: Rig, ctid: int, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        destroy(rig.site, rig.look(), [ctid])
    assert destroy(rig.site, rig.look(), [150, 900, 901, 950]).steps


def test_the_id_of_a_virtual_machine_is_left_to_it(rig: Rig) -> None:
    rig.node.files.write("/etc/pve/qemu-server/100.conf", "memory: 512\n")
    with pytest.raises(Refused, match="The id 100 belongs to"):
        destroy(rig.site, rig.look(), [100])


def test_what_is_no_longer_declared_cannot_be_made_anew(rig: Rig, tmp_path: Path) -> None:
    documents = tree()
    del documents["lxc_configs"]["150"]
    rig.site = site_of(tmp_path / "etc", documents, HOST)
    with pytest.raises(Refused, match="CT 150 is not in the configuration"):
        build(rig.site, rig.look(), rebuild=[150])


def test_what_could_not_be_made_anew_is_not_destroyed(rig: Rig, tmp_path: Path) -> None:
    """It is to be on another storage now, which is off."""
    rig.node.add_storage("other", "dir", "rootdir", path="/srv/other")
    assert rig.node.run(["pvesm", "set", "other", "--disable", "1"]).ok
    documents = tree()
    documents["lxc_configs"]["150"] |= {"storage_pool": "other", "cloning": "full"}
    rig.site = site_of(tmp_path / "etc", documents, HOST)
    with pytest.raises(Refused, match="The storage other of CT 150 is not on the node"):
        build(rig.site, rig.look(), rebuild=[150])
