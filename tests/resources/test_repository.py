"""Proxmox's repositories on a node, as they are found and as they ought to be."""

from __future__ import annotations

import base64
import json

import pytest

from features.host.converging import changes, converge, look
from phoenix_hypervisor.resources.repository import Repository, Use
from phoenix_hypervisor.simulator.node import Node

FOLDER = "/etc/apt/sources.list.d"
FREE = Repository(name="no-subscription")
STANZA = (
    "Types: deb\nURIs: {}\nSuites: trixie\nComponents: {}\nSigned-By: /usr/share/keyrings/proxmox-archive-keyring.gpg\n"
)


def sources(node: Node) -> dict[str, str]:
    paths = ["/etc/apt/sources.list", *node.files.glob(f"{FOLDER}/*")]
    return {path: node.files.read(path) for path in paths if node.files.exists(path)}


@pytest.mark.parametrize("version", [8, 9])
def test_a_fresh_node_can_update_then(version: int) -> None:
    node = Node.new(version=version)
    assert not node.run(["apt-get", "update", "-o", "APT::Update::Error-Mode=any"]).ok
    before = sources(node)
    converge(node, [FREE])
    assert node.run(["apt-get", "update", "-o", "APT::Update::Error-Mode=any"]).ok
    after = sources(node)
    for path, text in before.items():
        kept = [line.removeprefix("# ") for line in after[path].splitlines() if line != "Enabled: no"]
        assert kept == text.splitlines()
        if "enterprise" not in text:
            assert after[path] == text
    ending = "sources" if version == 9 else "list"
    assert len(after) == len(before) + 1 and any(path.endswith(f".{ending}") for path in set(after) - set(before))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/etc/apt/sources.list", "deb http://download.proxmox.com/debian/pve trixie pve-no-subscription\n"),
        (f"{FOLDER}/by-hand.list", "deb [arch=amd64] https://mirror.lan/pve trixie pve-no-subscription # ours"),
        (f"{FOLDER}/proxmox.sources", STANZA.format("http://download.proxmox.com/debian/pve", "pve-no-subscription")),
        (
            f"{FOLDER}/pve.sources",
            "Enabled: yes\n" + STANZA.format("http://cache:3142/pve", "pve-no-subscription pve-test"),
        ),
    ],
)
def test_one_in_another_spelling_is_recognised(path: str, text: str) -> None:
    node = Node.new()
    node.files.write(path, text)
    converge(node, [FREE])
    assert node.files.read(path) == text
    assert sum("pve-no-subscription" in each for each in sources(node).values()) == 1


@pytest.mark.parametrize(
    ("path", "text", "after"),
    [
        (f"{FOLDER}/x.list", "#deb http://m/pve trixie pve-no-subscription\n",
         "deb http://m/pve trixie pve-no-subscription\n"),
        (f"{FOLDER}/y.sources", STANZA.format("http://m", "pve-no-subscription") + "Enabled: false\n# end\n",
         STANZA.format("http://m", "pve-no-subscription") + "# end\n"),
        (f"{FOLDER}/proxmox.sources", STANZA.format("http://m", "pve-test").rstrip("\n"),
         STANZA.format("http://m", "pve-test") + "\n"
         + STANZA.format("http://download.proxmox.com/debian/pve", "pve-no-subscription")),
    ],
)  # fmt: skip
def test_one_that_is_off_is_switched_on_and_a_file_that_is_there_is_added_to(path: str, text: str, after: str) -> None:
    node = Node.new()
    node.files.write(path, text)
    node.files.chmod(path, 0o640)
    converge(node, [FREE])
    assert node.files.read(path) == after
    entry = node.files.stat(path)
    assert entry is not None and entry.mode == 0o640


def subscribe(node: Node, status: str) -> None:
    data = base64.b64encode(json.dumps({"status": status, "key": "pve1c-0000000000"}).encode()).decode()
    node.files.write("/etc/subscription", f"pve1c-0000000000\nchecksum\n{data[:40]}\n{data[40:]}\n")


@pytest.mark.parametrize(("status", "kept"), [("Active", True), ("expired", False)])
def test_a_subscription_keeps_the_enterprise_repository(status: str, kept: bool) -> None:
    node = Node.new()
    before = sources(node)
    subscribe(node, status)
    converge(node, [FREE])
    path = f"{FOLDER}/pve-enterprise.sources"
    assert (node.files.read(path) == before[path]) is kept


@pytest.mark.parametrize("status", ["Active", "expired", None])
def test_without_a_word_a_subscribed_node_keeps_its_sources(status: str | None) -> None:
    alone, free = Node.new(), Node.new()
    before = sources(alone)
    if status:
        subscribe(alone, status)
    converge(alone, [Repository(name="auto")])
    converge(free, [FREE])
    assert sources(alone) == (before if status == "Active" else sources(free))


@pytest.mark.parametrize(("use", "told"), [("no-subscription", True), ("auto", False), ("enterprise", False)])
def test_mixing_in_the_free_packages_on_a_subscribed_node_is_told(use: Use, told: bool) -> None:
    node = Node.new()
    assert Repository(name=use).verdict(look(node, [Repository(name=use)])).notes == ()
    subscribe(node, "Active")
    notes = Repository(name=use).verdict(look(node, [Repository(name=use)])).notes
    assert ["active subscription" in note for note in notes] == [True] * told


@pytest.mark.parametrize("text", ["", "x", "k\ns\n!!!\n", "k\ns\nW10=\n"])
def test_what_is_no_subscription_is_none(text: str) -> None:
    node = Node.new()
    node.files.write("/etc/subscription", text)
    converge(node, [FREE])
    assert "Enabled: no" in node.files.read(f"{FOLDER}/pve-enterprise.sources")


def test_enterprise_is_left_on_where_it_is_declared_and_switched_on_where_it_was_off() -> None:
    node = Node.new()
    before = sources(node)
    assert changes(node, [Repository(name="enterprise")]) == []
    converge(node, [FREE])
    converge(node, [Repository(name="enterprise")])
    assert sources(node)[f"{FOLDER}/pve-enterprise.sources"] == before[f"{FOLDER}/pve-enterprise.sources"]


def test_an_entry_that_names_another_archive_too_is_told_not_switched_off() -> None:
    node = Node.new()
    path = f"{FOLDER}/pve-enterprise.sources"
    text = STANZA.format("https://enterprise.proxmox.com/debian/pve http://mirror.lan/pve", "pve-enterprise pve-own")
    node.files.write(path, text)
    verdict = FREE.verdict(look(node, [FREE]))
    assert [path in each.reason for each in verdict.obstacles] == [True]
    assert not any(path in command.argv for command in changes(node, [FREE]))


def test_a_node_that_does_not_say_what_it_is_gets_no_new_entry() -> None:
    node = Node.new()
    node.files.write("/etc/os-release", "ID=debian\n")
    verdict = FREE.verdict(look(node, [FREE]))
    assert verdict.obstacles
    assert not any("proxmox.sources" in word for command in changes(node, [FREE]) for word in command.argv)
