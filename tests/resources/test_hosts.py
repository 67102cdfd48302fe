"""The node's own entry in /etc/hosts."""

from __future__ import annotations

import pytest

from features.host.converging import changes, converge, look
from phoenix_hypervisor.resources.hosts import HostsEntry
from phoenix_hypervisor.simulator.node import Node

LOCAL = "127.0.0.1 localhost.localdomain localhost\n"


@pytest.mark.parametrize(
    ("before", "entry", "after"),
    [
        (f"{LOCAL}10.0.0.2 pve1.local pve1\n", HostsEntry(), f"{LOCAL}10.0.0.2 pve1.local pve1\n"),
        (f"{LOCAL}10.0.0.2 pve1.local pve1\n", HostsEntry(domain="lab.example"),
         f"{LOCAL}10.0.0.2 pve1.lab.example pve1\n"),
        (f"{LOCAL}10.0.0.2\tpve1.local pve1 pvelocalhost # me\n", HostsEntry(domain="x", address="10.0.0.3"),
         f"{LOCAL}10.0.0.3 pve1.x pve1 pvelocalhost # me\n"),
        (f"{LOCAL}127.0.1.1 pve1.local pve1\n# end", HostsEntry(), f"{LOCAL}10.0.0.2 pve1.local pve1\n# end"),
        ("127.0.0.1 localhost pve1\n", HostsEntry(domain="x"), "127.0.0.1 localhost\n10.0.0.2 pve1.x pve1\n"),
        ("127.0.1.1 pve1\n10.5.0.9 pve1.lan pve1\n", HostsEntry(address="10.5.0.9"), "10.5.0.9 pve1.lan pve1\n"),
        ("10.0.0.2 pve1\n10.1.0.2 pve1.cluster pve1\n", HostsEntry(address="10.0.0.2"),
         "10.0.0.2 pve1\n10.1.0.2 pve1.cluster pve1\n"),
        (LOCAL.rstrip("\n"), HostsEntry(domain="x"), f"{LOCAL}10.0.0.2 pve1.x pve1\n"),
        ("fd00::2 pve1\n10.0.0.9 pve10\n# 10.0.0.2 pve1\n", HostsEntry(),
         "fd00::2 pve1\n10.0.0.9 pve10\n# 10.0.0.2 pve1\n"),
        ("", HostsEntry(domain="x"), "10.0.0.2 pve1.x pve1\n"),
    ],
)  # fmt: skip
def test_only_the_own_entry_changes(before: str, entry: HostsEntry, after: str) -> None:
    node = Node.new()
    node.files.write("/etc/hosts", before)
    node.files.chmod("/etc/hosts", 0o664)
    converge(node, [entry])
    assert node.files.read("/etc/hosts") == after
    found = node.files.stat("/etc/hosts")
    assert found is not None and found.mode == 0o664
    assert node.files.read("/etc/hostname") == "pve1\n"


@pytest.mark.parametrize(
    ("path", "text"),
    [("/etc/hostname", ""), ("/etc/network/interfaces", "iface vmbr0 inet dhcp\n")],
)
def test_a_name_or_address_that_nobody_knows_is_told(path: str, text: str) -> None:
    node = Node.new()
    node.files.write(path, text)
    node.files.write("/etc/hosts", LOCAL)
    assert changes(node, [HostsEntry()]) == []
    (obstacle,) = HostsEntry().verdict(look(node, [HostsEntry()])).obstacles
    assert path.rpartition("/")[2] in obstacle.reason or "address" in obstacle.reason


def test_a_link_is_left_alone() -> None:
    node = Node.new()
    assert node.run(["sh", "-c", "mv /etc/hosts /etc/hosts.real && ln -s hosts.real /etc/hosts"]).ok
    entry = HostsEntry(domain="x")
    assert changes(node, [entry]) == [] and entry.verdict(look(node, [entry])).obstacles


@pytest.mark.parametrize("domain", ["x; reboot", "a b", "x\n10.0.0.9 evil", "-x", ".."])
def test_hostile_domains_are_refused(domain: str) -> None:
    with pytest.raises(ValueError, match="domain"):
        HostsEntry(domain=domain)
