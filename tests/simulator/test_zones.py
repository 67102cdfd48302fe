"""The time zones of a simulated node are files, as tzdata has them."""

from __future__ import annotations

import pytest

from phoenix_hypervisor.simulator.debian.zones import zones
from phoenix_hypervisor.simulator.node import Node
from simulator.asking import ok


@pytest.mark.parametrize(
    ("path", "letter"),
    [
        ("Europe", "d"),
        ("Europe/Berlin", "f"),
        ("America/Indiana/Knox", "f"),
        ("UTC", "f"),
        ("Europe/Berlim", ""),
        ("x", ""),
    ],
)
def test_a_zone_is_a_file_and_a_region_a_folder(path: str, letter: str) -> None:
    node = Node.new()
    found = [one for one in "df" if node.run(["test", f"-{one}", f"/usr/share/zoneinfo/{path}"]).ok]
    assert found == list(letter)


@pytest.mark.skipif(not zones(), reason="Python finds no tzdata here")
def test_folders_list_what_timedatectl_lists() -> None:
    node = Node.new()
    listed = ok(node, "find", "/usr/share/zoneinfo", "-type", "f").splitlines()
    assert {path.removeprefix("/usr/share/zoneinfo/") for path in listed} == set(zones())
    assert ok(node, "timedatectl", "list-timezones").splitlines() == sorted(zones())
