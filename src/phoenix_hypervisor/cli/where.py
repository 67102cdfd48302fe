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

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

_HINT = "Say where with --on: local, sim (a fresh simulated node) or sim:FILE (one that persists)."


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


@contextmanager
def reach(on: str | None, fit: Callable[[Node], tuple[str, ...]], exclusive: bool = False) -> Iterator[Where]:
    """The node that ``--on`` names. ``fit`` furnishes a fresh simulated one; ``exclusive``: the run changes it."""
    if on is None and not is_proxmox_node():
        raise UsageError("This machine is not a Proxmox VE node.", _HINT)
    if on in (None, "local"):
        yield _local()
    elif on == "sim":
        yield _simulated(_fresh(), fit)
    elif on is not None and on.startswith("sim:"):
        path = Path(on.removeprefix("sim:"))
        with held(path) if exclusive else _free():
            yield _persistent(path, fit)
    elif on is not None and on.startswith("ssh://"):
        raise UsageError("--on ssh://… is not available yet.", "Run phoenix on the node itself, or on a simulated one.")
    else:
        raise UsageError(f'--on does not know "{on}".', _HINT)


def _local() -> Where:
    from phoenix_hypervisor.transport.local import LocalTransport

    if not is_proxmox_node():
        raise UsageError("This machine is not a Proxmox VE node.", _HINT)
    places = Places(Path("/var/log/phoenix_hypervisor/runs"), Path("/var/log/phoenix_hypervisor.log"))
    return Where("this node", LocalTransport(), time.time, None, places)


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
    folder = state_folder()
    places = Places(folder / "runs", folder / "phoenix_hypervisor.log")
    label = f"{node.hostname} (simulated)"
    return Where(label, SimulatedTransport(node, label), lambda: node.clock, VirtualLoop, places, given, simulated=True)


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
    places = Places(path.with_name(path.name + ".runs"), path.with_name(path.name + ".log"))
    return Where(label, transport, lambda: node.clock, VirtualLoop, places, given, simulated=True)


@contextmanager
def held(path: Path) -> Iterator[None]:
    """The simulated node's file for one changing run at a time; the lock goes with the process."""
    if not path.parent.is_dir():
        raise UsageError(f"There is no folder {path.parent} for {path.name}.", "Make it first.")
    with path.with_name(f".{path.name}.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise LockedError(f"Another run is at work on {path}.", "Wait until it is done.") from error
        yield


@contextmanager
def _free() -> Iterator[None]:
    yield
