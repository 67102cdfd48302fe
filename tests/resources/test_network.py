"""The node's address: changed only where it differs, and back by itself when nobody answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from features.host.converging import changes, converge, look
from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.resources.network import PATH, InterfaceAddress
from phoenix_hypervisor.simulator.faults import Fault, Kind
from phoenix_hypervisor.simulator.node import Node
from phoenix_hypervisor.simulator.process import Process, Run

OLD = f"{PATH}.phoenix-old"
UNDO = "phoenix-network-undo"
BUSY = "error: Another instance of this program is already running."
SAME = InterfaceAddress(name="vmbr0", address="10.0.0.2/24", gateway="10.0.0.1")
OTHER = InterfaceAddress(name="vmbr0", address="10.0.0.7/24", gateway="10.0.0.1")
AWAY = InterfaceAddress(name="vmbr0", address="10.0.0.7/24", gateway="10.0.0.99")


def run(node: Node, commands: list[Command]) -> Result:
    (command,) = commands
    return node.run(command.argv, command.stdin)


def addresses(node: Node) -> str:
    return node.run(["ip", "-4", "-o", "address", "show", "dev", "vmbr0"]).stdout


@pytest.mark.parametrize("version", [8, 9])
def test_the_address_changes_and_nothing_else(version: int) -> None:
    node = Node.new(version=version)
    before = node.files.read(PATH)
    assert changes(node, [SAME]) == []
    converge(node, [OTHER])
    assert node.files.read(PATH) == before.replace("10.0.0.2/24", "10.0.0.7/24")
    assert node.files.read(OLD) == before
    assert "10.0.0.7/24" in addresses(node) and "10.0.0.2/24" not in addresses(node)
    node.clock += 200
    assert node.run(["true"]).ok and "10.0.0.7/24" in addresses(node)


def test_it_changes_back_at_once_when_the_gateway_does_not_answer() -> None:
    node = Node.new()
    before = node.files.read(PATH)
    done = run(node, changes(node, [AWAY]))
    assert not done.ok and "10.0.0.99 does not answer: the old configuration is put back" in done.stderr
    assert done.seconds < 90
    assert node.files.read(PATH) == before
    assert "10.0.0.2/24" in addresses(node) and "10.0.0.7/24" not in addresses(node)
    assert not node.run(["systemctl", "is-active", f"{UNDO}.timer"]).ok


def test_what_ifreload_refuses_is_never_loaded() -> None:
    node = Node.new()
    before = node.files.read(PATH)
    (command,) = changes(node, [OTHER])
    node.faults.add(Fault(Kind.FAIL, ("ifreload", "-a", "--syntax-check")))
    done = node.run(command.argv, command.stdin)
    assert not done.ok and "ifreload refuses the new configuration: the old configuration is put back" in done.stderr
    assert node.files.read(PATH) == before
    assert "10.0.0.2/24" in addresses(node) and "10.0.0.7/24" not in addresses(node)


def loaded(node: Node, wanted: InterfaceAddress) -> tuple[Process, Run]:
    """A change that runs, as far as that the new address is in force."""
    (command,) = changes(node, [wanted])
    process = node.start(command.argv, command.stdin)
    running = node.execute(process)
    while "10.0.0.7/24" not in addresses(node):
        node.clock += next(running)
    return process, running


def rest(node: Node, running: Run) -> int:
    """What it exits with."""
    while True:
        try:
            node.clock += next(running)
        except StopIteration as end:
            return int(end.value)


@pytest.mark.parametrize("busy", [1, 7])
def test_a_reload_by_somebody_else_is_waited_for_on_both_ways(busy: int) -> None:
    there = Fault(Kind.FAIL, ("ifreload", "-a"), times=busy, skip=1, text=BUSY)
    node = Node.new()
    node.faults.add(there)
    converge(node, [OTHER])
    assert "10.0.0.7/24" in addresses(node)

    node = Node.new()
    before = node.files.read(PATH)
    _, running = loaded(node, AWAY)
    running.close()
    node.faults.add(replace(there, skip=0))
    node.clock += 200
    assert node.run(["true"]).ok and node.files.read(PATH) == before
    assert "10.0.0.2/24" in addresses(node) and "10.0.0.7/24" not in addresses(node)


def test_what_cannot_be_put_back_at_once_is_tried_again_by_the_timer() -> None:
    node = Node.new()
    before = node.files.read(PATH)
    process, running = loaded(node, AWAY)
    node.faults.add(Fault(Kind.FAIL, ("ifreload", "-a"), times=1))
    assert rest(node, running) == 1 and "is put back" in "".join(process.err)
    assert "10.0.0.7/24" in addresses(node) and node.run(["systemctl", "is-active", f"{UNDO}.timer"]).ok
    node.clock += 100
    assert node.run(["true"]).ok
    assert node.files.read(PATH) == before and "10.0.0.2/24" in addresses(node)


def test_one_that_was_put_back_meanwhile_has_not_succeeded() -> None:
    node = Node.new()
    before = node.files.read(PATH)
    process, running = loaded(node, OTHER)
    node.files.write(PATH, before)
    assert rest(node, running) == 1
    assert "the old configuration was put back meanwhile" in "".join(process.err)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (f"{PATH}.d/theirs", "auto vmbr7\niface vmbr7 inet static\n\taddress 10.7.0.1/24\n\tbridge-ports none\n"),
        (PATH, "\nauto vmbr0\niface vmbr0 inet6 static\n\taddress fd00::7/64\n"),
    ],
)
def test_edits_of_somebody_else_that_are_not_in_force_stand_in_the_way(path: str, text: str) -> None:
    node = Node.new()
    assert node.run(["ifreload", "-a"]).ok
    node.clock += 5
    node.files.mkdir(f"{PATH}.d", parents=True)
    node.files.write(path, text, append=True)
    (obstacle,) = OTHER.verdict(look(node, [OTHER])).obstacles
    assert "address" in obstacle.reason and "not in force" in obstacle.reason and "ifreload -a" in obstacle.hint
    assert SAME.verdict(look(node, [SAME])).obstacles == ()
    assert node.run(["ifreload", "-a"]).ok
    assert OTHER.verdict(look(node, [OTHER])).obstacles == ()


def test_an_address_that_came_from_elsewhere_is_no_edit() -> None:
    node = Node.new()
    assert node.run(["ifreload", "-a"]).ok
    node.clock += 5
    assert node.run(["ip", "address", "del", "10.0.0.2/24", "dev", "vmbr0"]).ok
    assert not node.run(["ifquery", "-a", "--check"]).ok
    assert OTHER.verdict(look(node, [OTHER])).obstacles == ()


def test_it_changes_back_by_itself_when_the_run_ends_in_between() -> None:
    node = Node.new()
    before = node.files.read(PATH)
    _, running = loaded(node, AWAY)
    running.close()
    assert "about to be undone" in run(node, changes(node, [OTHER])).stderr
    node.clock += 100
    assert node.run(["true"]).ok
    assert node.files.read(PATH) == before and "10.0.0.2/24" in addresses(node)


def test_a_file_that_changed_since_it_was_read_is_left_alone() -> None:
    node = Node.new()
    commands = changes(node, [OTHER])
    node.files.write(PATH, "# by hand\n", append=True)
    before = node.files.read(PATH)
    done = run(node, commands)
    assert not done.ok and "changed meanwhile" in done.stderr and node.files.read(PATH) == before


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, ""),
        ({"address": "10.0.0.7/24"}, "the address of vmbr0 changes from 10.0.0.2/24 to 10.0.0.7/24: connections"),
        (
            {"address": "10.0.0.7/24", "gateway": "10.0.0.99"},
            "from 10.0.0.2/24 to 10.0.0.7/24, its gateway from 10.0.0.1 to 10.0.0.99: connections break",
        ),
        ({"gateway": "10.0.0.99"}, "the gateway of vmbr0 changes from 10.0.0.1 to 10.0.0.99: connections from other"),
    ],
)
def test_the_plan_tells_what_changes_for_those_who_are_connected(fields: dict[str, str], told: str) -> None:
    node = Node.new()
    wanted = SAME.model_copy(update=fields)
    notes = wanted.verdict(look(node, [wanted])).notes
    assert [told in note and note.endswith("gateway does not answer then.") for note in notes] == [True] * bool(told)


def test_a_first_gateway_comes_from_none() -> None:
    node = Node.new()
    node.files.write(PATH, node.files.read(PATH).replace("\tgateway 10.0.0.1\n", ""))
    (note,) = SAME.verdict(look(node, [SAME])).notes
    assert "the gateway of vmbr0 changes from none to 10.0.0.1" in note


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        (PATH, "auto lo\niface lo inet loopback\n", "no stanza for vmbr0"),
        (PATH, "iface vmbr0 inet manual\n\niface vmbr0 inet manual\n", "2 stanzas"),
        (PATH, "iface vmbr0 inet static\n\taddress 10.0.0.2/24 \\\n\n", "backslash"),
        (f"{PATH}.d/bridge", "iface vmbr0 inet manual\n", f"{PATH}.d/bridge"),
        (
            f"{PATH}.d/other",
            "iface vmbr1 inet static\n\taddress 10.1.0.2/24\n\tgateway 10.1.0.1\n",
            "one default route",
        ),
        (f"{PATH}.new", "iface vmbr0 inet manual\n", "web interface"),
    ],
)
def test_what_cannot_be_merged_is_told(path: str, text: str, reason: str) -> None:
    node = Node.new()
    node.files.mkdir(f"{PATH}.d", parents=True)
    node.files.write(path, text)
    (obstacle,) = OTHER.verdict(look(node, [OTHER])).obstacles
    assert reason in obstacle.reason and obstacle.hint


def test_an_address_that_the_cluster_speaks_over_stays() -> None:
    node = Node.new()
    node.files.write("/etc/pve/corosync.conf", "nodelist {\n  node {\n    ring0_addr: 10.0.0.2\n  }\n}\n")
    (obstacle,) = OTHER.verdict(look(node, [OTHER])).obstacles
    assert "corosync.conf names 10.0.0.2" in obstacle.reason
    assert SAME.verdict(look(node, [SAME])).obstacles == ()


@pytest.mark.parametrize("name", ["vmbr0; reboot", "-a", "../x", "a b", ""])
def test_hostile_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        InterfaceAddress(name=name, address="10.0.0.2/24")
