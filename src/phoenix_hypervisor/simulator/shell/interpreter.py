"""Runs the syntax tree of a script."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from phoenix_hypervisor.simulator.process import Process, execute, find
from phoenix_hypervisor.simulator.shell.arithmetic import calculate
from phoenix_hypervisor.simulator.shell.expand import Expander, ShellFault
from phoenix_hypervisor.simulator.shell.parser import parser, split_assignment
from phoenix_hypervisor.simulator.shell.pattern import matches
from phoenix_hypervisor.simulator.shell.redirect import RedirectFault, apply
from phoenix_hypervisor.simulator.shell.state import ExitShell, State
from phoenix_hypervisor.simulator.shell.streams import Child, Sink, Source
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
    Redirect,
    Redirected,
    Sequence,
    Simple,
    Subshell,
    SyntaxFault,
    While,
    Word,
)

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.shell.builtins import Builtin

Run = Generator[float, None, int]
Runner = Callable[[Any], Run]
DECLARING = ("export", "readonly", "local", "declare", "typeset")
NOT_FOUND = 127
REFUSED = 126


class ReturnFrom(Exception):
    """``return``."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class LeaveLoop(Exception):
    """``break`` and ``continue`` over a number of loops."""

    def __init__(self, count: int, again: bool) -> None:
        super().__init__(count)
        self.count = count
        self.again = again


class Shell(State):
    """A shell that runs scripts on the machine of its process."""

    def __init__(self, process: Process, builtins: dict[str, Builtin], *, bash: bool = False) -> None:
        super().__init__(process, bash=bash)
        self.builtins = builtins
        self._prepare()

    def _prepare(self) -> None:
        self.expander = Expander(self)
        self._runners: dict[type[Any], Runner] = {
            Simple: self._simple,
            Sequence: self._sequence,
            AndOr: self._and_or,
            Pipeline: self._pipeline,
            Subshell: self._subshell,
            Redirected: self._redirected,
            If: self._if,
            For: self._for,
            While: self._while,
            Case: self._case,
            Function: self._function,
            Condition: self._condition,
            Calculation: self._calculation,
        }

    def subshell(self) -> Shell:
        """A shell of its own that begins with this one's state."""
        other = self.copy_for_subshell()
        assert isinstance(other, Shell)  # noqa: S101 - copy.copy keeps the type
        other._prepare()
        return other

    # -- whole scripts

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
        except ExitShell as left:
            return left.status
        except ShellFault as fault:
            self.report(fault)
            return fault.status
        return status

    def script(self, text: str) -> Run:
        """Run the lines of a text in this shell."""
        lines = parser(text, bash=self.bash)
        status = 0
        while True:
            try:
                node = lines.command_line()
            except SyntaxFault as fault:
                self.line = fault.line
                raise ShellFault(f"Syntax error: {fault.reason}") from fault
            if node is None:
                return status
            status = yield from self.run(node)

    def run(self, node: Node) -> Run:
        """Run one node; its status becomes ``$?``."""
        self.step()
        if "n" in self.options:
            return self.status
        self.status = yield from self._runners[type(node)](node)
        return self.status

    def checked(self, status: int) -> int:
        """The status of a command that ``set -e`` judges."""
        if status and "e" in self.options and not self.tested:
            raise ExitShell(status)
        return status

    def _test(self, node: Node) -> Run:
        """Run a condition, which ``set -e`` leaves alone."""
        self.tested += 1
        try:
            return (yield from self.run(node))
        finally:
            self.tested -= 1

    # -- lists and pipelines

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

    # -- compound commands

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
            raise self._ended(fault) from fault
        finally:
            self.streams = streams

    def _ended(self, fault: ShellFault) -> ExitShell:
        """The end of the shell, complained about where standard error goes now."""
        self.report(fault)
        return ExitShell(fault.status)

    def redirect(self, redirects: tuple[Redirect, ...]) -> Generator[float, None, None]:
        """Open what the redirections name, in place."""
        for redirect in redirects:
            yield from apply(self, redirect)

    def _if(self, node: If) -> Run:
        for condition, body in node.branches:
            if not (yield from self._test(condition)):
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
        from phoenix_hypervisor.simulator.shell.bash import condition

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

    # -- simple commands

    def _simple(self, node: Simple) -> Run:
        self.line = node.line
        self.substituted = 0
        words = yield from self._words(node.words)
        streams, errors = self.streams, self.sink(2)
        if node.redirects:
            self.streams = dict(streams)
        keep = False
        try:
            yield from self.redirect(node.redirects)
            keep = words == ["exec"]
            return self.checked((yield from self._command(node, words, errors)))
        except RedirectFault as fault:
            self.complain(str(fault))
            if not self.bash and words and words[0] in self.builtins and self.builtins[words[0]].special:
                raise ExitShell(2) from fault
            return self.checked(2)
        except ShellFault as fault:
            raise self._ended(fault) from fault
        finally:
            if not keep:
                self.streams = streams

    def _words(self, words: tuple[Word, ...]) -> Generator[float, None, list[str]]:
        """The expanded words; ``name=value`` after export and its like is not split."""
        if not words or words[0].static not in DECLARING:
            return (yield from self.expander.fields(words))
        found: list[str] = []
        for word in words:
            assignment = split_assignment(word)
            if assignment is None:
                found += yield from self.expander.fields((word,))
            else:
                value = yield from self.expander.text(assignment[1])
                found.append(f"{assignment[0]}={value}")
        return found

    def _command(self, node: Simple, words: list[str], errors: Sink) -> Run:
        values: list[tuple[str, str]] = []
        for name, word in node.assignments:
            value = yield from self.expander.text(word)
            values.append((name.removesuffix("+"), (self.get(name[:-1]) or "") + value if name[-1] == "+" else value))
            if not words:
                self.set(*values[-1])
        self._trace(values, words, errors)
        if not words:
            return self.substituted
        if words[0] in self.functions:
            return (yield from self._with(values, self.call(self.functions[words[0]], words[1:])))
        builtin = self.builtins.get(words[0])
        if builtin is not None and builtin.special and not self.bash:
            for name, value in values:
                self.set(name, value)
            return (yield from self.builtin(builtin, words))
        if builtin is not None:
            return (yield from self._with(values, self.regular(builtin, words)))
        return (yield from self.external(words, dict(values)))

    def regular(self, builtin: Builtin, words: list[str]) -> Run:
        """Run a builtin whose faults do not end the shell."""
        try:
            return (yield from self.builtin(builtin, words))
        except ShellFault as fault:
            self.report(fault)
            return fault.status

    def builtin(self, builtin: Builtin, words: list[str]) -> Run:
        """Run a builtin; what goes wrong in ``eval`` and ``.`` says so."""
        before = self.context
        self.context = f"{words[0]}: " if words[0] in ("eval", ".") and not self.bash else ""
        try:
            return (yield from builtin.run(self, words[1:]))
        except ShellFault as fault:
            if not fault.located:
                fault.message, fault.located = self.context + fault.message, True
            raise
        finally:
            self.context = before

    def _trace(self, values: list[tuple[str, str]], words: list[str], errors: Sink) -> None:
        if "x" in self.options and (values or words):
            shown = [f"{name}={value}" for name, value in values] + words
            errors.write(f"{self.get('PS4') or ''}{' '.join(shown)}\n")

    def _with(self, values: list[tuple[str, str]], run: Run) -> Run:
        """Run with variables that are put back afterwards."""
        before = {name: (self.variables.get(name), name in self.exported) for name, _ in values}
        for name, value in values:
            self.set(name, value)
            self.exported.add(name)
        try:
            return (yield from run)
        finally:
            for name, (value_before, exported) in before.items():
                if value_before is None:
                    self.variables.pop(name, None)
                else:
                    self.variables[name] = value_before
                if not exported:
                    self.exported.discard(name)

    def call(self, function: Function, arguments: list[str]) -> Run:
        """Call a function of the script."""
        before = self.positional, self.loops
        self.positional, self.loops = arguments, 0
        self.frames.append({})
        try:
            return (yield from self.run(function.body))
        except ReturnFrom as left:
            return left.status
        finally:
            self.positional, self.loops = before
            for name, value in self.frames.pop().items():
                if value is None:
                    self.variables.pop(name, None)
                else:
                    self.variables[name] = value

    def external(self, words: list[str], assignments: dict[str, str], prefix: str = "") -> Run:
        """Run a program of the machine, 127 when there is none."""
        out, err = self.sink(1), self.sink(2)
        environment = self.environment() | assignments
        child = Child(self.process.machine, words, "", environment, self.directory, out.pieces, err.pieces, self.umask)
        child.source = self.source()
        program = find(child) if words[0] else None
        if program is None:
            return self._not_run(words[0], prefix)
        try:
            return (yield from execute(child))
        finally:
            out.flush()
            err.flush()

    def _not_run(self, name: str, prefix: str) -> int:
        path = name if name.startswith("/") else f"{self.directory}/{name}"
        entry = self.files.stat(path) if "/" in name else None
        status = NOT_FOUND if entry is None else REFUSED
        if not name:
            self.complain(f"{prefix}: Permission denied")
            return status
        missing = "not found" if not self.bash or "/" not in name else "No such file or directory"
        if self.bash and missing == "not found":
            missing = "command not found"
        self.complain(f"{prefix}{name}: {missing if entry is None else 'Permission denied'}")
        return status
