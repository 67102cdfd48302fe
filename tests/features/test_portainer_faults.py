"""Portainer when commands fail or a run is cut off: the next run ends alike, and no password is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from phoenix_hypervisor.command import Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.features.container.portainer.environment import Environment
from phoenix_hypervisor.features.container.portainer.state import look
from phoenix_hypervisor.simulator.faults import Fault, Kind
from phoenix_hypervisor.simulator.node import Node
from portainer_site import (
    AGENT,
    JOINED,
    SERVER,
    attach,
    environments,
    inside,
    rig_of,
    secretly,
    token,
)
from rig import Crash, Rig, container, load_site

KINDS = (Kind.FAIL, Kind.SILENT, Kind.LATE, Kind.DIE, Kind.GARBAGE)


def test_a_first_start_that_fails_says_why_and_leaves_no_password(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.node.faults.add(Fault(Kind.FAIL, ("docker", "run"), skip=1))
    said = rig.apply().failed["910:portainer"]
    assert "failed as told" in said
    assert not attach(rig, 910, "test", "-e", "/run/phoenix_hypervisor/portainer-password").ok
    rig.node.faults.clear()
    rig.converge()
    assert token(rig)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A node with Docker in both containers, before Portainer is declared."""
    folder = tmp_path_factory.mktemp("before")
    without = {f"ct{ctid}": container(ctid, clone_from_ctid="900", features=["docker"]) for ctid in (910, 950)}
    rig = rig_of(folder / "without", **without)
    rig.converge()
    rig.node.save(folder / "node.json")
    rig_of(folder / "etc")
    return folder


def loaded(before: Path) -> Rig:
    """The node as it was, with Portainer declared."""
    return secretly(Rig(load_site(before / "etc"), Node.load(before / "node.json")))


def check_order(rig: Rig) -> None:
    """What holds in the end, whatever happened on the way."""
    rig.node.clock += 10
    assert rig.plan().empty
    assert environments(rig) == JOINED
    for ctid, name in ((910, SERVER), (950, AGENT)):
        assert inside(rig, ctid, "docker", "ps", "--all", "--format", "{{.Names}}") == f"{name}\n"
        assert not attach(rig, ctid, "test", "-e", "/run/phoenix_hypervisor/portainer-password").ok


def test_a_change_costs_two_round_trips_and_no_change_none(before: Path) -> None:
    rig = loaded(before)
    rig.converge(jobs=1)
    looks = [command for command in rig.transport.sent if "look-for-environments" in command.stdin]
    assert ["join-server" in command.stdin for command in looks] == [False, True], "it looks, changes and looks again"
    rig.converge()
    assert not rig.transport.sent


@pytest.mark.parametrize("text", ["{", "[]", '{"Config": {}}', '{"Config": 1, "HostConfig": 2}'])
def test_what_docker_tells_and_nobody_can_read_is_no_absence(text: str) -> None:
    fact = look("portainer", "image", 9443, ())
    with pytest.raises(NodeError, match="cannot be read"):
        fact.parse(Result(0, f"docker\ncontainer {text}\n"))
    with pytest.raises(NodeError, match="could not tell what Docker has"):
        fact.parse(Result(1, "", "no"))


@pytest.mark.parametrize("text", ["no json", '[{"Id": 1}]', "[1]"])
def test_what_the_server_tells_and_nobody_can_read_is_no_absence(text: str) -> None:
    (fact,) = Environment(name="one", url="tcp://x:1", server="https://y", password=None).facts()
    with pytest.raises(NodeError, match="cannot be read"):
        fact.parse(Result(0, f"login 200\n{text}\n"))


@pytest.mark.parametrize("program", ["docker", "curl"])
def test_whatever_one_call_does_the_next_run_ends_alike(before: Path, program: str) -> None:
    number = 0
    while True:
        rig = loaded(before)
        kind = KINDS[number // 2 % len(KINDS)]
        rig.node.faults.add(Fault(kind, (program,), times=1, skip=number))
        summary = rig.apply(jobs=1)
        if len(rig.node.faults):
            break
        if not (summary.failed or summary.skipped):
            check_order(rig)
        rig.converge()
        check_order(rig)
        number += 1 if program == "docker" else 2
    assert number > 10


def test_wherever_it_is_cut_off_the_next_run_ends_alike(before: Path) -> None:
    undisturbed = loaded(before)
    undisturbed.converge(jobs=1)
    changes = [at for at, command in enumerate(undisturbed.transport.sent) if "first-start" in command.stdin]
    assert len(changes) == 1
    left: set[bool] = set()
    for yields in range(60, 480, 20):
        rig = loaded(before)
        with pytest.raises(Crash):
            rig.apply(jobs=1, crash_after=changes[0], crash_yields=yields)
        left.add(attach(rig, 910, "docker", "container", "inspect", "portainer_first_start").ok)
        rig.converge()
        check_order(rig)
    assert left == {True, False}, "a first start was cut off"
