"""One run at a time per node: the lock, its owner, and what becomes of it when the owner is gone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from dataclasses import asdict, replace
from typing import Any, TypeVar

import pytest

from phoenix_hypervisor.engine import runlock
from phoenix_hypervisor.errors import LockedError
from phoenix_hypervisor.machine import Machine
from phoenix_hypervisor.simulator.node import Node
from phoenix_hypervisor.transport.simulated import SimulatedTransport, VirtualLoop

T = TypeVar("T")


@pytest.fixture
def machine() -> Machine:
    return Machine(SimulatedTransport(Node.new(), "sim"))


def wait(work: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


def test_a_living_run_keeps_the_node(machine: Machine) -> None:
    mine = runlock.this_process("one")
    assert wait(runlock.take(machine, mine)) is None
    with pytest.raises(LockedError, match="run one"):
        wait(runlock.take(machine, runlock.this_process("two")))
    wait(runlock.give(machine, mine))
    assert wait(runlock.take(machine, runlock.this_process("two"))) is None


@pytest.mark.parametrize("gone", [{"pid": 2**22 + 1}, {"started": "1"}, {"boot": "another"}])
def test_a_dead_owners_lock_is_taken_over(machine: Machine, gone: dict[str, Any]) -> None:
    dead = replace(runlock.this_process("dead"), **gone)
    assert wait(runlock.take(machine, dead)) is None
    taken_from = wait(runlock.take(machine, runlock.this_process("next")))
    assert taken_from is not None and str(dead.pid) in taken_from
    with pytest.raises(LockedError):
        wait(runlock.take(machine, runlock.this_process("third")))


def test_only_the_owner_gives_it_back(machine: Machine) -> None:
    mine = runlock.this_process("one")
    wait(runlock.take(machine, mine))
    wait(runlock.give(machine, replace(mine, run="other")))
    with pytest.raises(LockedError):
        wait(runlock.take(machine, runlock.this_process("two")))


def test_a_lock_in_strange_words_is_not_touched(machine: Machine) -> None:
    transport = machine.transport
    assert isinstance(transport, SimulatedTransport)
    transport.node.files.write(runlock.PATH, "what is this\n")
    with pytest.raises(LockedError, match="not in our words"):
        wait(runlock.take(machine, runlock.this_process("one")))
    assert transport.node.files.read(runlock.PATH) == "what is this\n"


def test_the_owner_is_told_as_json() -> None:
    assert json.loads(json.dumps(asdict(runlock.this_process("r"))))["run"] == "r"


def test_an_empty_lock_is_that_of_a_run_that_was_cut_off(machine: Machine) -> None:
    transport = machine.transport
    assert isinstance(transport, SimulatedTransport)
    transport.node.files.write(runlock.PATH, "")
    assert wait(runlock.take(machine, runlock.this_process("one"))) == "a run that was cut off at once"
    with pytest.raises(LockedError):
        wait(runlock.take(machine, runlock.this_process("two")))
