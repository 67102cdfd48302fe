"""The name servers in /etc/resolv.conf."""

from __future__ import annotations

import pytest

from features.host.converging import changes, converge, look
from phoenix_hypervisor.resources.nameservers import Nameservers
from phoenix_hypervisor.simulator.node import Node

PATH = "/etc/resolv.conf"
TWO = Nameservers(servers=("9.9.9.9", "1.1.1.1"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("search lan\nnameserver 10.0.0.1\noptions edns0\n",
         "search lan\nnameserver 9.9.9.9\nnameserver 1.1.1.1\noptions edns0\n"),
        ("nameserver 1.1.1.1\n# mine\nnameserver 9.9.9.9\n", "nameserver 9.9.9.9\nnameserver 1.1.1.1\n# mine\n"),
        ("search lan", "search lan\nnameserver 9.9.9.9\nnameserver 1.1.1.1\n"),
        ("nameserver\t9.9.9.9\nnameserver 1.1.1.1 \n", "nameserver\t9.9.9.9\nnameserver 1.1.1.1 \n"),
        ("", "nameserver 9.9.9.9\nnameserver 1.1.1.1\n"),
    ],
)  # fmt: skip
def test_only_the_servers_change(before: str, after: str) -> None:
    node = Node.new()
    node.files.write(PATH, before)
    converge(node, [TWO])
    assert node.files.read(PATH) == after


def test_a_missing_file_is_made() -> None:
    node = Node.new()
    node.files.remove(PATH)
    converge(node, [TWO])
    assert node.files.read(PATH) == "nameserver 9.9.9.9\nnameserver 1.1.1.1\n"


def test_a_link_is_another_programs() -> None:
    node = Node.new()
    assert node.run(["sh", "-c", f"mkdir -p /run/x && mv {PATH} /run/x/stub && ln -s /run/x {PATH}"]).ok
    assert changes(node, [TWO]) == []
    assert [each.what for each in TWO.verdict(look(node, [TWO])).kept] == [PATH]
