"""``phoenix feature run --mode interactive``: whoever sits at the terminal is asked (S3)."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import subprocess
import sys
import termios
from pathlib import Path

import pytest

import phoenix_hypervisor
from phoenix_hypervisor.simulator.node import Node

NAME = "ata-A_1"
SLICE = json.dumps({"pools": [{"name": "tank", "raid_level": "single", "disks": [f"/dev/disk/by-id/{NAME}"]}]})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A node with a disk that carries a file system."""
    node = Node.new()
    node.add_disk(NAME, 1 << 40)
    node.put_on_disk(NAME, "ext4")
    node.save(tmp_path / "node.json")
    return tmp_path / "node.json"


def command(file: Path, source: str, *options: str) -> list[str]:
    words = ["feature", "run", "zfs", "--config", source, "--mode", "interactive", "--on", f"sim:{file}", *options]
    return [sys.executable, "-m", "phoenix_hypervisor", *words]


def environment(folder: Path) -> dict[str, str]:
    source = str(Path(phoenix_hypervisor.__file__).parents[1])
    return {"PYTHONPATH": source, "PATH": os.environ["PATH"], "XDG_STATE_HOME": str(folder)}


def at_terminal(file: Path, typed: str, *options: str) -> tuple[int, str]:
    """The slice through a pipe, somebody at the terminal: exit code, and what the terminal showed."""
    ours, theirs = pty.openpty()

    def take_terminal() -> None:
        os.setsid()
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)

    os.write(ours, f"{typed}\n".encode())
    done = subprocess.run(
        command(file, "-", *options),
        input=SLICE.encode(),
        env=environment(file.parent),
        stdout=theirs,
        stderr=theirs,
        preexec_fn=take_terminal,
        check=False,
    )
    os.set_blocking(ours, False)
    shown = os.read(ours, 1 << 16).decode()
    os.close(theirs)
    os.close(ours)
    return done.returncode, shown


@pytest.mark.parametrize(("answer", "code"), [("the name", 0), ("no", 4)])
def test_the_terminal_is_asked_where_the_slice_comes_through_a_pipe(file: Path, answer: str, code: int) -> None:
    serial = Node.load(file).disks.devices["sdb"].serial
    found, shown = at_terminal(file, f"disk:{serial}" if answer == "the name" else answer)
    assert (found, f"To destroy it, type disk:{serial}: " in shown) == (code, True), shown
    assert ("tank" in Node.load(file).zfs.pools) is (code == 0)


@pytest.mark.parametrize("source", ["-", "FILE"])
def test_without_a_terminal_nothing_is_begun(file: Path, source: str) -> None:
    (file.parent / "slice.json").write_text(SLICE)
    words = command(file, "-" if source == "-" else str(file.parent / "slice.json"))
    given = SLICE if source == "-" else "disk:SERIAL\n"
    done = subprocess.run(
        words,
        input=given,
        env=environment(file.parent),
        capture_output=True,
        text=True,
        start_new_session=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("phoenix: There is no terminal to ask on.")
    assert "tank" not in Node.load(file).zfs.pools


def test_nobody_is_asked_where_the_output_is_for_programs(file: Path) -> None:
    code, shown = at_terminal(file, "yes", "--output", "json")
    assert (code, "There is no terminal to ask on." in shown) == (2, True)
