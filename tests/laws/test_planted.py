"""Each law fails on a defect that is planted: in the plan, in the node, or in a resource."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

import law
from phoenix_hypervisor.command import Command
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.plan.step import Plan, Step, Symbol
from phoenix_hypervisor.resource import Resource
from phoenix_hypervisor.simulator.node import Node
from phoenix_hypervisor.simulator.process import Process, Program, Run
from rig import Rig, small


def lies(_process: Process) -> Run:
    """Succeeds, and does nothing."""
    yield 0.1
    return 0


class Lying(Node):
    """A node on which one program lies, for one verb."""

    program_name, verb = "", ""

    def program(self, name: str) -> Program | None:
        real = super().program(name)
        if name != self.program_name or real is None:
            return real
        honest = real

        def half(process: Process) -> Run:
            if process.argv[1:2] == [self.verb]:
                return (yield from lies(process))
            return (yield from honest(process))

        return half


def lying(program: str, verb: str) -> Node:
    kind = type("LyingHere", (Lying,), {"program_name": program, "verb": verb})
    node: Node = kind.new()
    return node


def with_step(*argv: str, **fields: Any) -> Any:
    def distort(plan: Plan) -> Plan:
        extra = Step("planted", "host", Symbol.CHANGE, "planted", "a defect", (Command(*argv),), **fields)
        return replace(plan, steps=(*plan.steps, extra))

    return distort


def test_law_1_sees_a_plan_that_changes_the_node(tmp_path: Path) -> None:
    rig = small(tmp_path)

    def touching(plan: Plan) -> Plan:
        rig.node.run(["zfs", "create", "tank/planted"])
        return plan

    rig.distort = touching
    with pytest.raises(AssertionError):
        law.planning_changes_nothing(rig)


@pytest.mark.parametrize(("program", "verb"), [("pct", "set"), ("pct", "snapshot"), ("pct", "start")])
def test_law_2_sees_a_command_that_succeeds_without_doing_it(tmp_path: Path, program: str, verb: str) -> None:
    with pytest.raises(AssertionError):
        law.applied_means_nothing_to_do(small(tmp_path, lying(program, verb)))


def test_law_2_sees_a_step_that_is_always_planned(tmp_path: Path) -> None:
    rig = small(tmp_path)
    rig.distort = with_step("true")
    with pytest.raises(AssertionError):
        law.applied_means_nothing_to_do(rig)


def test_law_3_sees_remains_that_are_not_cleared(tmp_path: Path) -> None:
    def forgetful(plan: Plan) -> Plan:
        """The mark by which a creation that was cut off is known as ours is never left."""

        def without_mark(step: Step) -> Step:
            kept = tuple(work for work in step.work if "creating" not in str(work))
            return replace(step, work=kept or (Command("true"),))

        return replace(plan, steps=tuple(map(without_mark, plan.steps)))

    def make() -> Rig:
        rig = small(tmp_path)
        rig.distort = forgetful
        return rig

    with pytest.raises(AssertionError):
        law.interrupted_it_ends_the_same(make, [(0, 2)])


def test_law_4_sees_a_need_that_is_missing(tmp_path: Path) -> None:
    def unordered(plan: Plan) -> Plan:
        return replace(plan, steps=tuple(replace(step, needs=(), locks=frozenset()) for step in plan.steps))

    def make() -> Rig:
        rig = small(tmp_path)
        rig.distort = unordered
        return rig

    with pytest.raises(AssertionError):
        law.parallel_ends_like_serial(make)


class Careless(Resource):
    """Puts its value into a shell text."""

    kind: ClassVar[str] = "careless"

    def facts(self) -> Iterator[Fact[Any]]:
        yield from ()

    def change(self, facts: Facts) -> Iterator[Command]:
        yield Command("sh", "-c", f"echo {self.name}")


def test_law_5_sees_a_value_inside_a_shell_text() -> None:
    value = "x; reboot"
    with pytest.raises(AssertionError):
        law.hostile_value_is_one_argument(value, list(Careless(name=value).change(Facts({}))))
    law.hostile_value_is_one_argument(value, [Command("useradd", value), Command("pct", f"--hostname={value}")])


def test_law_6_sees_a_secret_in_an_argv(tmp_path: Path) -> None:
    rig = small(tmp_path)
    rig.distort = with_step("echo", "hunter2")
    with pytest.raises(AssertionError):
        law.no_secret_is_shown(rig, "hunter2")


def test_law_6_sees_a_secret_in_what_a_command_says(tmp_path: Path) -> None:
    rig = small(tmp_path)
    rig.node.files.write("/root/secret", "hunter2")
    rig.distort = with_step("cat", "/root/secret")
    with pytest.raises(AssertionError):
        law.no_secret_is_shown(rig, "hunter2")
    rig.events.clear()
    rig.redact = lambda text: text.replace("hunter2", "********")
    law.no_secret_is_shown(rig, "hunter2")


def test_law_7_sees_a_foreign_container_that_is_touched(tmp_path: Path) -> None:
    rig = small(tmp_path)
    tarball = "local:vztmpl/ubuntu-24.04-standard_24.04-2_amd64.tar.zst"
    assert rig.node.run(["pct", "create", "100", tarball, "--rootfs", "local-zfs:4"]).ok
    rig.distort = with_step("pct", "set", "100", "--memory", "999")
    with pytest.raises(AssertionError):
        law.what_is_not_ours_is_as_it_was(rig, lambda: rig.node.files.read("/etc/pve/lxc/100.conf"))
