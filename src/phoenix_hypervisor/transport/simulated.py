"""A simulated node, and an event loop whose time is the node's: nothing is waited for, everything has a duration."""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable

from phoenix_hypervisor.command import TIMED_OUT, Command, Result
from phoenix_hypervisor.errors import ConnectionLost
from phoenix_hypervisor.simulator.node import Node
from phoenix_hypervisor.simulator.usual import USUAL, sized
from phoenix_hypervisor.transport import durations
from phoenix_hypervisor.transport.base import Transport

_SAVE_EVERY = 0.25


class _Warp(selectors.DefaultSelector):
    """A selector that does not wait: the time that it would have waited passes at once."""

    def __init__(self) -> None:
        super().__init__()
        self.elapsed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            return super().select(None)
        ready = super().select(0)
        if not ready and timeout > 0:
            self.elapsed += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on simulated time: a sleep takes no time, and ``time()`` tells what has been slept."""

    def __init__(self) -> None:
        self._warp = _Warp()
        super().__init__(self._warp)

    def time(self) -> float:
        return self._warp.elapsed


class SimulatedTransport(Transport):
    """Runs commands on a simulated node. ``save`` is called now and then after changes, and when it is closed."""

    def __init__(self, node: Node, label: str, save: Callable[[], None] | None = None) -> None:
        super().__init__()
        self.node = node
        self.label = label
        self._save = save
        self._saved = time.monotonic()
        self._unsaved = False
        self._begun: float | None = None

    def expected(self, command: Command) -> float:
        """By the simulator's own figures; sizes are looked up on the node, which is at hand."""
        return durations.expected(command.argv, USUAL) + sized(self.node, command.argv)

    async def _trip(self, command: Command, commands: int, looks: bool = False) -> Result:
        self._unsaved = self._unsaved or not looks
        try:
            return await super()._trip(command, commands, looks)
        finally:
            self._unsaved = self._unsaved or not looks

    async def _send(self, command: Command) -> Result:
        loop = asyncio.get_running_loop()
        if self._begun is None:
            self._begun = self.node.clock - loop.time()
        started, boots = loop.time(), self.node.boots
        process = self.node.start(command.argv, command.stdin)
        running = self.node.execute(process)
        try:
            async with asyncio.timeout(command.timeout):
                rc = 0
                while True:
                    self.node.clock = self._begun + loop.time()
                    try:
                        seconds = next(running)
                    except StopIteration as end:
                        rc = end.value
                        break
                    await asyncio.sleep(seconds)
        except TimeoutError:
            running.close()
            rc = TIMED_OUT
            process.complain(f"{command.argv[0]}: no answer within {command.timeout:g} s\n")
        except OSError as error:
            rc = 1
            process.complain(f"{command.argv[0]}: {error.strerror}: {error.filename}\n")
        finally:
            running.close()
            self._keep()
        if self.node.boots != boots:
            raise ConnectionLost(f"{self.label} was restarted.", "Run again.")
        return Result(rc, "".join(process.out), "".join(process.err), loop.time() - started)

    def _keep(self, now: bool = False) -> None:
        if self._save and self._unsaved and (now or time.monotonic() - self._saved > _SAVE_EVERY):
            self._save()
            self._saved = time.monotonic()
            self._unsaved = False

    async def close(self) -> None:
        self._keep(now=True)
