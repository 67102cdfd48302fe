"""What commands usually take: by program, verb and flag, on the node and inside a container."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.simulator.node import Node
from phoenix_hypervisor.transport.container import ContainerTransport, inside
from phoenix_hypervisor.transport.durations import DEFAULT, SCRIPT, USUAL, expected
from phoenix_hypervisor.transport.local import LocalTransport
from phoenix_hypervisor.transport.simulated import SimulatedTransport

TARBALL = "local:vztmpl/ubuntu-24.04-standard_24.04-2_amd64.tar.zst"


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("pct set 900 --memory 512", "pct"),
        ("pct create 900 local:x --rootfs tank:8", "pct create"),
        ("pct clone 900 901", "pct clone"),
        ("pct clone 900 901 --full 1", "pct clone --full"),
        ("pveam download local x", "pveam download"),
        ("apt-get -q -o A::B=c install curl", "apt-get install"),
        ("zfs clone a@b c", DEFAULT),
        ("sh -s -- 900 create", DEFAULT),
        ("/usr/local/phoenix/x.sh 900", SCRIPT),
        ("frobnicate", DEFAULT),
    ],
)
def test_the_longest_name_that_fits(line: str, name: str) -> None:
    assert expected(line.split()) == USUAL[name]


def test_inside_a_container_it_is_the_way_in_and_the_program() -> None:
    command = Command("apt-get", "install", "curl")
    both = USUAL["lxc-attach"] + USUAL["apt-get install"]
    assert expected(inside(900, command).argv) == both
    assert LocalTransport().expected(inside(900, command)) == both
    assert ContainerTransport(LocalTransport(), 900).expected(command) == both


WORDS = st.text(max_size=6) | st.sampled_from(["pct", "clone", "--full", "lxc-attach", "--", "env", "A=b", "sh", "/x"])


@given(st.lists(WORDS, min_size=1))
def test_every_command_has_a_figure(argv: list[str]) -> None:
    for transport in (LocalTransport(), SimulatedTransport(Node.new(), "sim")):
        seconds = transport.expected(Command(*argv))
        assert math.isfinite(seconds) and seconds > 0


def test_on_a_simulated_node_it_is_about_what_the_command_takes() -> None:
    node = Node.new()
    transport = SimulatedTransport(node, "sim")
    for line in (
        "pveam update",
        f"pveam download local {TARBALL.rpartition('/')[2]}",
        f"pveam download local {TARBALL.rpartition('/')[2]}",
        f"pct create 900 {TARBALL} --rootfs local-zfs:8 --unprivileged 1",
        "pct set 900 --memory 1024",
        "pct start 900",
        "lxc-attach -n 900 -- env A=b true",
        "pct shutdown 900",
        "pct snapshot 900 one",
        "pct clone 900 901 --full 1",
        "pct clone 900 902",
        "pct rollback 900 one",
        "pct delsnapshot 900 one",
        "pct resize 900 rootfs 9G",
        "pct template 900",
        "pct clone 900 903",
        "pct clone 900 904 --full",
        "pct destroy 901",
        "zfs list",
        "pvesm status",
    ):
        guess = transport.expected(Command(*line.split()))
        done = node.run(line.split())
        assert done.ok, f"{line}: {done.said}"
        assert guess == pytest.approx(done.seconds, rel=0.25, abs=0.02), line


def test_a_tarball_and_a_source_that_are_still_to_come_are_judged_by_their_names() -> None:
    transport = SimulatedTransport(Node.new(), "sim")
    before = transport.expected(Command("pct", "create", "900", TARBALL, "--rootfs", "local-zfs:8"))
    transport.node.run(["pveam", "download", "local", TARBALL.rpartition("/")[2]])
    after = transport.expected(Command("pct", "create", "900", TARBALL, "--rootfs", "local-zfs:8"))
    assert before == after > 10
    assert transport.expected(Command("pct", "clone", "900", "901", "--full", "1")) > 5
    assert transport.expected(Command("pct", "create", "900", "nowhere:vztmpl/x.tar.zst")) > 1
