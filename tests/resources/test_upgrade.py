"""All packages in their newest version, when it is asked for."""

from __future__ import annotations

from features.host.converging import changes, converge, look
from phoenix_hypervisor.command import Result
from phoenix_hypervisor.resources.repository import Repository
from phoenix_hypervisor.resources.upgrade import Upgrade
from phoenix_hypervisor.simulator.node import Node

SOURCES = Repository(name="no-subscription")
UPGRADE = Upgrade(after=(SOURCES.id,))


def test_what_only_an_update_shows_is_upgraded_too() -> None:
    node = Node.new()
    node.add_upgrade("curl", "99.0-1")
    assert "knows of no newer ones" in UPGRADE.verdict(look(node, [UPGRADE])).reason
    converge(node, [SOURCES, UPGRADE])
    assert node.run(["dpkg-query", "-W", "-f", "${Version}", "curl"]).stdout == "99.0-1"
    assert changes(node, [SOURCES, UPGRADE]) == []


def test_after_an_hour_it_is_looked_for_again() -> None:
    node = Node.new()
    converge(node, [SOURCES, UPGRADE])
    node.clock += 3500
    assert changes(node, [UPGRADE]) == []
    node.clock += 200
    assert changes(node, [UPGRADE]) != []


def test_what_is_known_to_be_newer_is_named() -> None:
    node = Node.new()
    converge(node, [SOURCES, UPGRADE])
    node.add_upgrade("curl", "99.0-1")
    assert node.run(["apt-get", "update"]).ok
    assert UPGRADE.verdict(look(node, [UPGRADE])).reason == "newer: curl"
    converge(node, [UPGRADE])


def test_what_apt_cannot_tell_is_not_taken_for_done() -> None:
    (fact,) = UPGRADE.facts()
    assert fact.parse(Result(100, "fresh\n", "E: broken")) == (False, ())
