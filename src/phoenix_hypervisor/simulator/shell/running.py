"""Runs scripts: the part of a shell that all commands stand on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator
from typing import TYPE_CHECKING, Self

from phoenix_hypervisor.simulator.process import Process
from phoenix_hypervisor.simulator.shell.expand import Expander, ShellFault
from phoenix_hypervisor.simulator.shell.redirect import apply
from phoenix_hypervisor.simulator.shell.script import Script, script
from phoenix_hypervisor.simulator.shell.state import ExitShell, LeaveLoop, ReturnFrom, State
from phoenix_hypervisor.simulator.shell.streams import Sink
from phoenix_hypervisor.simulator.shell.syntax import Node, Redirect, Sequence, SyntaxFault

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.shell.builtins import Builtin

Run = Generator[float, None, int]


class Running(State, ABC):
    """A shell that runs scripts on the machine of its process."""

    def __init__(self, process: Process, builtins: dict[str, Builtin], *, bash: bool = False) -> None:
        super().__init__(process, bash=bash)
        self.builtins = builtins
        self.expander = Expander(self)

    @abstractmethod
    def runner(self, node: Node) -> Run:
        """The run of a node, by its kind."""

    def subshell(self) -> Self:
        """A shell of its own that begins with this one's state."""
        other = self.copy_for_subshell()
        other.expander = Expander(other)
        return other

    def main(self, text: str) -> Run:
        """Run a script to its end, with the trap of EXIT; what goes wrong becomes the status."""
        status = yield from self._guarded(self.script(text))
        return (yield from self._leave(status))

    def report(self, fault: ShellFault) -> None:
        """Write what ended a command or the shell."""
        context, self.context = self.context, "" if fault.located else self.context
        self.complain(fault.message)
        self.context = context

    def _guarded(self, run: Run) -> Run:
        try:
            return (yield from run)
        except (ExitShell, ReturnFrom) as left:
            return left.status
        except LeaveLoop:
            return 0
        except ShellFault as fault:
            self.report(fault)
            return fault.status
        except RecursionError:
            self.complain("Maximum function recursion depth (1000) reached")
            return 2

    def _leave(self, status: int) -> Run:
        trap = self.traps.pop("EXIT", "")
        if not trap:
            return status
        self.status = status
        try:
            yield from self.script(trap)
        except (ExitShell, ReturnFrom) as left:
            return left.status
        except ShellFault as fault:
            self.report(fault)
            return fault.status
        except (LeaveLoop, RecursionError):
            return status
        return status

    def script(self, text: str) -> Run:
        """Run the lines of a text in this shell."""
        lines, number, status = script(text, self.bash), 0, 0
        while (node := self._line(lines, number)) is not None:
            status = yield from self.run(node)
            number += 1
        return status

    def _line(self, lines: Script, number: int) -> Sequence | None:
        try:
            return lines.line(number)
        except SyntaxFault as fault:
            self.line = fault.line
            raise ShellFault(f"Syntax error: {fault.reason}") from fault

    def run(self, node: Node) -> Run:
        """Run one node; its status becomes ``$?``."""
        self.step()
        if "n" in self.options:
            return self.status
        self.status = yield from self.runner(node)
        return self.status

    def checked(self, status: int) -> int:
        """The status of a command that ``set -e`` judges."""
        if status and "e" in self.options and not self.tested:
            raise ExitShell(status)
        return status

    def finish(self, node: Node) -> Run:
        """Run a node as all that this shell does."""
        status = yield from self._guarded(self.run(node))
        return (yield from self._leave(status))

    def substitute(self, body: Sequence) -> Generator[float, None, str]:
        """What the commands of ``$(…)`` write, without the newlines at its end."""
        shell = self.subshell()
        shell.tested = 0
        sink = Sink()
        shell.streams[1] = sink
        self.substituted = yield from shell.finish(body)
        return sink.text().replace("\0", "").rstrip("\n")

    def redirect(self, redirects: tuple[Redirect, ...]) -> Generator[float, None, None]:
        """Open what the redirections name, in place."""
        for redirect in redirects:
            yield from apply(self, redirect)
