"""What must hold of files and volumes after a change: silent where it does, and telling where it does not."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from phoenix_hypervisor.features.lifecycle.conditions import Condition
from phoenix_hypervisor.features.lifecycle.effects import (
    Datasets,
    FolderIs,
    Holds,
    IdsAllowed,
    NoDatasets,
    NothingUnnamed,
    OwnIdentity,
    Stamped,
    Unmarked,
)
from phoenix_hypervisor.simulator.node import Node
from rig import SCRIPT, small

MARKS = "/var/lib/phoenix_hypervisor/creating"
ROOT = "/tank/lxc/subvol-150-disk-0"
DIGEST = hashlib.sha256(SCRIPT.encode()).hexdigest()
APP = "/var/lib/phoenix/scripts/app.sh"
MARKED = f"mkdir -p {MARKS} && echo none >{MARKS}/150"


@pytest.fixture(scope="module")
def converged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("converged")
    rig = small(folder / "etc")
    rig.converge()
    rig.node.files.mkdir("/srv/media", parents=True)
    rig.node.files.write("/etc/subuid", "root:100000:65536\nroot:1000:1\n")
    rig.node.save(folder / "node.json")
    return folder / "node.json"


@pytest.fixture
def node(converged: Path) -> Node:
    return Node.load(converged)


def told(node: Node, condition: Condition) -> str | None:
    fact = condition.fact()
    return condition.wrong(fact.parse(node.run(fact.command.argv, fact.command.stdin)))


def digest_of(node: Node) -> str:
    return node.files.read("/tank/lxc/subvol-900-disk-0/var/lib/phoenix/layers/base_setup").strip()


CASES: list[tuple[Condition, str, str]] = [
    # what holds, the harm, what is told then
    (Unmarked(150), MARKED, "the mark of the creation of CT 150 is still there"),
    (NoDatasets(("tank/gone", "tank/other")), "zfs create tank/other", "tank/other is still there"),
    (Datasets(("tank/lxc", "tank/lxc/subvol-150-disk-0")), "pct stop 150; zfs destroy -r tank/lxc/subvol-150-disk-0",
     "tank/lxc/subvol-150-disk-0 is not there"),
    (Holds(950, APP, DIGEST), f"pct exec 950 -- sh -c 'echo >>{APP}'", f"{APP} is not the one that was planned"),
    (FolderIs("/srv/media", "0:0"), "chown 1000 /srv/media", "/srv/media is no folder of 0:0"),
    (FolderIs("/srv/media", "0:0"), "rmdir /srv/media", "/srv/media is no folder of 0:0"),
    (IdsAllowed("/etc/subuid", ((1000, 1),)), "sed -i /:1000:/d /etc/subuid", "/etc/subuid lacks 1000:1"),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "harm", "text"), CASES, ids=[type(row[0]).__name__ for row in CASES])
def test_it_tells_of_its_opposite_only(node: Node, condition: Condition, harm: str, text: str) -> None:
    assert told(node, condition) is None
    done = node.run(["sh", "-c", harm])
    assert done.ok, done
    assert text in (told(node, condition) or "")


def test_a_stamp_is_the_one_that_was_planned(node: Node) -> None:
    assert told(node, Stamped(900, "base_setup", digest_of(node))) is None
    assert told(node, Stamped(900, "base_setup", "0123456789abcdef")) == "base_setup is not stamped"
    assert told(node, Stamped(900, "docker", digest_of(node))) == "docker is not stamped"


def test_what_a_creation_allocated_and_nothing_names_is_told(node: Node) -> None:
    assert node.run(["sh", "-c", f"{MARKED} && zfs create tank/lxc/subvol-150-disk-7"]).ok
    assert "subvol-150-disk-7 is still there" in (told(node, NothingUnnamed(150, ("tank-lxc",))) or "")
    assert node.run(["zfs", "destroy", "tank/lxc/subvol-150-disk-7"]).ok
    assert told(node, NothingUnnamed(150, ("tank-lxc",))) is None


@pytest.mark.parametrize("ctid", [None, 150])
def test_an_identity_is_a_containers_own(node: Node, ctid: int | None) -> None:
    condition = OwnIdentity(ROOT if ctid is None else "/tank/lxc", "ct150", ctid)
    assert node.run(["sh", "-c", f"pct stop 150; : >{ROOT}/etc/machine-id"]).ok
    assert told(node, condition) is None
    assert node.run(["sh", "-c", f"cp /tank/lxc/subvol-900-disk-0/etc/ssh/ssh_host_ed25519_key.pub {ROOT}/etc/ssh"]).ok
    assert told(node, condition)
