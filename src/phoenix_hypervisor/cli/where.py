"""``--on``: which node is meant, and the transport to it (the only place that picks one)."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from phoenix_hypervisor.errors import LockedError, UsageError
from phoenix_hypervisor.journal import Places
from phoenix_hypervisor.transport.base import Transport
from phoenix_hypervisor.transport.destination import SCHEME, parse
from phoenix_hypervisor.transport.remote import BUSY, HELD

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

_HINT = "Say where with --on: local, ssh://user@host, sim (a fresh simulated node) or sim:FILE (one that persists)."


@dataclass(frozen=True, slots=True)
class Where:
    """A node that can be reached: how it is called, its transport, its clock, and where its journal goes."""

    label: str
    transport: Transport
    clock: Callable[[], float]
    loop: Callable[[], asyncio.AbstractEventLoop] | None
    places: Places
    given: tuple[str, ...] = field(default=())
    """What a fresh simulated node was given."""
    simulated: bool = False


def is_proxmox_node() -> bool:
    return Path("/etc/pve").is_dir() and shutil.which("pct") is not None


def places_of(on: str | None) -> Places:
    """Where runs on the node that ``--on`` names leave their journals. The node is not reached."""
    if on == "local" or (on is None and is_proxmox_node()):
        _require_node()
        return Places(Path("/var/log/phoenix_hypervisor/runs"), Path("/var/log/phoenix_hypervisor.log"))
    if on in (None, "sim"):
        folder = state_folder()
        return Places(folder / "runs", folder / "phoenix_hypervisor.log")
    if on.startswith("sim:"):
        path = sim_file(on.removeprefix("sim:"))
        return Places(path.with_name(path.name + ".runs"), path.with_name(path.name + ".log"))
    if on.startswith(SCHEME):
        folder = state_folder() / "nodes" / parse(on).host
        return Places(folder / "runs", folder / "phoenix_hypervisor.log")
    raise _unknown(on)


def _unknown(on: str) -> UsageError:
    return UsageError(f'--on does not know "{on}".', _HINT)


@contextmanager
def reach(on: str | None, fit: Callable[[Node], tuple[str, ...]], exclusive: bool = False) -> Iterator[Where]:
    """The node that ``--on`` names. ``fit`` furnishes a fresh simulated one; ``exclusive``: the run changes it."""
    if on is None or on == "local":
        _require_node()
        with _held_node() if exclusive else _free() as lock:
            yield _local(lock)
    elif on.startswith(SCHEME):
        yield _behind_ssh(on, exclusive)
    elif on == "sim":
        yield _simulated(_fresh(), fit)
    elif on.startswith("sim:"):
        path = sim_file(on.removeprefix("sim:"))
        with held_file(path) if exclusive else _free():
            yield _persistent(path, fit)
    else:
        raise _unknown(on)


def _require_node() -> None:
    if not is_proxmox_node():
        raise UsageError("This machine is not a Proxmox VE node.", _HINT)


def _local(lock: int | None) -> Where:
    """This machine. Every command keeps the run's lock open: it is free when the last one is through."""
    from phoenix_hypervisor.transport.local import LocalTransport

    inherited = () if lock is None else (lock,)
    return Where("this node", LocalTransport(inherited), time.time, None, places_of("local"))


def _behind_ssh(on: str, exclusive: bool) -> Where:
    """A machine behind SSH. Its connection is the run's lock there."""
    from phoenix_hypervisor.transport.ssh import SshTransport

    destination = parse(on)
    transport = SshTransport(destination, exclusive)
    return Where(destination.host, transport, time.time, None, places_of(on))


@contextmanager
def _held_node() -> Iterator[int]:
    """This machine, for one changing run at a time, wherever that comes from."""
    with held(Path(HELD), "this node, or a command of one that was killed,") as lock:
        os.fchmod(lock, 0o600)
        os.ftruncate(lock, 0)
        os.write(lock, b"local\n")  # so that a run over SSH that was cut off sees that another one was here
        with held(Path(BUSY), "this node, or a command of one that was cut off,"):
            """Nothing that came over SSH is still at work."""
        yield lock


def state_folder() -> Path:
    """Where runs off a node leave their journal: the user's XDG state folder."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local/state")
    return Path(base) / "phoenix_hypervisor"


def _fresh() -> Node:
    from phoenix_hypervisor.simulator.node import Node

    return Node.new()


def _simulated(node: Node, fit: Callable[[Node], tuple[str, ...]]) -> Where:
    from phoenix_hypervisor.transport.simulated import SimulatedTransport, VirtualLoop

    given = fit(node)
    label = f"{node.hostname} (simulated)"
    transport, places = SimulatedTransport(node, label), places_of("sim")
    return Where(label, transport, lambda: node.clock, VirtualLoop, places, given, simulated=True)


def _persistent(path: Path, fit: Callable[[Node], tuple[str, ...]]) -> Where:
    """The node in a file, written back when it was changed."""
    from phoenix_hypervisor.simulator.node import Node
    from phoenix_hypervisor.transport.simulated import SimulatedTransport, VirtualLoop

    given: tuple[str, ...] = ()
    if path.exists():
        node = Node.load(path)
    elif not path.parent.is_dir():
        raise UsageError(f"There is no folder {path.parent} for {path.name}.", "Make it first.")
    else:
        node = Node.new()
        given = fit(node)
        node.save(path)
    label = f"{node.hostname} (simulated, {path.name})"
    transport = SimulatedTransport(node, label, lambda: node.save(path))
    return Where(label, transport, lambda: node.clock, VirtualLoop, places_of(f"sim:{path}"), given, simulated=True)


def absolute(on: str | None) -> str | None:
    """The same place, whatever the current folder."""
    if on is None or not on.startswith("sim:"):
        return on
    return f"sim:{Path(on.removeprefix('sim:')).absolute()}"


def sim_file(text: str) -> Path:
    """The file of a simulated node; UsageError for what can be none."""
    path = Path(text)
    if not text or not path.name or path.is_dir():
        raise UsageError(f'"{text}" is no file for a simulated node.', "Name one, as in --on sim:node.json.")
    return path


def _lock_of(path: Path) -> Path:
    """The file whose lock a changing run on the simulated node holds."""
    return path.with_name(f".{path.name}.lock")


@contextmanager
def held_file(path: Path) -> Iterator[None]:
    """A simulated node's file, for one changing run at a time."""
    with held(_lock_of(path), of=path):
        yield


@contextmanager
def held(lock: Path, on: str = "this simulated node", of: Path | None = None) -> Iterator[int]:
    """The lock on a file, for one process and its children; it goes with the last of them.

    ``of`` is what people know of, where the lock's own file is no name for them.
    """
    if not lock.parent.is_dir():
        raise UsageError(f"There is no folder {lock.parent}.", "Make it first.")
    try:
        file = lock.open("a")
    except OSError as error:
        raise UsageError(f"{of or lock} cannot be written: {error.strerror}.", "Name a file that can be.") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise LockedError(f"Another run on {on} is at work.", "Wait until it is done.") from error
        yield file.fileno()


@contextmanager
def _free() -> Iterator[None]:
    yield
