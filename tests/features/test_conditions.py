"""What must hold after a change: each condition tells of its opposite, and of nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from phoenix_hypervisor.command import Result
from phoenix_hypervisor.features.lifecycle.conditions import (
    Begun,
    Condition,
    FileIsThere,
    FirewallIs,
    Gone,
    HasSnapshot,
    IsBase,
    KeysAre,
    NoSnapshot,
    NothingPending,
    OnlyRoot,
    PutBack,
    RawIs,
    RecordIs,
    RolledBack,
    Runs,
    SizeIs,
    Unlocked,
    Whole,
)
from phoenix_hypervisor.features.lifecycle.marks import Record
from phoenix_hypervisor.features.lifecycle.options import Wanted

CONF = """\
#Managed by Phoenix Hypervisor.
memory: 512
rootfs: tank:subvol-900-disk-0,size=8G
tags: phoenix
template: 1
lxc.cap.drop: sys_admin

[base]
memory: 512
"""
RECORDED = "#Managed by Phoenix Hypervisor. Keys%3A cores.\ncores: 2\n"
BEGUN = "#Managed by Phoenix Hypervisor. Being cloned from 900@base.\nlock: create\n"
AT_BASE = "memory: 512\nparent: base\n\n[base]\nmemory: 512\nsnaptime: 1\n"
PENDING = "\n[pve:pending]\nmemory: 512\n"
SNAPSHOT = "tank/subvol-900-disk-0@base"
WANTED = Wanted({"memory": "512"}, {}, None, ())
RAW = (("lxc.cap.drop", "sys_admin"),)


def guest(text: str = CONF, *, running: bool = True, snapshots: str = f"{SNAPSHOT}\n") -> Result:
    """What the look at a container prints."""
    return Result(0, f"{'running' if running else 'stopped'}\n{snapshots}\n{text}")


def without(line: str) -> Result:
    assert line in CONF
    return guest(CONF.replace(line, ""))


def with_line(line: str) -> Result:
    return guest(line + CONF)


NOTHING = guest("", running=False, snapshots="")
HOLDS: list[tuple[Condition, Result]] = [
    (Whole(900), guest()),
    (Unlocked(900), guest()),
    (Gone(900), NOTHING),
    (Runs(900), guest()),
    (IsBase(900), guest()),
    (KeysAre(900, WANTED), guest()),
    (KeysAre(900, WANTED), with_line("cores: 2\n")),
    (KeysAre(900, WANTED), guest(CONF.replace("memory: 512", "memory: 256", 1) + PENDING)),
    (RecordIs(900, Record(frozenset({"cores"}))), guest(RECORDED)),
    (NothingPending(900), guest()),
    (RawIs(900, RAW), guest()),
    (SizeIs(900, "rootfs", 8), guest()),
    (SizeIs(900, "rootfs", 7), guest()),
    (HasSnapshot(900, "base", "tank/subvol-900-disk-0"), guest()),
    (HasSnapshot(900, "base", None), guest(snapshots="")),
    (NoSnapshot(900, "other"), guest()),
    (Begun(900), guest(BEGUN)),
    (OnlyRoot(900), with_line("mp0: /srv,mp=/srv\n")),
    (RolledBack(900, "base"), guest(AT_BASE, running=False)),
    (RolledBack(900, "base"), guest("lock: rollback\nunused0: tank:a\n" + AT_BASE, running=False)),
    (PutBack(900, "Managed by Phoenix Hypervisor.", ("tank:kept",)), with_line("unused0: tank:kept\n")),
    (PutBack(900, "Managed by Phoenix Hypervisor.", ()), with_line("protection: 1\nunused0: tank:new\n")),
    (FirewallIs(900, "[RULES]\n"), Result(0, "[RULES]\n")),
    (FirewallIs(900, None), Result(3)),
    (FileIsThere("/a"), Result(0)),
]
WRONG: list[tuple[Condition, Result, str]] = [
    (Whole(900), without("rootfs: tank:subvol-900-disk-0,size=8G\n"), "has no root file system"),
    (Whole(900), with_line("lock: create\n"), "is locked (create)"),
    (Whole(900), NOTHING, "is not there"),
    (Unlocked(900), with_line("lock: backup\n"), "is still locked (backup)"),
    (Gone(900), guest(), "is still there"),
    (Runs(900), guest(running=False), "does not run"),
    (Runs(900), NOTHING, "is not there"),
    (IsBase(900), without("template: 1\n"), "is no template"),
    (KeysAre(900, WANTED), guest(CONF.replace("memory: 512", "memory: 256")), "still differs: memory 256 -> 512"),
    (RecordIs(900, Record()), guest(RECORDED), "the mark in the description of CT 900 is not as written"),
    (RecordIs(900, Record(frozenset({"tags"}))), guest(), "the mark in the description of CT 900 is not as written"),
    (NothingPending(900), guest(CONF + "\n[pve:pending]\ncores: 2\ndelete: swap\n"), "a restart: cores, swap"),
    (RawIs(900, RAW), without("lxc.cap.drop: sys_admin\n"), "raw lines of CT 900 are not as written"),
    (RawIs(900, ()), guest(), "raw lines of CT 900 are not as written"),
    (SizeIs(900, "rootfs", 9), guest(), "rootfs of CT 900 has not grown to 9 GB"),
    (SizeIs(900, "mp0", 1), guest(), "mp0 of CT 900 has not grown to 1 GB"),
    (SizeIs(900, "mp0", 1), with_line("mp0: tank:a,mp=/a,size=big\n"), "mp0 of CT 900 has not grown to 1 GB"),
    (HasSnapshot(900, "other", None), guest(), "has no whole snapshot other"),
    (HasSnapshot(900, "base", "tank/subvol-900-disk-0"), guest(snapshots=""), "has no whole snapshot base"),
    (HasSnapshot(900, "base", None), guest(CONF + "snapstate: prepare\n"), "has no whole snapshot base"),
    (NoSnapshot(900, "base"), guest(), "still has the snapshot base"),
    (NoSnapshot(900, "other"), with_line("lock: snapshot-delete\n"), "is still locked (snapshot-delete)"),
    (Begun(900), guest(BEGUN.replace("lock: create\n", "")), "is no clone that was begun"),
    (Begun(900), with_line("lock: create\n"), "is no clone that was begun"),
    (OnlyRoot(900), with_line("mp0: tank:a,mp=/a\nunused1: tank:b\n"), "still has mp0, unused1"),
    (RolledBack(900, "base"), guest(AT_BASE), "is not as its snapshot base is"),
    (RolledBack(900, "base"), guest("cores: 2\n" + AT_BASE, running=False), "is not as its snapshot base is"),
    (RolledBack(900, "other"), guest(AT_BASE, running=False), "is not as its snapshot other is"),
    (PutBack(900, "Managed by Phoenix Hypervisor.", ()), with_line("unused0: tank:new\n"), "has the volume tank:new"),
    (PutBack(900, "Another text.", ()), guest(), "is not described as before"),
    (FirewallIs(900, "[RULES]\n"), Result(3), "firewall file of CT 900 is not as written"),
    (FirewallIs(900, None), Result(0, "[RULES]\n"), "firewall file of CT 900 is not as written"),
    (FileIsThere("/a"), Result(1), "/a is not on the node"),
]


def told(condition: Condition, answer: Result) -> str | None:
    seen: Any = condition.fact().parse(answer)
    return condition.wrong(seen)


@pytest.mark.parametrize(("condition", "answer"), HOLDS)
def test_what_holds_is_not_told(condition: Condition, answer: Result) -> None:
    assert told(condition, answer) is None


@pytest.mark.parametrize(("condition", "answer", "text"), WRONG)
def test_what_does_not_hold_is_told(condition: Condition, answer: Result, text: str) -> None:
    assert text in (told(condition, answer) or "")


def test_the_zfs_snapshot_is_asked_for_by_name() -> None:
    assert HasSnapshot(900, "base", "tank/subvol-900-disk-0").fact().command.argv[-1] == SNAPSHOT
