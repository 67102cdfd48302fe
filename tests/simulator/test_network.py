"""The network of a simulated node: the file, what runs, ifupdown2, ip, timers that bring it back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from phoenix_hypervisor.simulator.node import Node
from simulator.asking import ok, refused

FILE = "/etc/network/interfaces"


def changed(node: Node, old: str, new: str) -> None:
    text = node.files.read(FILE)
    assert old in text
    node.files.write(FILE, text.replace(old, new))


def addresses(node: Node, name: str = "vmbr0") -> list[str]:
    found = json.loads(ok(node, "ip", "-j", "addr", "show", "dev", name))
    return [f"{one['local']}/{one['prefixlen']}" for one in found[0]["addr_info"]]


def test_the_file_is_the_installers_and_what_runs_is_the_same() -> None:
    node = Node.new()
    assert node.files.read(FILE) == (
        "auto lo\niface lo inet loopback\n\niface enp1s0 inet manual\n\nauto vmbr0\niface vmbr0 inet static\n"
        "\taddress 10.0.0.2/24\n\tgateway 10.0.0.1\n\tbridge-ports enp1s0\n\tbridge-stp off\n\tbridge-fd 0\n\n"
        "source /etc/network/interfaces.d/*\n"
    )
    assert addresses(node) == ["10.0.0.2/24"]
    default = {"dst": "default", "gateway": "10.0.0.1", "dev": "vmbr0", "protocol": "kernel", "flags": ["onlink"]}
    assert json.loads(ok(node, "ip", "-j", "route"))[0] == default
    assert ok(node, "ip", "route", "show", "default") == "default via 10.0.0.1 dev vmbr0 proto kernel onlink \n"
    assert "enp1s0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 master vmbr0 state forwarding" in ok(
        node, "bridge", "link"
    )
    assert ok(node, "ping", "-c", "1", "10.0.0.1").endswith("0% packet loss\n")
    assert "[fail]" not in ok(node, "ifquery", "--check", "-a")


def test_what_runs_changes_with_ifreload() -> None:
    node = Node.new()
    changed(node, "10.0.0.2/24", "10.0.0.3/24")
    assert addresses(node) == ["10.0.0.2/24"]
    check = node.run(("ifquery", "--check", "vmbr0"))
    assert (check.rc, "[fail]" in check.stdout) == (1, True)
    ok(node, "ifreload", "-a", "-n")
    assert addresses(node) == ["10.0.0.2/24"]
    ok(node, "ifreload", "-a")
    assert addresses(node) == ["10.0.0.3/24"]
    node.reboot()
    assert addresses(node) == ["10.0.0.3/24"]
    assert ok(node, "ip", "route", "show", "default").startswith("default via 10.0.0.1 dev vmbr0")


def test_a_bridge_comes_and_goes_with_its_stanza() -> None:
    node = Node.new()
    own = "/etc/network/interfaces.d/own"
    node.files.mkdir("/etc/network/interfaces.d", parents=True)
    node.files.write(own, "auto vmbr7\niface vmbr7 inet static\n\taddress 10.7.0.1/24\n\tbridge-ports none\n")
    ok(node, "ifreload", "-a")
    assert addresses(node, "vmbr7") == ["10.7.0.1/24"]
    ok(node, "ifdown", "vmbr7")
    assert not node.files.exists("/sys/class/net/vmbr7")
    ok(node, "ifup", "vmbr7")
    node.files.remove(own)
    ok(node, "ifreload", "-a")
    assert 'Device "vmbr7" does not exist.' in refused(node, "ip", "addr", "show", "vmbr7")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("bridge-stp off", "bridge_stp off\n\tcolour red", "unsupported keyword (colour)"),
        ("bridge-stp off", "lonely", "iface vmbr0: invalid syntax 'lonely'"),
        ("inet static", "inet fixed", "iface vmbr0: unsupported address method 'fixed'"),
        ("inet static", "ipx static", "iface vmbr0: unsupported address family 'ipx'"),
        ("auto lo", "what is this", "error processing line 'what is this'"),
        ("10.0.0.2/24", "10.0.0.300/24", "'10.0.0.300' does not appear to be an IPv4 or IPv6 address"),
        ("gateway 10.0.0.1", "gateway nowhere", "invalid gateway 'nowhere'"),
    ],
)
def test_a_broken_file_is_told_by_the_syntax_check_and_changes_nothing(old: str, new: str, said: str) -> None:
    node = Node.new()
    changed(node, old, new)
    before = ok(node, "ip", "-j", "addr")
    assert said in refused(node, "ifreload", "-a", "-s")
    assert ok(node, "ip", "-j", "addr") == before
    assert node.run(("ifreload", "-a")).rc == 1


def test_ifreload_wants_to_know_what() -> None:
    node = Node.new()
    assert node.run(("ifreload",)).rc == 2
    assert node.run(("ifreload", "-a", "--nonsense")).rc == 2
    assert "cannot find interfaces: vmbr9" in refused(node, "ifup", "vmbr9")


def test_a_wrong_gateway_cuts_the_node_off() -> None:
    node = Node.new()
    changed(node, "gateway 10.0.0.1", "gateway 10.0.0.77")
    ok(node, "ifreload", "-a")
    assert node.run(("ping", "-c", "1", "10.0.0.77")).rc == 1
    assert node.run(("getent", "hosts", "deb.debian.org")).rc == 2
    changed(node, "\tgateway 10.0.0.77\n", "")
    ok(node, "ifreload", "-a")
    assert ok(node, "ip", "route", "show", "default") == ""
    assert "Network is unreachable" in refused(node, "ping", "-c", "1", "192.0.2.1")


def test_a_timer_brings_the_old_file_back_unless_it_is_stopped(tmp_path: Path) -> None:
    node = Node.new()
    ok(node, "cp", FILE, "/root/kept")
    back = ("sh", "-c", f"cp /root/kept {FILE}; ifreload -a")
    for number, stopped in enumerate((False, True)):
        name = f"way-back-{number}"
        said = node.run(("systemd-run", "--on-active=60", f"--unit={name}", *back))
        assert f"Running timer as unit: {name}.timer\n" in said.stderr
        assert "was already loaded" in refused(node, "systemd-run", "--on-active=60", f"--unit={name}", *back)
        changed(node, "\tgateway 10.0.0.1\n", "")
        ok(node, "ifreload", "-a")
        if stopped:
            ok(node, "systemctl", "stop", f"{name}.timer")
        node.save(tmp_path / "node.json")
        node = Node.load(tmp_path / "node.json")
        node.clock += 50
        assert ok(node, "ip", "route", "show", "default") == ""
        node.clock += 50
        assert bool(ok(node, "ip", "route", "show", "default")) is not stopped
        assert node.run(("systemctl", "is-active", f"{name}.timer")).rc != 0


def test_systemd_run_refuses_what_it_cannot_run() -> None:
    node = Node.new()
    assert "Failed to find executable nosuch" in refused(node, "systemd-run", "--on-active=5", "nosuch")
    assert "Failed to parse timer value: soon" in refused(node, "systemd-run", "--on-active=soon", "true")
    assert "unrecognized option '--nonsense'" in refused(node, "systemd-run", "--nonsense", "true")
    ok(node, "systemd-run", "--unit=now", "sh", "-c", "echo ran > /root/ran")
    assert node.files.read("/root/ran") == "ran\n"


def test_ip_changes_what_runs_and_refuses_what_the_kernel_refuses() -> None:
    node = Node.new()
    ok(node, "ip", "addr", "add", "10.0.0.9/24", "dev", "vmbr0")
    assert addresses(node) == ["10.0.0.2/24", "10.0.0.9/24"]
    assert (
        refused(node, "ip", "addr", "add", "10.0.0.9/24", "dev", "vmbr0") == "Error: ipv4: Address already assigned.\n"
    )
    ok(node, "ip", "addr", "del", "10.0.0.9/24", "dev", "vmbr0")
    assert refused(node, "ip", "addr", "del", "10.0.0.9/24", "dev", "vmbr0") == "Error: ipv4: Address not found.\n"
    ok(node, "ip", "route", "add", "10.9.0.0/16", "via", "10.0.0.1")
    assert "10.9.0.0/16 via 10.0.0.1 dev vmbr0 \n" in ok(node, "ip", "route")
    assert refused(node, "ip", "route", "add", "10.9.0.0/16", "via", "10.0.0.1") == "RTNETLINK answers: File exists\n"
    wrong = refused(node, "ip", "route", "replace", "default", "via", "172.16.0.1")
    assert wrong == "Error: Nexthop has invalid gateway.\n"
    ok(node, "ip", "route", "del", "default")
    assert refused(node, "ip", "route", "del", "default") == "RTNETLINK answers: No such process\n"
    assert 'Cannot find device "nope"' in refused(node, "ip", "addr", "add", "10.0.0.9/24", "dev", "nope")
    ok(node, "ip", "link", "set", "vmbr0", "down")
    assert json.loads(ok(node, "ip", "-j", "link", "show", "vmbr0"))[0]["operstate"] == "DOWN"


def test_names_of_the_node_are_found() -> None:
    node = Node.new()
    assert ok(node, "getent", "hosts", "pve1").split()[0] == "10.0.0.2"
    assert node.files.read("/etc/hostname") == "pve1\n"
