"""Runs the syntax tree of a script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from phoenix_hypervisor.simulator.shell.arithmetic import calculate
from phoenix_hypervisor.simulator.shell.bash import condition
from phoenix_hypervisor.simulator.shell.commands import Shell
from phoenix_hypervisor.simulator.shell.expand import ShellFault
from phoenix_hypervisor.simulator.shell.pattern import matches
from phoenix_hypervisor.simulator.shell.redirect import RedirectFault
from phoenix_hypervisor.simulator.shell.running import Run
from phoenix_hypervisor.simulator.shell.state import LeaveLoop
from phoenix_hypervisor.simulator.shell.streams import Sink, Source
from phoenix_hypervisor.simulator.shell.syntax import (
    AndOr,
    Calculation,
    Case,
    Condition,
    For,
    Function,
    If,
    Node,
    Pipeline,
    Redirected,
    Sequence,
    Simple,
    Subshell,
    While,
)


class Interpreter(Shell):
    """A shell that knows all kinds of nodes."""

    def runner(self, node: Node) -> Run:
        return _RUNNERS[type(node)](self, node)

    def _test(self, node: Node) -> Run:
        """Run a condition, which ``set -e`` leaves alone."""
        self.tested += 1
        try:
            return (yield from self.run(node))
        finally:
            self.tested -= 1

    def _sequence(self, node: Sequence) -> Run:
        status = 0
        for item, background in node.items:
            status = yield from self._background(item) if background else self.run(item)
        return status

    def _background(self, node: Node) -> Run:
        shell = self.subshell()
        shell.streams[0] = Source(lambda: "")
        self.shared.pids += 1
        self.background = str(1000 + self.shared.pids)
        self.jobs[self.background] = yield from shell.finish(node)
        self.status = 0
        return 0

    def _and_or(self, node: AndOr) -> Run:
        status = yield from self._test(node.left)
        if bool(status) == (node.operator == "||"):
            status = yield from self.run(node.right)
        return status

    def _pipeline(self, node: Pipeline) -> Run:
        self.tested += node.negated
        try:
            if len(node.commands) == 1:
                status = yield from self.run(node.commands[0])
            else:
                status = yield from self._piped(node.commands)
        finally:
            self.tested -= node.negated
        if node.negated:
            return int(not status)
        return self.checked(status) if len(node.commands) > 1 else status

    def _piped(self, commands: tuple[Node, ...]) -> Run:
        source = self.source()
        status, failed = 0, 0
        for index, command in enumerate(commands):
            shell = self.subshell()
            shell.streams[0] = source
            sink = Sink()
            if index < len(commands) - 1:
                shell.streams[1] = sink
            status = yield from shell.finish(command)
            failed = status or failed
            source = Source(sink.text)
        return failed if "pipefail" in self.options else status

    def _subshell(self, node: Subshell) -> Run:
        status = yield from self.subshell().finish(node.body)
        self.line = node.line
        return self.checked(status)

    def _redirected(self, node: Redirected) -> Run:
        self.line = node.line
        streams = self.streams
        self.streams = dict(streams)
        try:
            yield from self.redirect(node.redirects)
            return self.checked((yield from self.run(node.command)))
        except RedirectFault as fault:
            self.complain(str(fault))
            return self.checked(2)
        except ShellFault as fault:
            raise self.ended(fault) from fault
        finally:
            self.streams = streams

    def _if(self, node: If) -> Run:
        for test, body in node.branches:
            if not (yield from self._test(test)):
                return (yield from self.run(body))
        if node.otherwise is not None:
            return (yield from self.run(node.otherwise))
        return 0

    def _for(self, node: For) -> Run:
        self.line = node.line
        values = list(self.positional) if node.words is None else (yield from self.expander.fields(node.words))
        status = 0
        self.loops += 1
        try:
            for value in values:
                self.set(node.name, value)
                try:
                    status = yield from self.run(node.body)
                except LeaveLoop as left:
                    status = 0
                    if self._leaves(left):
                        break
        finally:
            self.loops -= 1
        return status

    def _leaves(self, left: LeaveLoop) -> bool:
        """Whether the loop ends; one that is meant for a loop further out is raised again."""
        if left.count > 1:
            raise LeaveLoop(left.count - 1, left.again)
        return not left.again

    def _while(self, node: While) -> Run:
        status = 0
        self.loops += 1
        try:
            while True:
                try:
                    if bool((yield from self._test(node.condition))) != node.until:
                        break
                    status = yield from self.run(node.body)
                except LeaveLoop as left:
                    status = 0
                    if self._leaves(left):
                        break
        finally:
            self.loops -= 1
        return status

    def _case(self, node: Case) -> Run:
        self.line = node.line
        subject = yield from self.expander.text(node.subject)
        for patterns, body in node.branches:
            for word in patterns:
                if matches((yield from self.expander.pattern(word)), subject):
                    return (yield from self.run(body))
        return 0

    def _function(self, node: Function) -> Run:
        self.functions[node.name] = node
        yield from ()
        return 0

    def _condition(self, node: Condition) -> Run:
        self.line = node.line
        return self.checked((yield from condition(self, node.words)))

    def _calculation(self, node: Calculation) -> Run:
        self.line = node.line
        expression = yield from self.expander.text(node.word)
        try:
            return self.checked(int(not calculate(expression, self)))
        except ArithmeticError as wrong:
            self.complain(f"((: {expression}: {wrong}")
            return self.checked(1)


_RUNNERS: dict[type[Any], Callable[[Interpreter, Any], Run]] = {
    Simple: Interpreter.simple,
    Sequence: Interpreter._sequence,
    AndOr: Interpreter._and_or,
    Pipeline: Interpreter._pipeline,
    Subshell: Interpreter._subshell,
    Redirected: Interpreter._redirected,
    If: Interpreter._if,
    For: Interpreter._for,
    While: Interpreter._while,
    Case: Interpreter._case,
    Function: Interpreter._function,
    Condition: Interpreter._condition,
    Calculation: Interpreter._calculation,
}
