"""visudo, which checks; and what sudo demands of its files: owner root, mode 0440."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field

from phoenix_hypervisor.simulator.coreutils.common import Fault, Options, Tool, absolute
from phoenix_hypervisor.simulator.debian import sudoers
from phoenix_hypervisor.simulator.process import Process

MAIN, MODE = "/etc/sudoers", 0o440
_LONG = {"check": "c", "file": "f", "quiet": "q", "strict": "s", "owner": "O", "perms": "P", "no-includes": "I"}


@dataclass
class _Check:
    """The files read so far, what is wrong with them, what all of them define and name."""

    process: Process
    options: Options
    files: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    failed: bool = False
    defined: dict[tuple[str, str], str] = field(default_factory=dict)
    named: list[tuple[str, str, str]] = field(default_factory=list)

    def read(self, path: str, text: str) -> None:
        """Read a file with what it includes."""
        self.files.append(path)
        parsed = sudoers.parse(text)
        for problem in parsed.problems:
            self.failed = True
            place = f"{path}:{problem.line}:{problem.column}: {problem.message}\n"
            caret = " " * (problem.column - 1) + "^" + "~" * (problem.width - 1) + "\n"
            self.wrong.append(place + (f"{problem.text}\n{caret}" if problem.text else ""))
        for (kind, name), (line, column) in parsed.defined.items():
            self.defined[kind, name] = f"{path}:{line}:{column}"
        self.named += [(kind, name, f"{path}:{line}:{column}") for kind, name, line, column in parsed.named]
        if "I" not in self.options:
            for kind, place in parsed.includes:
                self._include(kind, place, path)

    def _include(self, kind: str, place: str, source: str) -> None:
        files = self.process.files
        path = place if place.startswith("/") else f"{source.rpartition('/')[0]}/{place}"
        if kind == "include":
            if not files.exists(path):
                self.failed = True
                self.wrong.append(f"visudo: unable to open {path}: No such file or directory\n")
            elif path not in self.files:
                self.read(path, files.read(path))
            return
        for name in files.list(path) if files.is_dir(path) else ():
            inner = f"{path}/{name}"
            if "." not in name and not name.endswith("~") and not files.is_dir(inner) and files.exists(inner):
                self.read(inner, files.read(inner))

    def aliases(self) -> None:
        """Complain about aliases that nobody defines, and that nobody names."""
        strict = "s" in self.options
        for kind, name, place in self.named:
            if (kind, name) not in self.defined:
                word = "Error: " if strict else "Warning: "
                self.wrong.append(f'{word}{place}: {kind} "{name}" referenced but not defined\n')
                self.failed = self.failed or strict
        used = {(kind, name) for kind, name, _place in self.named}
        for (kind, name), place in self.defined.items():
            if (kind, name) not in used:
                self.wrong.append(f'Warning: {place}: unused {kind} "{name}"\n')

    def permitted(self, path: str) -> bool:
        """Whether owner and mode are as sudo wants them."""
        entry = self.process.files.stat(path)
        if entry is None or path == "stdin":
            return True
        if ("O" in self.options or "f" not in self.options) and (entry.uid, entry.gid) != (0, 0):
            self.wrong.append(f"{path}: wrong owner (uid, gid) should be (0, 0)\n")
            return False
        if ("P" in self.options or "f" not in self.options) and entry.mode & 0o7777 != MODE:
            self.wrong.append(f"{path}: bad permissions, should be mode 0{MODE:o}\n")
            return False
        return True


def _visudo(process: Process, words: list[str]) -> int:
    options = Options("visudo", words, "chIOPqsV", "fx", _LONG)
    if "V" in options:
        process.say("visudo version 1.9.16p2\nvisudo grammar version 50\n")
        return 0
    if "c" not in options:
        raise Fault("no editor found (editor path = /usr/bin/editor)")
    if options.operands and "f" not in options:
        options.given["f"] = options.operands
    path = options.last("f", MAIN)
    check = _Check(process, options)
    quiet = "q" in options
    try:
        text = process.stdin if path == "-" else process.files.read(absolute(process, path))
    except OSError as wrong:
        if not quiet:
            reason = "No such file or directory" if wrong.errno == errno.ENOENT else "Is a directory"
            process.complain(f"visudo: unable to open {path}: {reason}\n")
        return 1
    check.read("stdin" if path == "-" else path, text)
    if not check.failed:
        check.aliases()
    good = [] if check.failed else [name for name in check.files if check.permitted(name)]
    if not quiet:
        process.say("".join(f"{name}: parsed OK\n" for name in good))
        process.complain("".join(check.wrong))
    return int(len(good) < len(check.files))


TOOLS: dict[str, Tool] = {"visudo": _visudo}
