"""Runs simple commands: assignments, builtins, functions and programs."""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator.process import execute, find
from phoenix_hypervisor.simulator.shell.expand import ShellFault
from phoenix_hypervisor.simulator.shell.redirect import RedirectFault
from phoenix_hypervisor.simulator.shell.running import Run, Running
from phoenix_hypervisor.simulator.shell.simple import split_assignment
from phoenix_hypervisor.simulator.shell.state import ExitShell, ReturnFrom
from phoenix_hypervisor.simulator.shell.streams import Child, Sink
from phoenix_hypervisor.simulator.shell.syntax import Function, Simple, Word

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.shell.builtins import Builtin

DECLARING = ("export", "readonly", "local", "declare", "typeset")
NOT_FOUND = 127
REFUSED = 126


class Shell(Running):
    """A shell that runs commands on the machine of its process."""

    def simple(self, node: Simple) -> Run:
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
            raise self.ended(fault) from fault
        finally:
            if not keep:
                self.streams = streams

    def ended(self, fault: ShellFault) -> ExitShell:
        """The end of the shell, complained about where standard error goes now."""
        self.report(fault)
        return ExitShell(fault.status)

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
        except OSError as wrong:
            reason = f"write error: {os.strerror(wrong.errno or 0)}" if self.bash else f"{words[0]}: I/O error"
            self.complain(f"{words[0]}: {reason}")
            return 1

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
