"""The scripts around Proxmox's own clones, run by the real shell over a folder."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.features.lifecycle import copying
from phoenix_hypervisor.features.lifecycle.marks import CREATING

LOCKED = "lock: disk\nrootfs: tank:subvol-900-disk-0\n"


@pytest.fixture
def pve(tmp_path: Path) -> Path:
    for folder in ("etc/pve/lxc", "var/log/pve/tasks", CREATING, "bin"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "etc/pve/lxc/900.conf").write_text(LOCKED)
    (tmp_path / CREATING / "950").write_text("copy-of:900\n")
    program = tmp_path / "bin/pct"
    program.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/ran\n')
    program.chmod(0o755)
    return tmp_path


def run(command: Command, folder: Path) -> subprocess.CompletedProcess[str]:
    script = command.stdin
    for place in ("/etc/pve", "/var/log/pve"):
        script = script.replace(place, f"{folder}{place}")
    argv = [f"{folder}/{word}".lstrip("/") if word == CREATING else word for word in command.argv]
    environment = {**os.environ, "PATH": f"{folder}/bin:/usr/bin:/bin"}
    return subprocess.run(argv, input=script, capture_output=True, text=True, check=False, env=environment)


def ran(folder: Path) -> str:
    return (folder / "ran").read_text() if (folder / "ran").exists() else ""


def marked(folder: Path) -> bool:
    return (folder / CREATING / "950").exists()


def test_a_copy_that_cleared_up_after_itself_keeps_no_mark(pve: Path) -> None:
    (pve / "etc/pve/lxc/900.conf").write_text(LOCKED.replace("lock: disk\n", ""))
    assert run(copying.end_failed(950, 900), pve).returncode == 0
    assert not marked(pve) and ran(pve) == ""


def test_a_copy_that_was_ended_in_the_middle_frees_its_source_and_keeps_its_mark(pve: Path) -> None:
    (pve / "etc/pve/lxc/950.conf").write_text("lock: create\n")
    assert run(copying.end_failed(950, 900), pve).returncode == 0
    assert marked(pve) and ran(pve) == "unlock 900\n"


def test_a_lock_that_may_be_somebody_elses_is_left_and_remembered(pve: Path) -> None:
    assert run(copying.end_failed(950, 900), pve).returncode == 0
    assert marked(pve) and ran(pve) == ""


def test_a_lock_in_a_snapshots_section_is_none(pve: Path) -> None:
    (pve / "etc/pve/lxc/900.conf").write_text("rootfs: tank:subvol-900-disk-0\n\n[base]\nlock: disk\n")
    assert run(copying.end_failed(950, 900), pve).returncode == 0
    assert not marked(pve) and ran(pve) == ""


def task(process: int, started: int, kind: str = "vzclone", ctid: int = 900) -> str:
    return f"UPID:pve1:{process:08X}:{started:08X}:6915B3C0:{kind}:{ctid}:root@pam: 0\n"


def began(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19])


@pytest.mark.parametrize(
    ("tasks", "unlocks"),
    [
        (None, True),
        ("", True),
        (task(os.getpid(), began(os.getpid())), False),
        (task(os.getpid(), began(os.getpid()) + 1), True),
        (task(0x7FFFFFFF, 1), True),
        (task(os.getpid(), began(os.getpid()), ctid=901), True),
        (task(os.getpid(), began(os.getpid()), kind="vzdump"), True),
        (task(0x7FFFFFFF, 1) + task(os.getpid(), began(os.getpid())), False),
    ],
    ids=["no file", "nothing", "at work", "process reused", "process gone", "another", "a backup", "one at work"],
)
def test_a_source_is_unlocked_while_no_task_clones_it(pve: Path, tasks: str | None, unlocks: bool) -> None:
    if tasks is not None:
        (pve / "var/log/pve/tasks/active").write_text(tasks)
    done = run(copying.unlock_source(900), pve)
    assert (done.returncode == 0) is unlocks
    assert ran(pve) == ("unlock 900\n" if unlocks else "")
    assert unlocks or "CT 900 is being cloned" in done.stderr
