"""Services and directories."""

from __future__ import annotations

import pytest

from features.host.converging import changes, converge, look
from phoenix_hypervisor.resources import due
from phoenix_hypervisor.resources.directory import Directory
from phoenix_hypervisor.resources.file import HEADER, File
from phoenix_hypervisor.resources.service import Service
from phoenix_hypervisor.simulator.faults import Fault, Kind
from phoenix_hypervisor.simulator.node import Node

UNIT = "chrony.service"
CONF = File(name="/etc/chrony/conf.d/phoenix.conf", text=f"# {HEADER}\npool ntp.example\n", notify=(UNIT,))


def lines(node: Node, service: Service) -> list[str]:
    return [" ".join(command.argv) for command in changes(node, [service])]


def test_what_runs_and_is_enabled_is_left_alone() -> None:
    assert lines(Node.new(), Service(name=UNIT)) == []


@pytest.mark.parametrize(
    ("drift", "repaired"),
    [
        ("systemctl stop chrony", "systemctl start chrony.service"),
        ("systemctl disable chrony", "systemctl enable chrony.service"),
    ],
)
def test_a_stopped_or_disabled_service_is_brought_back(drift: str, repaired: str) -> None:
    node = Node.new()
    assert node.run(drift.split()).ok
    assert lines(node, Service(name=UNIT)) == [repaired]
    converge(node, [Service(name=UNIT)])


def test_a_service_that_is_not_to_run() -> None:
    node = Node.new()
    off = Service(name=UNIT, enabled=False, running=False)
    assert [line.split()[1] for line in lines(node, off)] == ["disable", "stop"]
    converge(node, [off])


def test_a_service_is_told_once_of_what_it_reads() -> None:
    node = Node.new()
    watching = Service(name=UNIT, watches=(CONF,), how="restart")
    converge(node, [CONF, watching])
    assert node.files.list(f"/{due.FOLDER}") == []
    assert changes(node, [CONF, watching]) == []
    assert list(watching.needs()) == [CONF.id]


def test_a_run_that_was_cut_off_before_it_was_told_goes_on_there() -> None:
    node = Node.new()
    watching = Service(name=UNIT, watches=(CONF,), how="restart")
    (write,) = CONF.change(look(node, [CONF]))
    assert node.run(write.argv, write.stdin).ok
    (told,) = changes(node, [CONF, watching])
    assert told.argv[-3:] == ("systemctl", "restart", UNIT)
    converge(node, [CONF, watching])


def test_a_service_that_could_not_be_told_is_told_by_the_next_run() -> None:
    node = Node.new()
    watching = Service(name=UNIT, watches=(CONF,), how="restart")
    write, told = changes(node, [CONF, watching])
    assert node.run(write.argv, write.stdin).ok
    node.faults.add(Fault(Kind.FAIL, ("systemctl", "restart"), times=1))
    assert not node.run(told.argv, told.stdin).ok
    assert [command.argv for command in converge(node, [CONF, watching])] == [told.argv]


def test_a_service_that_is_not_there_yet_will_be_started() -> None:
    node = Node.new()
    verbs = [line.split()[1] for line in lines(node, Service(name="smbd.service"))]
    assert verbs == ["enable", "start"]


def test_a_directory_gets_owner_and_mode_and_keeps_what_is_in_it() -> None:
    node = Node.new()
    wanted = Directory(name="/srv/share", owner="www-data", group="www-data", mode="0770")
    converge(node, [wanted])
    node.files.write("/srv/share/file", "data")
    assert node.run(["chmod", "777", "/srv/share"]).ok
    assert [command.argv[0] for command in converge(node, [wanted])] == ["chmod"]
    assert node.files.read("/srv/share/file") == "data"
    assert changes(node, [Directory(name="/srv/share")]) == []


def test_a_file_where_a_directory_should_be_stands_in_the_way() -> None:
    node = Node.new()
    node.files.write("/srv/share", "x")
    wanted = Directory(name="/srv/share")
    assert "not a directory" in wanted.verdict(look(node, [wanted])).obstacles[0].reason
