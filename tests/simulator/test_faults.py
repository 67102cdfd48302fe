"""Commands that misbehave as they were told: in each way, as often as said, wherever they are run."""

from __future__ import annotations

import asyncio
import json
from itertools import count
from pathlib import Path

import pytest

from phoenix_hypervisor.command import TIMED_OUT, Command, Result
from phoenix_hypervisor.errors import TransportError
from phoenix_hypervisor.simulator.faults import Fault, Kind
from phoenix_hypervisor.simulator.node import Node
from phoenix_hypervisor.simulator.persistence import NodeFileError
from phoenix_hypervisor.transport.simulated import SimulatedTransport, VirtualLoop
from simulator.driving import cut_off
from simulator.small import small_node

SNAPSHOT = ("pct", "snapshot", "102", "first")


@pytest.fixture
def node() -> Node:
    return small_node()


def state(node: Node) -> str:
    """What could have been changed: every file under /etc/pve, every dataset, who runs."""
    config = "".join(node.files.read(path) for path in sorted(node.files.glob("/etc/pve/lxc/*.conf")))
    frozen = {name: list(one.snapshots) for name, one in node.zfs.datasets.items()}
    return f"{config}{frozen}{sorted(node.guests.running)}"


def sent(node: Node, *commands: Command) -> list[Result]:
    """What comes back over a transport, one after the other."""

    async def send() -> list[Result]:
        transport = SimulatedTransport(node, "sim")
        return [await transport.run(command) for command in commands]

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(send())


@pytest.mark.parametrize(
    ("fault", "result"),
    [
        (Fault(Kind.FAIL, SNAPSHOT), Result(255, "", "pct: failed as told\n")),
        (Fault(Kind.FAIL, SNAPSHOT, text="no\nspace"), Result(255, "", "no\nspace\n")),
        (Fault(Kind.SILENT, SNAPSHOT), Result(0, "", "")),
        (Fault(Kind.GARBAGE, SNAPSHOT, text="{"), Result(0, "{", "")),
        (Fault(Kind.HANG, SNAPSHOT), Result(TIMED_OUT, "", "pct: no answer within 60 s\n")),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_a_fault_answers_and_does_nothing(node: Node, fault: Fault, result: Result) -> None:
    before = state(node)
    node.faults.add(fault)
    assert sent(node, Command(*SNAPSHOT)) == [result]
    assert state(node) == before
    node.faults.clear()
    assert sent(node, Command(*SNAPSHOT))[0].ok and state(node) != before


def test_garbage_is_no_answer_to_any_question(node: Node) -> None:
    node.faults.add(Fault(Kind.GARBAGE, ("cat",)))
    said = node.run(("cat", "/etc/pve/.vmlist"))
    assert said.ok and said.stdout
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(said.stdout)


def test_a_late_failure_has_done_everything() -> None:
    honest, late = small_node(), small_node()
    honest.run(SNAPSHOT)
    late.faults.add(Fault(Kind.LATE, ("pct",), text="connection lost"))
    result = late.run(SNAPSHOT)
    assert (result.rc, result.stderr) == (255, "connection lost\n")
    assert state(late) == state(honest)
    assert late.run(("pct", "status", "900")).rc == 2, "a failure of its own stays"


def test_a_hanging_command_costs_its_limit_and_nothing_else(node: Node) -> None:
    node.faults.add(Fault(Kind.HANG, ("pct", "stop")))
    began = node.clock
    (result,) = sent(node, Command("pct", "stop", "101", timeout=30.0))
    assert result.rc == TIMED_OUT and node.clock - began <= 30.0
    assert node.guests.is_running(101)
    inside = ("timeout", "5", "pct", "stop", "101")
    assert node.run(inside).rc == 124
    assert node.run(("pct", "stop", "101")).rc == 130, "by hand it is given up"


@pytest.mark.parametrize(
    "argv", [SNAPSHOT, ("pct", "clone", "102", "150"), ("pct", "destroy", "102")], ids=lambda a: a[1]
)
def test_what_dies_leaves_what_a_command_that_is_cut_off_leaves(argv: tuple[str, ...]) -> None:
    for pauses in count():
        cut, dying = small_node(), small_node()
        unfinished = cut_off(cut, argv, pauses)
        dying.faults.add(Fault(Kind.DIE, argv[:2], pauses=pauses))
        result = dying.run(argv)
        assert state(dying) == state(cut) and dying.clock == cut.clock
        assert dying.locks.held == set()
        assert result.rc == (137 if unfinished else 0)
        if not unfinished:
            assert pauses > 2
            return


def test_what_dies_has_said_what_it_said_so_far(node: Node) -> None:
    node.faults.add(Fault(Kind.DIE, ("sh",), pauses=1))
    assert node.run(("sh", "-c", "echo begun; sleep 5; echo done")) == Result(137, "begun\n", "")


@pytest.mark.parametrize(
    ("words", "hit"),
    [
        (("pct", "status", "101"), [True, False, False]),
        (("pct", "status"), [True, True, False]),
        (("pct",), [True, True, True]),
        (("p*",), [True, True, True]),
        (("pct", "stat*", "10[2-9]"), [False, True, False]),
        (("*", "*", "101"), [True, False, True]),
        (("pct", "status", "101", "--verbose"), [False, False, False]),
        (("/usr/sbin/pct",), [False, False, True]),
        ((), [True, True, True]),
    ],
    ids=str,
)
def test_words_are_a_beginning_and_may_be_patterns(node: Node, words: tuple[str, ...], hit: list[bool]) -> None:
    commands = [("pct", "status", "101"), ("pct", "status", "102"), ("/usr/sbin/pct", "config", "101")]
    node.faults.add(Fault(Kind.FAIL, words))
    assert [not node.run(argv).ok for argv in commands] == hit


def test_a_word_with_brackets_means_itself_too(node: Node) -> None:
    node.faults.add(Fault(Kind.FAIL, ("cat", "a[1]")))
    assert node.run(("cat", "a[1]")).rc == 255


def test_faults_count_what_matches(node: Node) -> None:
    node.faults.add(Fault(Kind.FAIL, ("true",), times=2, skip=1))
    assert [node.run(argv).rc for argv in [("false",), *[("true",)] * 5]] == [1, 0, 255, 255, 0, 0]
    assert list(node.faults) == []


def test_the_first_fault_that_is_due_wins_and_each_counts_the_call(node: Node) -> None:
    node.faults.add(Fault(Kind.FAIL, ("true",), times=1, skip=1))
    node.faults.add(Fault(Kind.FAIL, ("true",), times=1, text="second"))
    node.faults.add(Fault(Kind.FAIL, ("true",), skip=2, text="third"))
    said = [node.run(("true",)).stderr for _ in range(4)]
    assert said == ["second\n", "true: failed as told\n", "third\n", "third\n"]


@pytest.mark.parametrize("numbers", [{"times": 0}, {"skip": -1}, {"pauses": -1}])
def test_numbers_that_count_nothing_are_refused(numbers: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="1 or more"):
        Fault(Kind.FAIL, ("true",), **numbers)


SCRIPT = "#!/bin/sh\nzfs list >/dev/null || echo refused\n(zfs list || echo $?) | cat\necho $(zfs list)end\n"


def test_programs_in_scripts_misbehave(node: Node) -> None:
    node.faults.add(Fault(Kind.FAIL, ("zfs",), text="no"))
    assert node.run(("sh", "-s"), SCRIPT) == Result(0, "refused\n255\nend\n", "no\n" * 3)
    for argv in (("env", "zfs", "list"), ("xargs", "zfs"), ("sh", "-c", "exec zfs list"), ("timeout", "5", "zfs")):
        assert node.run(argv).stderr.startswith("no\n")


def test_a_script_is_one_program_by_its_path(node: Node) -> None:
    node.files.write("/root/app.sh", "#!/bin/sh\necho ran\n", mode=0o755)
    node.faults.add(Fault(Kind.FAIL, ("sh",)))
    assert node.run(("/root/app.sh",)).stdout == "ran\n"
    node.faults.add(Fault(Kind.SILENT, ("app.sh",), skip=1, times=1))
    assert [node.run(("/root/app.sh",)).stdout for _ in range(3)] == ["ran\n", "", "ran\n"]


@pytest.mark.parametrize("enter", [("pct", "exec", "101", "--"), ("lxc-attach", "-n", "101", "--")], ids=lambda a: a[0])
def test_programs_in_containers_misbehave(node: Node, enter: tuple[str, ...]) -> None:
    node.faults.add(Fault(Kind.FAIL, ("apt-get",), text="E: no network", times=2))
    assert node.run((*enter, "apt-get", "update")) == Result(255, "", "E: no network\n")
    assert node.run((*enter, "sh", "-c", "apt-get update || echo refused")).stdout == "refused\n"
    assert node.run((*enter, "apt-get", "update")).ok


def test_the_way_into_a_container_misbehaves_for_that_container(node: Node) -> None:
    assert node.run(("pct", "start", "102")).ok
    node.faults.add(Fault(Kind.SILENT, ("lxc-attach", "-n", "101", "*", "touch")))
    for ctid in ("101", "102"):
        assert node.run(("lxc-attach", "-n", ctid, "--", "touch", "/root/mark")).ok
    marks = [node.run(("lxc-attach", "-n", ctid, "--", "ls", "/root/mark")).rc for ctid in ("101", "102")]
    assert marks == [2, 0]


def test_the_nth_command_from_outside_whatever_its_words(node: Node) -> None:
    script = Command("sh", "-c", "true; cat /etc/hostname; zfs list >/dev/null")
    commands = [script, Command("no-such-program"), Command("pct", "exec", "101", "--", "true"), Command("true")]
    for ordinal in range(4):
        node.faults.add(Fault(Kind.FAIL, skip=ordinal, times=1, text="hit", top=True))
        assert [result.stderr == "hit\n" for result in sent(node, *commands)] == [n == ordinal for n in range(4)]
        assert len(node.faults) == 0
    node.faults.add(Fault(Kind.FAIL, skip=4, times=1, top=True))
    sent(node, *commands)
    assert len(node.faults) == 1, "what is still there had no command to hit"


def test_packed_looks_are_one_command_from_outside(node: Node) -> None:
    looks = [Command("cat", "/etc/hostname"), Command("zfs", "list", "-H", "-o", "name"), Command("true")]

    def look() -> list[Result]:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return runner.run(SimulatedTransport(node, "sim").run_together(looks))

    node.faults.add(Fault(Kind.FAIL, ("zfs",), text="no"))
    assert [result.rc for result in look()] == [0, 255, 0]
    for kind in (Kind.FAIL, Kind.SILENT, Kind.GARBAGE, Kind.HANG, Kind.DIE):
        node.faults.add(Fault(kind, ("sh", "-s"), times=1, top=True))
        with pytest.raises(TransportError):
            look()
    assert len(node.faults) == 1


def test_faults_are_kept_in_the_file(node: Node, tmp_path: Path) -> None:
    path = tmp_path / "node.json"
    node.faults.add(Fault(Kind.FAIL, ("pct", "sta*"), times=2, text="n\u00f6"))
    node.faults.add(Fault(Kind.DIE, times=1, skip=7, pauses=3, top=True))
    assert node.run(("pct", "start", "102")).rc == 255
    node.save(path)
    loaded = Node.load(path)
    assert list(loaded.faults) == [
        Fault(Kind.FAIL, ("pct", "sta*"), times=1, text="n\u00f6"),
        Fault(Kind.DIE, times=1, skip=6, pauses=3, top=True),
    ]
    assert [loaded.run(("pct", "start", "102")).rc for _ in range(2)] == [255, 0]


def test_a_file_without_faults_loads_and_one_with_wrong_ones_does_not(node: Node, tmp_path: Path) -> None:
    path = tmp_path / "node.json"
    node.save(path)
    value = json.loads(path.read_text())
    del value["faults"]
    path.write_text(json.dumps(value))
    assert list(Node.load(path).faults) == []
    for wrong in (
        [{"kind": "explode", "words": []}],
        [{"words": []}],
        [{"kind": "fail", "words": [], "times": 0}],
        [7],
    ):
        path.write_text(json.dumps({**value, "faults": wrong}))
        with pytest.raises(NodeFileError, match="damaged"):
            Node.load(path)
