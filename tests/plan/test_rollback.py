"""What may be put back to a snapshot on request."""

from __future__ import annotations

from pathlib import Path

import pytest

from phoenix_hypervisor.errors import PhoenixError, Refused, UsageError
from phoenix_hypervisor.plan.rollback import roll_back
from rig import Rig, small
from scenarios import SCENARIOS


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    made = small(tmp_path / "etc")
    made.converge()
    return made


@pytest.mark.parametrize(
    ("harm", "error", "reason"),
    [
        ("pct set 150 --delete tags,description", Refused, "was not made by Phoenix"),
        ("pct set 150 --protection 1", Refused, "is protected"),
        ("pct stop 150; pct set 150 --lock backup", Refused, r"is locked \(backup\)"),
        ("sed -i 's/^snaptime: .*/&\\nsnapstate: delete/' /etc/pve/lxc/150.conf", Refused, "is unfinished"),
        ("pct delsnapshot 150 configured-state", UsageError, "has no snapshot configured-state"),
        ("pct stop 150; pct destroy 150", UsageError, "CT 150 is not on the node"),
    ],
)
def test_what_may_not_be_put_back(rig: Rig, harm: str, error: type[PhoenixError], reason: str) -> None:
    assert rig.node.run(["sh", "-c", harm]).ok
    with pytest.raises(error, match=reason):
        roll_back(rig.look(), 150, "configured-state")


def test_a_template_of_proxmox_has_nothing_to_go_back_to(tmp_path: Path) -> None:
    rig = SCENARIOS["native"].prepare(tmp_path / "etc")
    rig.converge()
    with pytest.raises(UsageError, match="is a template of Proxmox's"):
        roll_back(rig.look(), 900, "configured-state")


def test_a_near_name_is_offered(rig: Rig) -> None:
    with pytest.raises(UsageError, match='Did you mean "configured-state"'):
        roll_back(rig.look(), 150, "configured-stat")
