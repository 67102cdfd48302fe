"""ZFS pools: how they are made, and what is told of one that is there."""

from __future__ import annotations

from typing import Any

import pytest

from features.host.converging import changes, converge, look
from features.host.zfs_nodes import DISKS, kept, node, pool, reasons, verdicts, wanted, with_paths
from phoenix_hypervisor.command import Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.features.host.zfs.pools import POOLS, Group, imports_beside
from phoenix_hypervisor.machine import Facts

NAME = "zfs.pool:swift"

STATUS = """\
tank\tDEGRADED\t12\ton
other pool\tONLINE\t0\toff
place\t/dev/disk/by-id/ata-A-part1\t/dev/sda1
place\t/dev/sdb1\t/dev/sdb1
  pool: tank
 state: DEGRADED
status: One or more devices could not be used.
  scan: resilvered 1G
config:

\tNAME                               STATE     READ WRITE CKSUM
\ttank                               DEGRADED     0     0     0
\t  mirror-0                         DEGRADED     0     0     0
\t    /dev/disk/by-id/ata-A-part1    ONLINE       0     0     0
\t    replacing-1                    DEGRADED     0     0     0
\t      12345678901234567890         UNAVAIL      0     0     0  was /dev/disk/by-id/ata-B-part1
\t      /dev/sdb1                    ONLINE       0     0     0
\t  raidz2-1                         ONLINE       0     0     0
\t    /dev/sdc1                      ONLINE       0     0     0
\tlogs
\t  /dev/sdx1                        ONLINE       0     0     0
\tcache
\t  /dev/sdy1                        ONLINE       0     0     0

errors: No known data errors

  pool: other pool
 state: ONLINE
config:

\tNAME          STATE     READ WRITE CKSUM
\tother pool    ONLINE       0     0     0
\t  /dev/sdz1   ONLINE       0     0     0

errors: No known data errors
"""


def test_the_text_of_zpool_status_is_read() -> None:
    pools = POOLS.parse(Result(0, STATUS))
    assert pools.pools is not None
    tank, other = pools.pools["tank"], pools.pools["other pool"]
    mirror = ("/dev/disk/by-id/ata-A-part1", "/dev/disk/by-id/ata-B-part1", "/dev/sdb1")
    assert tank.groups == (Group("mirror", mirror), Group("raidz2", ("/dev/sdc1",)))
    assert tank.paths == (*mirror, "/dev/sdc1", "/dev/sdx1", "/dev/sdy1")
    assert (tank.health, tank.ashift, tank.autotrim) == ("DEGRADED", 12, "on")
    assert other.groups == (Group("disk", ("/dev/sdz1",)),)
    assert pools.user(frozenset({"sda1"})) == "tank"
    assert pools.user(frozenset({"sdq"})) is None


def test_without_zfs_there_is_no_pool() -> None:
    made, resource = node(), wanted(pools=[pool(DISKS[0])])[NAME]
    read = look(made, [resource])
    facts = Facts({**{fact: read[fact] for fact in resource.facts()}, POOLS: POOLS.parse(Result(127, ""))})
    (found,) = resource.verdict(facts).obstacles
    assert "the node has no ZFS" in found.reason and found.hint == "apt-get install zfsutils-linux"


def test_garbage_is_a_clear_error() -> None:
    with pytest.raises(NodeError, match="tank"):
        POOLS.parse(Result(0, "tank\tONLINE\t12\ton\n"))
    with pytest.raises(NodeError, match="its pools"):
        POOLS.parse(Result(1, "", "internal error"))
    assert POOLS.parse(Result(0, "no pools available\n")).pools == {}
    assert POOLS.parse(Result(127)).pools is None
    assert imports_beside("x").parse(Result(0, "no pools available to import\n")) == ()


@pytest.mark.parametrize("version", [8, 9])
@pytest.mark.parametrize(
    ("level", "count", "words"),
    [
        ("single", 1, [DISKS[0]]),
        (None, 1, [DISKS[0]]),
        ("stripe", 2, [*DISKS[:2]]),
        ("mirror", 3, ["mirror", *DISKS[:3]]),
        ("raid10", 4, ["mirror", *DISKS[:2], "mirror", *DISKS[2:4]]),
        ("raidz", 3, ["raidz1", *DISKS[:3]]),
        ("raidz1", 3, ["raidz1", *DISKS[:3]]),
        ("raidz2", 4, ["raidz2", *DISKS[:4]]),
        ("raidz3", 5, ["raidz3", *DISKS[:5]]),
    ],
)
def test_each_level_is_made_and_found_again(level: str | None, count: int, words: list[str], version: int) -> None:
    made = node(6, version)
    asked = wanted(pools=[pool(*DISKS[:count], **({"raid_level": level} if level else {}))])
    (command,) = converge(made, asked.values())
    assert command.argv == ("zpool", "create", "-o", "ashift=12", "-O", "atime=off", "swift", *words)
    assert verdicts(made, asked)[NAME].kept == ()


def mirrored(**fields: Any) -> dict[str, Any]:
    return pool(*DISKS[:2], raid_level="mirror", **fields)


def test_on_a_disk_with_several_paths_a_pool_is_found_again() -> None:
    made, asked = with_paths(), wanted(pools=[pool("/dev/mapper/mpatha")])
    converge(made, asked.values())
    assert "swift" in made.zfs.pools
    assert kept(verdicts(made, asked)[NAME]) == ""
    by_path = wanted(pools=[pool(DISKS[0])])
    assert "the pool swift is disk of /dev/mapper/mpatha" in kept(verdicts(made, by_path)[NAME])


def test_by_the_kernels_names_it_is_the_same_pool() -> None:
    made = node(2)
    converge(made, wanted(pools=[mirrored()]).values())
    named = wanted(pools=[pool("/dev/nvme1n1", "/dev/nvme0n1", raid_level="mirror")])
    assert verdicts(made, named)[NAME].kept == ()
    assert verdicts(made, named)[NAME].notes == ()
    assert "may be another disk after a reboot" in verdicts(node(2), named)[NAME].notes[0]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (pool(*DISKS[:2], raid_level="stripe"), "the pool swift is mirror of"),
        (pool(*DISKS[:3], raid_level="mirror"), "declared: mirror of"),
        (pool(DISKS[0], DISKS[2], raid_level="mirror"), "What a pool is made of is never changed by itself"),
        (mirrored(ashift=13), "the pool swift has ashift 12, declared 13: It is fixed when a pool is made."),
    ],
)
def test_what_differs_of_a_pool_that_is_there_is_told_and_stays(fields: dict[str, Any], told: str) -> None:
    made = node(3)
    converge(made, wanted(pools=[mirrored()]).values())
    asked = wanted(pools=[fields])
    assert changes(made, asked.values()) == []
    assert told in kept(verdicts(made, asked)[NAME])


def test_a_pool_that_lost_a_disk_is_told() -> None:
    made = node(2)
    converge(made, wanted(pools=[mirrored()]).values())
    assert made.run(["zpool", "offline", "swift", DISKS[1]]).ok
    asked = wanted(pools=[mirrored()])
    assert "the pool swift is DEGRADED: See zpool status -v swift." in kept(verdicts(made, asked)[NAME])
    assert changes(made, asked.values()) == []


def test_only_autotrim_and_compression_are_set() -> None:
    made = node(2)
    converge(made, wanted(pools=[mirrored()]).values())
    commands = converge(made, wanted(pools=[mirrored(autotrim="on", compression="zstd")]).values())
    assert [command.argv for command in commands] == [
        ("zpool", "set", "autotrim=on", "swift"),
        ("zfs", "set", "compression=zstd", "swift"),
    ]


@pytest.mark.parametrize("disks", [(), DISKS[2:3]])
def test_a_pool_that_could_be_imported_is_not_made_anew(disks: tuple[str, ...]) -> None:
    made = node(3)
    converge(made, wanted(pools=[mirrored()]).values())
    assert made.run(["zpool", "export", "swift"]).ok
    said = verdicts(made, wanted(pools=[pool(*disks)]))[NAME]
    assert "a pool swift could be imported (exported, number" in reasons(said)
    assert "zpool import swift" in said.obstacles[0].hint
    assert len(said.obstacles) == 1


def test_on_its_own_disks_a_pool_that_could_be_imported_is_what_they_would_lose() -> None:
    made = node(2)
    converge(made, wanted(pools=[mirrored()]).values())
    assert made.run(["zpool", "export", "swift"]).ok
    told = verdicts(made, wanted(pools=[mirrored()]))[NAME].obstacles
    assert [each.loses for each in told] == ["disk:A1", "disk:A2"]
    assert "back with: zpool import swift" in told[0].reason
    converge(made, wanted(pools=[mirrored()]).values())


def test_a_folder_in_the_place_of_the_pool_is_told() -> None:
    made = node(2)
    made.files.mkdir("/swift")
    made.files.write("/swift/x", "somebody's")
    assert "/swift holds 'x'" in reasons(verdicts(made, wanted(pools=[mirrored()]))[NAME])


def test_the_disks_of_all_pools_are_looked_at_once() -> None:
    asked = wanted(pools=[pool(DISKS[0]), pool(DISKS[1], name="deep")])
    named = [fact for each in asked.values() for fact in each.facts() if fact.name == "what is on the disks"]
    assert len(named) == 2
    assert len(set(named)) == 1


def test_a_shape_that_cannot_be_is_told() -> None:
    made = node(3)
    assert "no raid_level" in reasons(verdicts(made, wanted(pools=[pool(*DISKS[:2])]))[NAME])
    odd = wanted(pools=[pool(*DISKS[:3], raid_level="raid10")])
    assert "raid10 takes pairs of disks; the pool swift has 3" in reasons(verdicts(made, odd)[NAME])
