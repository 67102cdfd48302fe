"""What every transport is: one method that sends a command and brings back its result."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.transport import durations
from phoenix_hypervisor.transport.pack import pack, unpack

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where programs are looked for on every machine: under cron, or after ``su``, Debian's own has no ``sbin``."""


@dataclass(slots=True)
class Stats:
    """What went over a transport: round trips, commands in them, seconds spent (on the machine's clock)."""

    round_trips: int = 0
    commands: int = 0
    seconds: float = 0.0


class Transport(ABC):
    """A way to one machine. ``run`` is one round trip; so is ``run_together``, however many commands it packs."""

    label: str = "machine"
    """How reports name the machine."""

    def __init__(self) -> None:
        self.stats = Stats()

    async def run(self, command: Command) -> Result:
        """Run one command: one round trip."""
        return await self._trip(command, 1)

    async def run_together(self, commands: Sequence[Command], root: str = "/") -> list[Result]:
        """Run commands that only look, one after the other in one round trip, each under its own time limit.

        Relative file names in them mean files below ``root``.
        """
        if not commands:
            return []
        packed = pack(commands, root)
        result = await self._trip(packed, len(commands), looks=True)
        return unpack(result, len(commands))

    async def change_together(
        self, changes: Sequence[Command], looks: Sequence[Command], root: str = "/"
    ) -> tuple[list[Result], list[Result]]:
        """Run changes in order, the first that fails being the last; then commands that only look: one round trip.

        The results of the changes that ran, and those of the looks: none where a change failed.
        """
        packed = pack(looks, root, changes)
        found = unpack(await self._trip(packed, len(changes) + len(looks)), len(looks), len(changes))
        return found[: len(changes)], found[len(changes) :]

    def expected(self, command: Command) -> float:
        """The seconds that the command usually takes there: a guess, made without a look."""
        return durations.expected(command.argv)

    async def _trip(self, command: Command, commands: int, looks: bool = False) -> Result:  # noqa: ARG002
        """One round trip with so many commands in it; ``looks``: they change nothing."""
        self.stats.round_trips += 1
        self.stats.commands += commands
        result = await self._send(command)
        self.stats.seconds += result.seconds
        return result

    @abstractmethod
    async def _send(self, command: Command) -> Result:
        """Bring the command to the machine; TransportError when the machine cannot be reached."""

    async def close(self) -> None:
        """Give back what the transport holds."""
        return
