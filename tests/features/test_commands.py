"""Commands of a container's life that are small scripts, run as they are."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from phoenix_hypervisor.features.lifecycle import commands
from phoenix_hypervisor.features.lifecycle.copying import drop_volumes, remove
from rig import Rig, small


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    made = small(tmp_path / "etc")
    made.converge()
    return made


@pytest.mark.parametrize("mounted", [True, False])
def test_only_what_a_killed_creation_left_mounted_is_unmounted(tmp_path: Path, mounted: bool) -> None:
    """By the real shell: the simulated node tells no mounts as a kernel does."""
    said = tmp_path / "said"
    for name, text in {"grep": f"exit {int(not mounted)}", "umount": "exit 0"}.items():
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >>{said}\n{text}\n')
        program.chmod(0o755)
    command = commands.unmount_remains(150)
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = subprocess.run(command.argv, input=command.stdin, env={"PATH": path}, text=True, capture_output=True)
    assert done.returncode == 0, done
    root = "/var/lib/lxc/150/rootfs"
    unmounted = [f"umount -R {root}"] if mounted else []
    assert said.read_text().splitlines() == [f"grep -qs  {root}  /proc/self/mountinfo", *unmounted]


def test_stopped_is_what_does_not_run(rig: Rig) -> None:
    command = commands.stopped(150)
    done = rig.node.run(command.argv, command.stdin)
    assert not done.ok and "it still runs" in done.stderr
    assert rig.node.run(["pct", "stop", "150"]).ok
    assert rig.node.run(command.argv, command.stdin).ok


@pytest.mark.parametrize("harm", ["true", "pct set 150 --protection 1", "pct stop 150; pct set 150 --lock create"])
def test_what_a_run_has_made_goes_again_however_far_it_came(rig: Rig, harm: str) -> None:
    assert rig.node.run(["sh", "-c", harm]).ok
    command = remove(150)
    for _ in range(2):
        assert rig.node.run(command.argv, command.stdin).ok
        assert 150 not in rig.look().guests


@pytest.mark.parametrize(
    ("keys", "protected", "lines"),
    [
        ((), True, []),
        (("mp0",), False, ["pct set 9 --delete mp0", "pct set 9 --delete unused0"]),
        (
            ("mp0", "mp3"),
            True,
            ["pct set 9 --delete protection", "pct set 9 --delete mp0,mp3", "pct set 9 --delete unused0,unused1"],
        ),
    ],
)
def test_copied_volumes_are_freed(keys: tuple[str, ...], protected: bool, lines: list[str]) -> None:
    assert [str(command) for command in drop_volumes(9, keys, protected)] == lines
