"""Disks that carry something are refused, not one command runs, and what was on them is read back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.host.contents import CLEAR, CONTENTS, EDGES, TREASURE
from lab.host.documents import host, pool, zfs
from lab.host.machine import Machine
from lab.host.site import Site, furnished, standins


@pytest.fixture(scope="module")
def site(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Site:
    return furnished(machine, tmp_path_factory.mktemp("user"))


@pytest.fixture(scope="module")
def spare(site: Site) -> str:
    return site.disk("spare")


@pytest.fixture(scope="module")
def settled(site: Site) -> Site:
    """A machine on which nothing but a pool is left to be done."""
    done = site.apply(host())
    assert done.rc == 0, done.said
    return site


@pytest.fixture
def disk(settled: Site, spare: str) -> Iterator[str]:
    """A disk that is empty again afterwards."""
    yield spare
    settled.sh(f"D={spare}\n{CLEAR}")


CASES = [*((kind, "safe") for kind in CONTENTS), ("ext4", "force"), ("an exported pool", "force")]


@pytest.mark.parametrize(("kind", "mode"), CASES)
def test_a_disk_that_carries_something_is_refused(settled: Site, disk: str, kind: str, mode: str) -> None:
    standins("nothing that has to do with disks; pvesm is one")
    content = CONTENTS[kind]
    settled.sh(f"set -e\nD={disk}\n{content.put}\nsync; udevadm settle")
    edges = settled.sh(f"D={disk}\n{EDGES}")
    done = settled.apply(host(zfs=zfs(pool("fresh", "single", disk))), "--mode", mode)
    assert done.rc == content.code, done.said
    assert content.told in done.said, done.said
    assert done.commands == []
    assert content.in_use or settled.sh(f"D={disk}\n{EDGES}") == edges
    assert settled.sh(f"D={disk}\n{content.read}") == f"{TREASURE}\n"
    assert settled.says("zpool list fresh")[0] != 0


def test_an_empty_disk_is_taken(settled: Site, disk: str) -> None:
    standins("pvesm")
    document = host(zfs=zfs(pool("fresh", "single", disk)))
    settled.converged(document)
    assert settled.sh("zpool list -H -o health fresh") == "ONLINE\n"
    settled.sh("zpool destroy fresh")
