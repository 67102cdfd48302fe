"""sed: the commands that scripts use."""

from __future__ import annotations

import re

from phoenix_hypervisor.simulator.coreutils.common import Fault, Options, Tool, absolute, lines_of, texts
from phoenix_hypervisor.simulator.coreutils.sed_script import ESCAPES, Command, Reader
from phoenix_hypervisor.simulator.process import Process


class _Quit(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class _NextCycle(Exception):
    pass


class _Editor:
    """Edits the lines of one stream."""

    def __init__(self, commands: list[Command], quiet: bool) -> None:
        self._commands = commands
        self._quiet = quiet
        self.output: list[str] = []
        self.status: int | None = None

    def edit(self, text: str) -> str:
        self._lines, self._number, self._hold = lines_of(text), 0, ""
        for command in _all(self._commands):
            command.started = 0
        try:
            while self._number < len(self._lines):
                self._cycle()
        except _Quit as quit_:
            self.status = quit_.status
        return "".join(self.output)

    def _load(self) -> None:
        line = self._lines[self._number]
        self._number += 1
        self._ending = "\n" if line.endswith("\n") else ""
        self._space = line.removesuffix("\n")

    def _cycle(self) -> None:
        self._after: list[str] = []
        self._load()
        try:
            self._run(self._commands)
        except _NextCycle:
            pass
        except _Quit as quit_:
            if quit_.status < 256:
                self._emit()
            raise _Quit(quit_.status & 255) from None
        else:
            self._emit()
            return
        self._flush()

    def _emit(self) -> None:
        if not self._quiet:
            self._print(self._space)
        self._flush()

    def _flush(self) -> None:
        if self._after and self.output and not self.output[-1].endswith("\n"):
            self.output.append("\n")
        self.output += self._after
        self._after = []

    def _print(self, text: str) -> None:
        self.output.append(text + (self._ending or ("" if self._number == len(self._lines) else "\n")))

    def _run(self, commands: list[Command]) -> None:
        for command in commands:
            if self._selected(command) != command.negated:
                self._do(command)

    def _matches(self, address: int | str | re.Pattern[str]) -> bool:
        if isinstance(address, int):
            return self._number == address
        if isinstance(address, str) and "~" in address:
            first, step = (int(part) for part in address.split("~"))
            return self._number >= first and (self._number - first) % (step or 1) == 0
        if isinstance(address, str):
            return self._number == len(self._lines)
        return address.search(self._space) is not None

    def _selected(self, command: Command) -> bool:
        if not command.addresses:
            return True
        if len(command.addresses) == 1:
            return self._matches(command.addresses[0])
        first, last = command.addresses
        if command.started:
            ended = self._number >= last if isinstance(last, int) else self._ends(last, command.started)
            begun = command.started
            command.started = 0 if ended else begun
            return not (isinstance(last, int) and self._number > last) or self._matches(first)
        at_zero = first == 0 and self._number == 1
        if not self._matches(first) and not at_zero:
            return False
        single = isinstance(last, int) and last <= self._number
        command.started = 0 if single or self._ends(last, self._number, first=not at_zero) else self._number
        return True

    def _ends(self, last: int | str | re.Pattern[str], started: int, *, first: bool = False) -> bool:
        if isinstance(last, str) and last.startswith("+"):
            return self._number >= started + int(last[1:])
        if first and not isinstance(last, str):
            return False
        return self._matches(last)

    def _do(self, command: Command) -> None:
        name = command.name
        if name == "{":
            self._run(command.block)
        elif name == "s":
            self._substitute(command)
        elif name == "p":
            self._print(self._space)
        elif name == "d":
            raise _NextCycle
        elif name == "=":
            self.output.append(f"{self._number}\n")
        elif name == "i":
            self.output.append(command.text)
        elif name == "a":
            self._after.append(command.text)
        elif name == "c":
            if len(command.addresses) < 2 or not command.started or command.negated:
                self.output.append(command.text)
            raise _NextCycle
        elif name in ("q", "Q"):
            raise _Quit(int(command.text or 0) + (256 if name == "Q" else 0))
        elif name == "n":
            self._next()
        elif name == "y":
            self._space = self._space.translate(str.maketrans(command.flags, command.text))
        else:
            self._hold_space(name)

    def _next(self) -> None:
        if self._number >= len(self._lines):
            raise _Quit(0)
        if not self._quiet:
            self._print(self._space)
        self._flush()
        self._load()

    def _hold_space(self, name: str) -> None:
        if name == "N":
            if self._number >= len(self._lines):
                raise _Quit(0)
            kept = self._space
            self._load()
            self._space = f"{kept}\n{self._space}"
        elif name == "h":
            self._hold = self._space
        elif name == "H":
            self._hold += f"\n{self._space}"
        elif name == "g":
            self._space = self._hold
        elif name == "G":
            self._space += f"\n{self._hold}"
        elif name == "x":
            self._space, self._hold = self._hold, self._space
        elif name == "P":
            self.output.append(self._space.partition("\n")[0] + "\n")
        elif name == "z":
            self._space = ""

    def _substitute(self, command: Command) -> None:
        if command.pattern is None:
            return
        wanted = int("".join(re.findall("[0-9]", command.flags)) or 1)
        seen, end = 0, -1

        def change(found: re.Match[str]) -> str:
            nonlocal seen, end
            if found.start() == found.end() == end:
                return ""
            seen, end = seen + 1, found.end()
            if seen < wanted or (seen > wanted and "g" not in command.flags):
                return found.group()
            return _replacement(command.text, found)

        changed = command.pattern.sub(change, self._space)
        if seen >= wanted:
            self._space = changed
            if "p" in command.flags:
                self._print(changed)


def _replacement(text: str, found: re.Match[str]) -> str:
    def piece(sign: re.Match[str]) -> str:
        if sign.group() == "&":
            return found.group()
        letter = sign[1]
        if letter.isdecimal():
            return (found.group(int(letter)) if int(letter) <= (found.re.groups or 0) else "") or ""
        return ESCAPES.get(letter, letter)

    return re.sub(r"\\(.)|&", piece, text, flags=re.DOTALL)


def _all(commands: list[Command]) -> list[Command]:
    return [found for command in commands for found in (command, *_all(command.block))]


def _sed(process: Process, words: list[str]) -> int:
    in_place = any(re.match(r"-[nErs]*i|--in-place", word) for word in words)
    words = [re.sub(r"^(-[nErs]*)i.*$|^--in-place.*$", lambda found: found[1] or "-", word) for word in words]
    long = {"quiet": "n", "silent": "n", "regexp-extended": "E", "expression": "e", "file": "f", "separate": "s"}
    options = Options("sed", [word for word in words if word != "-"], "nErsuz", "ef", long)
    scripts = options.all("e") + [process.files.read(absolute(process, name)) for name in options.all("f")]
    if not scripts:
        if not options.operands:
            raise Fault("no script specified")
        scripts = [options.operands.pop(0)]
    commands = Reader("\n".join(scripts), "E" in options or "r" in options).commands()
    if in_place:
        return _in_place(process, options, commands)
    found, status = _readable(process, options.operands)
    editor = _Editor(commands, "n" in options)
    process.say(editor.edit("".join(found)))
    return editor.status or status


def _readable(process: Process, names: list[str]) -> tuple[list[str], int]:
    silent = Process(process.machine, process.argv, process.stdin, directory=process.directory)
    found, status = texts("sed", silent, names)
    for line in silent.err:
        process.complain(line.replace("sed: ", "sed: can't read ", 1))
    return [text for _, text in found], 2 if status else 0


def _in_place(process: Process, options: Options, commands: list[Command]) -> int:
    status = 0
    for name in options.operands:
        path = absolute(process, name)
        try:
            text = process.files.read(path)
        except OSError as wrong:
            process.complain(f"sed: can't read {name}: {wrong.strerror}\n")
            status = 2
            continue
        editor = _Editor(commands, "n" in options)
        process.files.write(path, editor.edit(text))
        status = editor.status or status
    return status


TOOLS: dict[str, Tool] = {"sed": _sed}
