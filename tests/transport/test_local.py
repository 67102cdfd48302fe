"""Commands on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from phoenix_hypervisor.cli.where import held
from phoenix_hypervisor.command import Command
from phoenix_hypervisor.errors import LockedError
from phoenix_hypervisor.transport.local import LocalTransport


async def test_output_status_and_standard_input() -> None:
    result = await LocalTransport().run(Command("sh", "-c", "cat; echo err >&2; exit 7", stdin="in"))
    assert (result.rc, result.stdout, result.stderr) == (7, "in", "err\n")


async def test_a_program_that_is_not_there() -> None:
    assert (await LocalTransport().run(Command("no-such-program"))).rc == 127


async def test_programs_of_the_administrator_are_found_under_cron(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    said = (await LocalTransport().run(Command("sh", "-c", 'echo "$PATH"'))).stdout.strip().split(":")
    assert said[:2] == ["/usr/bin", "/bin"] and {"/usr/sbin", "/sbin"} <= set(said)


async def test_a_command_that_does_not_end_is_ended_with_its_children(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with held(lock) as number:
        command = Command("sh", "-c", "sleep 60 & sleep 60", timeout=0.2)
        result = await LocalTransport((number,)).run(command)
    assert result.rc == 124 and "no answer within 0.2 s" in result.stderr
    with held(lock):
        """Free: no child is left that keeps it."""


async def test_a_signal_is_told_as_shells_do() -> None:
    assert (await LocalTransport().run(Command("sh", "-c", "kill -9 $$"))).rc == 137


async def test_every_command_keeps_the_lock_of_its_run(tmp_path: Path) -> None:
    """So that a run that is killed keeps the node until its last command is through."""
    lock = tmp_path / "lock"
    with held(lock) as number:
        result = await LocalTransport((number,)).run(Command("readlink", f"/proc/self/fd/{number}"))
        assert result.stdout.strip() == str(lock)
        with pytest.raises(LockedError), held(lock):
            pass
    with held(lock):
        pass
