"""Commands on a machine behind a real OpenSSH server; connections that break; runs that exclude one another."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.errors import ConnectionLost, LockedError, TransportError, UsageError
from phoenix_hypervisor.transport import connection, ssh
from phoenix_hypervisor.transport.destination import Destination
from phoenix_hypervisor.transport.ssh import SshTransport
from ssh_machine import SshMachine

Open = Callable[..., SshTransport]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SshMachine]:
    made = SshMachine(tmp_path / "node")
    monkeypatch.setenv(connection.CONFIG, str(made.config))
    yield made
    made.stop()


@pytest.fixture
def reach(machine: SshMachine) -> Iterator[Open]:
    opened: list[SshTransport] = []

    def reach(changes: bool = True, host: str = "node") -> SshTransport:
        opened.append(SshTransport(Destination(host), changes))
        return opened[-1]

    yield reach
    for transport in opened:
        asyncio.run(transport.close())


async def until(holds: Callable[[], bool]) -> None:
    """Poll; the test's own limit ends a wait in vain."""
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.02)


HOSTILE = ("", "a b", "x; id", "$(id)", "`id`", "'", '"', "\\", "-n", "*", "~", "ü€", "two\nlines", "\t", "\udcff")


async def test_output_status_and_standard_input(reach: Open) -> None:
    result = await reach().run(Command("sh", "-c", "cat; echo err >&2; exit 7", stdin="in\n\nput"))
    assert (result.rc, result.stdout, result.stderr) == (7, "in\n\nput", "err\n")


async def test_every_word_arrives_as_it_is(reach: Open) -> None:
    result = await reach(changes=False).run(Command("printf", "<%s>", *HOSTILE))
    assert result == Result(0, "".join(f"<{word}>" for word in HOSTILE), "")


async def test_large_input_and_output(reach: Open) -> None:
    text = "0123456789abcde\n" * 200_000
    assert (await reach().run(Command("cat", stdin=text))).stdout == text


async def test_bytes_that_are_no_text(reach: Open) -> None:
    assert (await reach().run(Command("cat", stdin="\udcff\x00\udcfe"))).stdout == "\udcff\x00\udcfe"


async def test_the_commands_own_exit_status(reach: Open) -> None:
    transport = reach()
    for script, status in (("exit 255", 255), ("kill -9 $$", 137), ("exit 124", 124), ("no-such-program", 127)):
        assert (await transport.run(Command("sh", "-c", script))).rc == status
    assert (await transport.run(Command("no-such-program"))).rc == 127


async def test_arguments_that_are_too_long_are_told(reach: Open) -> None:
    with pytest.raises(TransportError, match="too long"):
        await reach().run(Command("true", "'" * 40_000))


async def test_many_commands_at_once(reach: Open) -> None:
    transport = reach()
    results = await asyncio.gather(*(transport.run(Command("echo", str(number))) for number in range(20)))
    assert [result.stdout for result in results] == [f"{number}\n" for number in range(20)]
    assert transport.stats.round_trips == 20


async def test_a_server_that_allows_few_sessions_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = SshMachine(tmp_path / "node", sessions=2)
    monkeypatch.setenv(connection.CONFIG, str(machine.config))
    transport = SshTransport(Destination("node"), changes=True)
    try:
        results = await asyncio.gather(*(transport.run(Command("echo", str(number))) for number in range(6)))
        assert [result.stdout for result in results] == [f"{number}\n" for number in range(6)]
    finally:
        await transport.close()
        machine.stop()


async def test_nothing_is_left_on_the_machine(reach: Open, machine: SshMachine) -> None:
    transport = reach()
    assert (await transport.run(Command("cat", stdin="secret"))).ok
    assert list((machine.root / "run/phoenix_hypervisor/commands").iterdir()) == []
    await transport.close()
    await until(lambda: machine.connections() == 0)


async def test_a_command_past_its_limit_is_ended_with_its_children(reach: Open, tmp_path: Path) -> None:
    mark = tmp_path / "alive"
    script = f"(sleep 1; touch {mark}) & sleep 60"
    result = await reach().run(Command("sh", "-c", script, timeout=0.2))
    assert result.rc == 124 and "no answer within 0.2 s" in result.stderr
    await asyncio.sleep(1.2)
    assert not mark.exists()


async def test_a_command_that_is_given_up_is_ended_there(reach: Open, tmp_path: Path) -> None:
    begun, ended = tmp_path / "begun", tmp_path / "ended"
    transport = reach()
    script = f'trap "touch {ended}; exit 1" TERM; touch {begun}; while :; do sleep 0.05; done'
    running = asyncio.create_task(transport.run(Command("sh", "-c", script)))
    await until(begun.exists)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await until(ended.exists)


async def test_a_command_outlives_the_connection_and_its_output_is_fetched(
    reach: Open, machine: SshMachine, tmp_path: Path
) -> None:
    begun, go, count = tmp_path / "begun", tmp_path / "go", tmp_path / "count"
    script = f"echo once >>{count}; echo early; touch {begun}; while [ ! -e {go} ]; do sleep 0.02; done; cat; exit 3"
    transport = reach()
    running = asyncio.create_task(transport.run(Command("sh", "-c", script, stdin="late\n")))
    await until(begun.exists)
    machine.cut()
    await until(lambda: machine.connections() > 0)
    go.touch()
    assert await running == Result(3, "early\nlate\n", "")
    assert count.read_text() == "once\n"


async def test_a_command_that_ended_while_nobody_listened(reach: Open, machine: SshMachine, tmp_path: Path) -> None:
    begun, go, done = tmp_path / "begun", tmp_path / "go", tmp_path / "done"
    script = f"touch {begun}; while [ ! -e {go} ]; do sleep 0.02; done; echo result; touch {done}"
    transport = reach()
    running = asyncio.create_task(transport.run(Command("sh", "-c", script)))
    await until(begun.exists)
    machine.stop()
    go.touch()
    await until(done.exists)
    machine.start()
    assert (await running).stdout == "result\n"


async def test_input_that_was_cut_off_is_never_worked_on(reach: Open, machine: SshMachine, tmp_path: Path) -> None:
    """A file would be written in half."""
    runs = tmp_path / "runs"
    transport = reach()
    text = "x" * 40_000_000
    script = f"wc -c >>{runs}"
    running = asyncio.create_task(transport.run(Command("sh", "-c", script, stdin=text)))
    commands = machine.root / "run/phoenix_hypervisor/commands"
    await until(lambda: any(commands.glob("*/in")))
    machine.cut()
    assert (await running).ok
    assert runs.read_text() == f"{len(text)}\n"


async def test_a_machine_that_does_not_come_back(
    reach: Open, machine: SshMachine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssh, "_PATIENCE", 0.5)
    begun = tmp_path / "begun"
    transport = reach()
    running = asyncio.create_task(transport.run(Command("sh", "-c", f"touch {begun}; sleep 2")))
    await until(begun.exists)
    machine.stop()
    with pytest.raises(ConnectionLost, match="connection to node was lost"):
        await running
    with pytest.raises(ConnectionLost):
        await transport.run(Command("true"))


async def test_a_machine_that_was_restarted_meanwhile(
    reach: Open, machine: SshMachine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What ran there is gone; whether it took effect nobody can tell."""
    begun = tmp_path / "begun"
    transport = reach()
    running = asyncio.create_task(transport.run(Command("sh", "-c", f"touch {begun}; sleep 2")))
    await until(begun.exists)
    transport._connection.holder = connection.Holder("another boot", 999_999)
    machine.cut()
    with pytest.raises(ConnectionLost, match="node was restarted"):
        await running


async def test_another_run_in_between_ends_this_one(reach: Open, machine: SshMachine, tmp_path: Path) -> None:
    """Its plan is of a node that is no more."""
    begun = tmp_path / "begun"
    transport = reach()
    running = asyncio.create_task(transport.run(Command("sh", "-c", f"touch {begun}; sleep 2")))
    await until(begun.exists)
    (machine.root / "run/phoenix_hypervisor.flock").write_text("another\n")
    machine.cut()
    with pytest.raises(ConnectionLost, match="Another run was at work on node meanwhile"):
        await running


async def test_a_run_that_no_longer_holds_the_machine_takes_it_again_before_it_goes_on(
    reach: Open, tmp_path: Path
) -> None:
    begun, go = tmp_path / "begun", tmp_path / "go"
    transport = reach()
    script = f"touch {begun}; while [ ! -e {go} ]; do sleep 0.02; done; echo late"
    running = asyncio.create_task(transport.run(Command("sh", "-c", script)))
    await until(begun.exists)
    before = transport._connection.holder
    assert before is not None
    os.kill(before.process, signal.SIGKILL)
    assert (await transport.run(Command("echo", "again"))).stdout == "again\n"
    assert transport._connection.holder != before
    go.touch()
    assert (await running).stdout == "late\n"


async def test_all_that_is_given_up_at_once_is_ended(reach: Open, tmp_path: Path) -> None:
    transport = reach()
    script = 'trap "touch $0.ended; exit 1" TERM; touch $0.begun; while :; do sleep 0.05; done'
    names = [str(tmp_path / str(number)) for number in range(ssh.SESSIONS)]
    running = [asyncio.create_task(transport.run(Command("sh", "-c", script, name))) for name in names]
    await until(lambda: all(Path(f"{name}.begun").exists() for name in names))
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    await until(lambda: all(Path(f"{name}.ended").exists() for name in names))


async def test_packed_changes_that_are_given_up_end_with_their_script(reach: Open, tmp_path: Path) -> None:
    begun, done = tmp_path / "begun", tmp_path / "done"
    transport = reach()
    change = Command("sh", "-c", f"touch {begun}; sleep 2; touch {done}", stdin="s3cret")
    running = asyncio.create_task(transport.change_together([change], []))
    await until(begun.exists)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await asyncio.sleep(2.2)
    assert not done.exists()


async def test_a_login_shell_that_ends_its_greeting_without_a_newline(machine: SshMachine, reach: Open) -> None:
    login = machine.root / "login"
    login.write_text(login.read_text().replace('echo "Welcome', 'printf "title; Welcome'))
    assert (await reach().run(Command("echo", "here"))).stdout == "here\n"


async def test_a_run_is_alone_on_the_machine(reach: Open, machine: SshMachine) -> None:
    first = reach()
    with pytest.raises(LockedError, match="Another run on node is at work"):
        reach()
    assert (await reach(changes=False).run(Command("true"))).ok
    await first.close()
    await until(lambda: machine.connections() <= 1)
    assert (await reach().run(Command("true"))).ok


async def test_what_a_lost_run_began_keeps_the_machine(reach: Open, machine: SshMachine, tmp_path: Path) -> None:
    begun, go = tmp_path / "begun", tmp_path / "go"
    first = reach()
    script = f"touch {begun}; while [ ! -e {go} ]; do sleep 0.02; done"
    running = asyncio.create_task(first.run(Command("sh", "-c", script)))
    await until(begun.exists)
    first._connection._master.kill()  # type: ignore[union-attr]
    first._lost = "this process was killed"
    with pytest.raises(ConnectionLost):
        await running
    await until(lambda: machine.connections() == 0)
    with pytest.raises(LockedError, match="still works on node"):
        reach()
    go.touch()

    def free() -> bool:
        try:
            reach()
        except LockedError:
            return False
        return True

    await until(free)


def test_a_host_key_that_is_not_known(machine: SshMachine, reach: Open) -> None:
    machine.know((machine.root / "key.pub").read_text())
    with pytest.raises(TransportError) as told:
        reach()
    assert "node cannot be reached: Host key verification failed." in str(told.value)


def test_a_key_that_is_not_accepted(machine: SshMachine, reach: Open) -> None:
    (machine.root / "authorized_keys").write_text("")
    with pytest.raises(TransportError, match=r"Permission denied.*Try: ssh node"):
        reach()


def test_nobody_answers(machine: SshMachine, reach: Open) -> None:
    machine.stop()
    with pytest.raises(TransportError, match=r"cannot be reached.*Connection refused"):
        reach()


def test_a_machine_that_is_no_proxmox_node(machine: SshMachine, reach: Open) -> None:
    (machine.root / "etc/pve").rmdir()
    with pytest.raises(UsageError, match="node is not a Proxmox VE node"):
        reach()


def test_no_ssh_here(machine: SshMachine, reach: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(machine.root))
    with pytest.raises(UsageError, match="apt install openssh-client"):
        reach()
