"""Snapshots of containers with volumes, their deletion and the way back to them."""

from __future__ import annotations

from simulator.asking import held, inside, ok, read, refused
from simulator.small import small_node

RUNNING, STOPPED = "101", "102"
DATA = "local-zfs:8,mp=/data"


def test_a_rollback_brings_back_the_section_and_every_volume() -> None:
    node = small_node()
    ok(node, "pct", "set", RUNNING, "--mp0", DATA, "--tags", "old", "--description", "first", "--memory", "300")
    inside(node, "echo old > /data/file; echo old > /etc/file")
    ok(node, "pct", "snapshot", RUNNING, "before", "--description", "of the snapshot")
    ok(node, "pct", "set", RUNNING, "--tags", "new", "--description", "second", "--memory", "400", "--onboot", "1")
    ok(node, "pct", "set", RUNNING, "--mp1", "local-zfs:1,mp=/later", "--features", "nesting=1,keyctl=1")
    inside(node, "echo new > /data/file; echo new > /etc/file")
    ok(node, "pct", "rollback", RUNNING, "before")
    config = read(node, RUNNING)
    options = config.current.options
    assert not node.guests.is_running(101)
    assert (options["tags"], options["memory"], options["parent"]) == ("old", "300", "before")
    assert options["unused0"] == "local-zfs:subvol-101-disk-2", "what the snapshot does not know is unused"
    assert not {"onboot", "mp1", "snaptime", "lock"} & options.keys()
    assert config.current.description == "second\n", "the description is not a snapshot's"
    assert config.pending is None
    ok(node, "pct", "start", RUNNING)
    assert inside(node, "cat /data/file /etc/file") == "old\nold\n"


def test_a_rollback_mounts_again_what_had_become_unused() -> None:
    node = small_node()
    ok(node, "pct", "set", STOPPED, "--mp0", DATA)
    ok(node, "pct", "snapshot", STOPPED, "before")
    ok(node, "pct", "set", STOPPED, "--delete", "mp0")
    ok(node, "pct", "rollback", STOPPED, "before", "--start", "1")
    options = held(node, STOPPED)
    assert options["mp0"].startswith("local-zfs:subvol-102-disk-1,")
    assert "unused0" not in options
    assert node.guests.is_running(102)


def test_a_rollback_is_kept_from_by_newer_snapshots_of_any_kind() -> None:
    node = small_node()
    ok(node, "pct", "set", STOPPED, "--mp0", DATA)
    ok(node, "pct", "snapshot", STOPPED, "before")
    ok(node, "zfs", "snapshot", "rpool/data/subvol-102-disk-1@autosnap")
    said = "can't rollback, 'before' is not most recent snapshot on 'local-zfs:subvol-102-disk-1'\n"
    assert refused(node, "pct", "rollback", STOPPED, "before") == said
    assert "lock" not in held(node, STOPPED)


def test_a_snapshot_that_is_gone_from_zfs() -> None:
    node = small_node()
    ok(node, "pct", "snapshot", STOPPED, "before")
    ok(node, "zfs", "destroy", "rpool/data/subvol-102-disk-0@before")
    said = "can't rollback, snapshot 'before' does not exist on 'local-zfs:subvol-102-disk-0'\n"
    assert refused(node, "pct", "rollback", STOPPED, "before") == said
    said = "zfs error: could not find any snapshots to destroy; check snapshot names.\n"
    assert refused(node, "pct", "delsnapshot", STOPPED, "before") == said
    assert refused(node, "pct", "delsnapshot", STOPPED, "before") == "CT is locked (snapshot-delete)\n"
    ok(node, "pct", "unlock", STOPPED)
    ok(node, "pct", "delsnapshot", STOPPED, "before", "--force", "1")
    assert read(node, STOPPED).snapshots == {}
