"""The example from end to end, and what goes wrong inside its containers: success is never told where there is none."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest

from faulty import OTHERS, disturbed, running_step
from phoenix_hypervisor.command import Command
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.events import Ran
from phoenix_hypervisor.features.lifecycle.reading import read_node
from phoenix_hypervisor.features.registry import of_containers
from phoenix_hypervisor.machine import Machine
from phoenix_hypervisor.plan.deep import looks, with_drift
from phoenix_hypervisor.plan.wanted import asked_of
from phoenix_hypervisor.simulator.faults import Fault, Kind
from phoenix_hypervisor.simulator.node import Node
from phoenix_hypervisor.transport.simulated import VirtualLoop
from rig import Recorder, Rig, fitted, load_site

SWEPT = {"base_setup": (900,), "nvidia": (900, 901), "docker": (900, 902)}
"""A feature of the example, and the containers up to the one that it is established in."""
LOUD = (Kind.FAIL, Kind.LATE, Kind.HANG)


def rig_of(repository: Path, ctids: tuple[int, ...] | None = None) -> Rig:
    """The example, or these containers of it, on a node that has what it needs."""
    rig = fitted(load_site(repository / "examples/ai-lab"))
    if ctids is not None:
        rig.site = replace(rig.site, containers={ctid: rig.site.containers[ctid] for ctid in ctids})
    return rig


def counted(rig: Rig) -> dict[tuple[int, str], int]:
    """The round trips of each feature in each container that follow; whether it is ready is asked by every start."""
    found: dict[tuple[int, str], int] = {}

    def watch(command: Command) -> None:
        ctid, _, name = running_step(rig).partition(":")
        if name in of_containers() and " sh -s -- eth0 " not in str(command):
            found[int(ctid), name] = found.get((int(ctid), name), 0) + 1

    rig.watch = watch
    return found


def drift(rig: Rig) -> Mapping[int, Mapping[str, str]]:
    """What a deep look finds in containers that run."""
    ctids = sorted(rig.site.containers)
    asked = replace(asked_of(rig.site), more=looks(rig.site, ctids))
    transport = Recorder(rig.node)
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        node = runner.run(read_node(Machine(transport), asked))
    assert transport.stats.round_trips == 1
    return with_drift(rig.site, node, ctids).drift


def test_every_feature_stands_and_a_second_run_has_nothing_to_do(repository: Path) -> None:
    rig = rig_of(repository)
    assert not rig.plan().unmanaged
    trips = counted(rig)
    rig.converge(jobs=1)
    assert {name for _, name in trips} >= {*SWEPT, "portainer", "vllm"}
    assert not {layer: count for layer, count in trips.items() if count > 2}
    rig.watch = lambda _: None
    rig.events.clear()
    rig.converge()
    assert not [event for event in rig.events if isinstance(event, Ran)]
    for ctid in (900, 901, 902, 920):
        assert rig.node.run(("pct", "start", str(ctid))).ok
    rig.node.clock += 60
    assert set(rig.look().running) == set(rig.site.containers)
    assert not drift(rig)


@dataclass(frozen=True)
class Sweep:
    """The example before a feature is established, and the commands inside the container of an undisturbed run."""

    rig: Rig
    before: Path
    ctid: int
    step: str
    commands: tuple[tuple[str, ...], ...]
    layers: Mapping[str, str]


def words_of(line: str) -> tuple[str, ...]:
    """What a fault knows the command by: the program with what it is to do; of a script its name."""
    words = shlex.split(line)
    if words[:2] == ["sh", "-c"]:
        return ("sh", "-c", "*", words[3])
    return tuple(words[:5] if words[0] == "sh" else words[:2])


@cache
def sweeps(folder: Path, repository: Path) -> dict[str, Sweep]:
    found: dict[str, Sweep] = {}
    for name, ctids in SWEPT.items():
        rig, ctid = rig_of(repository, ctids), ctids[-1]
        if ctids[:-1]:
            rig.converge(ctids=set(ctids[:-1]))
        before = folder / f"{name}.json"
        rig.node.save(before)
        rig.events.clear()
        rig.converge(jobs=1)
        ran = [event.command for event in rig.events if isinstance(event, Ran) and event.step == f"{ctid}:{name}"]
        inside = [words_of(line) for line in ran if not line.startswith("lxc-attach")]
        layers = dict(rig.look().guests[ctid].layers)
        found[name] = Sweep(rig, before, ctid, f"{ctid}:{name}", tuple(dict.fromkeys(inside)), layers)
    return found


@pytest.fixture
def sweep(tmp_path_factory: pytest.TempPathFactory, repository: Path, feature: str) -> Sweep:
    return sweeps(tmp_path_factory.getbasetemp(), repository)[feature]


def deal(commands: tuple[tuple[str, ...], ...]) -> Iterator[tuple[tuple[str, ...], Kind]]:
    """Every command lies once, and does in turn one of the other things."""
    for turn, words in enumerate(commands):
        yield words, Kind.SILENT
        yield words, OTHERS[turn % len(OTHERS)]


@pytest.mark.parametrize("feature", SWEPT)
def test_a_fault_inside_is_never_taken_for_success(sweep: Sweep) -> None:
    assert len(sweep.commands) > 3
    for words, kind in deal(sweep.commands):
        try:
            judge(sweep, words, kind)
        except AssertionError as error:
            raise AssertionError(f"{kind} of {words}: {error}") from error


def judge(sweep: Sweep, words: tuple[str, ...], kind: Kind) -> None:
    rig = Rig(sweep.rig.site, Node.load(sweep.before))
    run = disturbed(rig, Fault(kind, words, times=1), later=60.0)
    assert run.hit, "the run did not come that far"
    assert set(run.failed) <= {sweep.step}, f"it was noticed elsewhere: {run.failed}"
    assert run.failed or kind not in LOUD, "a command that failed was not told of"
    run.check_branches()
    settle(rig, sweep)


def settle(rig: Rig, sweep: Sweep) -> None:
    """One more run ends as the undisturbed one did, and a look inside finds all of it."""
    rig.node.clock += 60
    rig.converge()
    assert not rig.plan().steps
    assert rig.look().guests[sweep.ctid].layers == sweep.layers
    assert rig.node.run(("pct", "start", str(sweep.ctid))).ok
    rig.node.clock += 60
    assert not drift(rig)


PROGRAMS = {
    "base_setup": "dpkg-query dpkg apt-get readlink ln mkdir sync mv",
    "nvidia": "dpkg-query dpkg apt-get curl nvidia-runfile-payload nvidia-smi gpg chown chmod stat grep sync mv",
    "docker": "dpkg-query dpkg apt-get systemctl perl mount umount docker tar mkdir sync mv",
}
"""What the scripts of a feature call inside."""


@pytest.mark.parametrize("feature", SWEPT)
def test_a_program_that_fails_or_lies_once_inside_a_script_is_no_success_either(sweep: Sweep) -> None:
    for turn, program in enumerate(PROGRAMS[sweep.step.partition(":")[2]].split()):
        kind = (Kind.FAIL, Kind.SILENT, Kind.GARBAGE)[turn % 3]
        rig = Rig(sweep.rig.site, Node.load(sweep.before))
        hit = once_in(rig, sweep.step, Fault(kind, (program,), times=1))
        summary = rig.apply(jobs=1)
        assert hit and not len(rig.node.faults), f"nothing called {program}"
        assert set(summary.failed) <= {sweep.step}, f"{kind} of {program}: {summary.failed}"
        settle(rig, sweep)


def once_in(rig: Rig, step: str, fault: Fault) -> list[Fault]:
    """Plant a fault when a step has begun; what comes back holds it from then on."""
    planted: list[Fault] = []

    def watch(_: Command) -> None:
        if not planted and running_step(rig) == step:
            planted.append(fault)
            rig.node.faults.add(fault)

    rig.watch = watch
    return planted


@pytest.fixture(scope="module")
def settled(repository: Path) -> Rig:
    """The example with all of its containers running, its locale and time zone declared."""
    rig = rig_of(repository, tuple(SWEPT["nvidia"] + SWEPT["docker"][1:]))
    host = rig.site.host.model_copy(update={"locale": "de_DE.UTF-8"})
    rig.site = replace(rig.site, host=host)
    rig.converge()
    for ctid in rig.site.containers:
        assert rig.node.run(("pct", "start", str(ctid))).ok
    rig.node.clock += 60
    assert not drift(rig)
    return rig


LOOKS = ["dpkg-query", "systemctl show", "readlink", "stat", "cat", "locale", "sed", "grep", "timeout", "mktemp", "wc"]


@pytest.mark.parametrize("kind", [Kind.FAIL, Kind.GARBAGE, Kind.SILENT])
@pytest.mark.parametrize("words", LOOKS)
def test_a_part_of_a_deep_look_that_fails_moves_nobody_to_anything(settled: Rig, words: str, kind: Kind) -> None:
    settled.node.faults.add(Fault(kind, tuple(words.split())))
    try:
        assert not drift(settled)
    except NodeError as error:
        assert str(error)
    finally:
        settled.node.faults.clear()
