"""One call of ``pct``: its parameters, its node, what it prints."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from phoenix_hypervisor.proxmox.guest import GuestConfig
from phoenix_hypervisor.simulator.locks import Lease, config_lock, storage_lock

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.guests import Guests
    from phoenix_hypervisor.simulator.node import Node
    from phoenix_hypervisor.simulator.process import Process

Work = Generator[float, None, int | None]
"""What a verb does: yields seconds; returns an exit status, None for 0."""
Steps = Generator[float, None, None]
"""A part of it: yields seconds."""


@dataclass
class Call:
    """A verb at work. ``parameters`` have passed the contract."""

    node: Node
    process: Process
    parameters: dict[str, str]
    extra: list[str]
    warnings: int = 0

    @property
    def ctid(self) -> int:
        return int(self.parameters["vmid"])

    @property
    def guests(self) -> Guests:
        return self.node.guests

    def get(self, name: str, default: str = "") -> str:
        return self.parameters.get(name, default)

    def flag(self, name: str) -> bool:
        return self.parameters.get(name) == "1"

    def say(self, line: str) -> None:
        self.process.say(f"{line}\n")

    def complain(self, line: str) -> None:
        self.process.complain(f"{line}\n")

    def warn(self, text: str) -> None:
        """A warning of a worker: it is counted, and the count told at the end."""
        self.say(f"WARN: {text}")
        self.warnings += 1

    def save(self, config: GuestConfig, ctid: int | None = None) -> None:
        self.guests.save(self.ctid if ctid is None else ctid, config, self.node.clock)

    def lock_configuration(self, ctid: int | None = None) -> Generator[float, None, Lease]:
        """The container's configuration lock, waited for; to be used with ``with``."""
        return (yield from self.node.locks.wait(config_lock(self.ctid if ctid is None else ctid)))

    def lock_storage(self, storage: str) -> Generator[float, None, Lease]:
        """The storage's lock, waited for; to be used with ``with``."""
        return (yield from self.node.locks.wait(storage_lock(storage), 60.0))


Handler = Callable[[Call], Work]
