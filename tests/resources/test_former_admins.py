"""Users that are no longer declared: what they still may is told."""

from __future__ import annotations

import pytest

from features.host.converging import converge, look
from phoenix_hypervisor.resources.former_admins import COMMENT, FormerAdmins
from phoenix_hypervisor.resources.pve_user import PveUser
from phoenix_hypervisor.resources.user import User
from phoenix_hypervisor.simulator.node import Node

ANN = User(name="ann", comment=COMMENT)
ROLES = {
    "none": (),
    "one": (PveUser(name="ann@pam", role="PVEAdmin", path="/"),),
    "several": (
        PveUser(name="ann@pam", role="PVEAdmin", path="/"),
        PveUser(name="ann@pam", role="PVEAuditor", path="/vms"),
    ),
}


def told(node: Node, user: str) -> list[str]:
    former = FormerAdmins(user=user)
    return [f"{each.what}: {each.reason}" for each in former.verdict(look(node, [former])).kept]


@pytest.mark.parametrize(
    ("roles", "words"),
    [
        ("none", "no longer declared; delete it by hand: userdel ann"),
        ("one", "in Proxmox it still is PVEAdmin on /; delete it by hand: pveum user delete ann@pam; userdel ann"),
        ("several", "in Proxmox it still is PVEAdmin on /, PVEAuditor on /vms; delete"),
    ],
)
def test_a_former_admin_is_told_with_what_it_may_in_proxmox(roles: str, words: str) -> None:
    node = Node.new()
    converge(node, [ANN])
    for role in ROLES[roles]:
        converge(node, [role])
    (line,) = told(node, "")
    assert line.startswith("user ann: no longer declared") and words in line


def test_the_declared_user_and_users_of_others_are_not_told() -> None:
    node = Node.new()
    converge(node, [ANN, User(name="other")])
    converge(node, [PveUser(name="other@pam", role="PVEAdmin")])
    assert told(node, "ann") == []
