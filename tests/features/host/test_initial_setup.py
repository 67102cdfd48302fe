"""A fresh node becomes the declared one, as far as sources, tools, time, names and its address go."""

from __future__ import annotations

import pytest

from features.host.converging import changes, converge, look
from phoenix_hypervisor.features.host.initial_setup import LOGROTATE, InitialSetup, resources
from phoenix_hypervisor.plan.graph import closure
from phoenix_hypervisor.resources.timezone import Timezone
from phoenix_hypervisor.simulator.node import Node

WHOLE = {
    "repository": "no-subscription",
    "timezone": "Europe/Berlin",
    "domain_name": "lab.example",
    "interfaces": {"name": "vmbr0", "address": "10.0.0.7/24", "gateway": "10.0.0.1", "dns_nameservers": "10.0.0.1"},
}
FOREIGN = ("/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list", "/etc/hostname", "/etc/resolv.conf")


@pytest.mark.parametrize("version", [8, 9])
def test_a_fresh_node_converges_and_foreign_files_stay(version: int) -> None:
    node = Node.new(version=version)
    before = {path: node.files.read(path) for path in FOREIGN if node.files.exists(path)}
    piece = InitialSetup.model_validate(WHOLE)
    commands = converge(node, resources(piece))
    assert commands[0].argv[3] == "merge-interfaces", "all that is fetched comes over the new address"
    assert {path: node.files.read(path) for path in before} == before
    assert node.run(["readlink", "/etc/localtime"]).stdout == "/usr/share/zoneinfo/Europe/Berlin\n"
    assert "10.0.0.7 pve1.lab.example pve1\n" in node.files.read("/etc/hosts")
    assert node.run(["systemctl", "is-active", "chrony"]).ok and node.run(["systemctl", "is-enabled", "chrony"]).ok
    assert node.run(["logrotate", "-d", LOGROTATE]).ok


def test_declared_name_servers_are_in_force_before_anything_is_fetched() -> None:
    node = Node.new()
    interfaces = {"name": "vmbr0", "address": "10.0.0.2/24", "dns_nameservers": ["9.9.9.9"]}
    commands = converge(node, resources(InitialSetup.model_validate({**WHOLE, "interfaces": interfaces})))
    order = [" ".join(command.argv) for command in commands]
    assert node.files.read("/etc/resolv.conf") == "nameserver 9.9.9.9\n"
    assert not any("merge-interfaces" in command.argv for command in commands), "nothing reloads the network for them"
    where = next(number for number, line in enumerate(order) if "/etc/resolv.conf" in line)
    assert where < next(number for number, line in enumerate(order) if line.startswith("apt-get"))


def test_an_address_that_is_so_already_runs_no_command_for_it() -> None:
    node = Node.new()
    interfaces = {"name": "vmbr0", "address": "10.0.0.2/24", "gateway": "10.0.0.1"}
    before = node.files.read("/etc/network/interfaces")
    commands = converge(node, resources(InitialSetup.model_validate({**WHOLE, "interfaces": interfaces})))
    assert not any("merge-interfaces" in command.argv for command in commands)
    assert node.files.read("/etc/network/interfaces") == before


def test_only_what_is_about_the_new_address_needs_it() -> None:
    known = {
        each.id: tuple(each.needs()) for each in resources(InitialSetup.model_validate({**WHOLE, "upgrade": True}))
    }
    assert {name for name in known if "interface:vmbr0" in closure([name], known)} == {
        "interface:vmbr0",
        "nameservers:resolv.conf",
        "hosts:self",
    }


def test_from_wherever_a_run_was_cut_off_the_next_one_goes_on() -> None:
    wanted = list(resources(InitialSetup.model_validate({**WHOLE, "upgrade": True})))
    whole = Node.new()
    count = len(converge(whole, wanted))
    for cut in range(1, count):
        node = Node.new()
        for command in changes(node, wanted)[:cut]:
            assert node.run(command.argv, command.stdin).ok
        converge(node, wanted)
        for path in ("/etc/hosts", "/etc/network/interfaces", "/etc/apt/sources.list.d/proxmox.sources"):
            assert node.files.read(path) == whole.files.read(path)


def test_what_is_absent_is_left_alone() -> None:
    node = Node.new()
    look_at = ["sh", "-c", "cat /etc/hosts /etc/network/interfaces; readlink /etc/localtime; cat /etc/timezone"]
    before = node.run(look_at)
    converge(node, resources(InitialSetup(repository="no-subscription")))
    assert node.run(look_at) == before


@pytest.mark.parametrize("zone", ["Europe/Berlim", "Europe"])
def test_a_time_zone_that_is_not_there_is_told_and_never_set(zone: str) -> None:
    node = Node.new()
    (wanted,) = (each for each in resources(InitialSetup(timezone=zone)) if isinstance(each, Timezone))
    (obstacle,) = wanted.verdict(look(node, [wanted])).obstacles
    assert zone in obstacle.reason and "timedatectl list-timezones" in obstacle.hint
    (command,) = changes(node, [wanted])
    before = node.run(["readlink", "/etc/localtime"])
    assert "there is no time zone" in node.run(command.argv, command.stdin).stderr
    assert node.run(["readlink", "/etc/localtime"]) == before


def test_an_empty_slice_takes_away_what_is_ours_and_nothing_else() -> None:
    node = Node.new()
    assert changes(node, resources(InitialSetup())) == []
    converge(node, resources(InitialSetup.model_validate(WHOLE)))
    assert len(converge(node, resources(InitialSetup()))) == 1
    assert not node.files.exists(LOGROTATE)


def test_packages_are_upgraded_only_when_asked() -> None:
    node = Node.new()
    node.add_upgrade("curl", "99.0-1")
    converge(node, resources(InitialSetup(repository="no-subscription")))
    version = ["dpkg-query", "-W", "-f", "${Version}", "curl"]
    assert node.run(version).stdout != "99.0-1"
    converge(node, resources(InitialSetup(repository="no-subscription", upgrade=True)))
    assert node.run(version).stdout == "99.0-1"


@pytest.mark.parametrize(
    "drift",
    [
        "systemctl disable --now chrony",
        "rm /etc/logrotate.d/phoenix_hypervisor",
        "sed -i s/lab.example/old/ /etc/hosts",
        "ln -sfn /usr/share/zoneinfo/UTC /etc/localtime",
        "sed -i s/10.0.0.7/10.0.0.8/ /etc/network/interfaces",
        "rm /etc/apt/sources.list.d/proxmox.sources",
        "sed -i '/^Enabled/d' /etc/apt/sources.list.d/pve-enterprise.sources",
    ],
)
def test_what_drifts_comes_back(drift: str) -> None:
    node = Node.new()
    wanted = list(resources(InitialSetup.model_validate(WHOLE)))
    converge(node, wanted)
    assert node.run(["sh", "-c", drift]).ok
    assert converge(node, wanted)


@pytest.mark.parametrize(
    "wrong",
    [
        {"repository": "test"},
        {"timezone": "../../etc/passwd"},
        {"timezone": "x; reboot"},
        {"domain_name": "a b"},
        {"interfaces": {"name": "vmbr0", "address": "10.0.0.2"}},
        {"interfaces": {"name": "vm br0", "address": "10.0.0.2/24"}},
        {"interfaces": {"name": "vmbr0", "address": "10.0.0.2/24", "gateway": "$(reboot)"}},
        {"zfs": {}},
    ],
)
def test_hostile_and_unknown_values_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        InitialSetup.model_validate(wrong)


def test_equal_slices_ask_equal_facts_in_one_trip() -> None:
    piece = InitialSetup.model_validate(WHOLE)
    first, second = ([fact for each in resources(piece) for fact in each.facts()] for _ in range(2))
    assert first == second
    node = Node.new()
    assert look(node, resources(piece))[first[0]] is not None
