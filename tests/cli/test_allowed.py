"""``--allow-destroy``: what names no disk is refused, and what no disk is called is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from phoenix_hypervisor.simulator.node import Node

from .conftest import Phoenix, Said

LINK = "/dev/disk/by-id/ata-A_1"


class Site:
    """A pool that is declared on a disk with a file system."""

    def __init__(self, phoenix: Phoenix, folder: Path) -> None:
        pool = {"name": "tank", "raid_level": "single", "disks": [LINK]}
        host = {"repository": "no-subscription", "zfs": {"pools": [pool]}}
        (folder / "phoenix_hypervisor_config.json").write_text(json.dumps(host))
        node = Node.new()
        node.add_disk("ata-A_1", 1 << 40)
        node.put_on_disk("ata-A_1", "ext4")
        node.save(folder / "node.json")
        self.phoenix, self.folder = phoenix, folder

    def call(self, verb: str, *named: str) -> Said:
        words = [word for each in named for word in ("--allow-destroy", each)]
        there = ("--etc", self.folder, "--on", f"sim:{self.folder / 'node.json'}", "--mode", "force")
        return self.phoenix(verb, "host", *there, *words, *(("--yes",) if verb == "apply" else ()))


@pytest.fixture
def site(phoenix: Phoenix, tmp_path: Path) -> Site:
    return Site(phoenix, tmp_path)


@pytest.mark.parametrize("verb", ["plan", "apply"])
@pytest.mark.parametrize("named", ["disk", "disk:", "foo", "ata-A_1", "pool:tank"])
def test_what_names_no_disk_is_a_mistake(site: Site, verb: str, named: str) -> None:
    said = site.call(verb, named)
    assert said.code == 2 and f'"{named}"' in said.err and "disk:SERIAL" in said.err


@pytest.mark.parametrize("verb", ["plan", "apply"])
def test_a_serial_that_no_disk_has_is_told_and_lets_nothing_go(site: Site, verb: str) -> None:
    said = site.call(verb, "disk:NOSUCH")
    assert said.code == 4 and "--allow-destroy disk:NOSUCH: the node has no such disk" in said.out


def test_the_name_of_the_refusal_is_known(site: Site) -> None:
    serial = next(word for word in site.call("plan").out.split() if word.startswith("disk:")).rstrip(".")
    said = site.call("apply", serial)
    assert said.code == 0 and "no such disk" not in said.out


def test_it_stays_known_when_there_is_nothing_to_be_lost(site: Site) -> None:
    serial = next(word for word in site.call("plan").out.split() if word.startswith("disk:")).rstrip(".")
    site.call("apply", serial)
    assert "no such disk" not in site.call("plan", serial).out
