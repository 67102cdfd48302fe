"""The commands that a shell itself runs: what steers it."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from dataclasses import dataclass

from phoenix_hypervisor.simulator.process import find
from phoenix_hypervisor.simulator.shell.commands import Shell
from phoenix_hypervisor.simulator.shell.expand import ShellFault
from phoenix_hypervisor.simulator.shell.pattern import absolute
from phoenix_hypervisor.simulator.shell.state import OPTIONS, ExitShell, LeaveLoop, ReturnFrom
from phoenix_hypervisor.simulator.shell.tokens import RESERVED

Run = Generator[float, None, int]


@dataclass(frozen=True, slots=True)
class Builtin:
    """``special`` ones are POSIX's: their faults end the shell, assignments before them stay."""

    run: Callable[[Shell, list[str]], Run]
    special: bool = False


def plain(function: Callable[[Shell, list[str]], int], special: bool = False) -> Builtin:
    """A builtin that spends no time."""

    def run(shell: Shell, words: list[str]) -> Run:
        yield from ()
        return function(shell, words)

    return Builtin(run, special)


def number(command: str, text: str) -> int:
    """A number of an argument; a fault in dash's words for anything else."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdecimal()):
        raise ShellFault(f"{command}: Illegal number: {text}")
    return int(digits)


def quoted(text: str) -> str:
    """The text in quotes, as dash writes it."""
    runs = re.findall(r"'+|[^']+", text)
    return "".join(f'"{run}"' if run[0] == "'" else f"'{run}'" for run in runs) or "''"


# -- leaving


def _exit(shell: Shell, words: list[str]) -> int:
    raise ExitShell(number("exit", words[0]) & 255 if words else shell.status)


def _return(shell: Shell, words: list[str]) -> int:
    raise ReturnFrom(number("return", words[0]) if words else shell.status)


def _leave(again: bool) -> Callable[[Shell, list[str]], int]:
    def leave(shell: Shell, words: list[str]) -> int:
        name = "continue" if again else "break"
        count = number(name, words[0]) if words else 1
        if not count:
            raise ShellFault(f"{name}: Illegal number: 0")
        if not shell.loops:
            return 0
        raise LeaveLoop(min(count, shell.loops), again)

    return leave


# -- running


def _eval(shell: Shell, words: list[str]) -> Run:
    return (yield from shell.script(" ".join(words)))


def _dot(shell: Shell, words: list[str]) -> Run:
    if not words:
        raise ShellFault("filename argument required")
    folders = [""] if "/" in words[0] else [*(shell.get("PATH") or "").split(":"), *([""] if shell.bash else [])]
    for folder in folders:
        path = absolute(shell.directory, f"{folder}/{words[0]}" if folder else words[0])
        entry = shell.files.stat(path)
        if entry is not None and entry.kind != "directory":
            shell.context = f"{words[0]}: "
            try:
                return (yield from shell.script(shell.files.read(path)))
            except ReturnFrom as left:
                return left.status
    if shell.bash:
        raise ShellFault(f"{words[0]}: No such file or directory", 1)
    raise ShellFault(f"cannot open {words[0]}: No such file" if "/" in words[0] else f"{words[0]}: not found")


def _exec(shell: Shell, words: list[str]) -> Run:
    if not words:
        return 0
    status = yield from shell.external(words, {}, prefix="exec: ")
    shell.traps.pop("EXIT", None)
    raise ExitShell(status)


def _command(shell: Shell, words: list[str]) -> Run:
    while words and words[0] in ("-p", "--"):
        words = words[1:]
    if words and words[0] in ("-v", "-V"):
        return _describe(shell, words[1:], verbose=words[0] == "-V")
    if not words:
        return 0
    builtin = shell.builtins.get(words[0])
    if builtin is not None:
        return (yield from shell.regular(builtin, words))
    return (yield from shell.external(words, {}))


def _type(shell: Shell, words: list[str]) -> int:
    return _describe(shell, words, verbose=True)


def _describe(shell: Shell, names: list[str], *, verbose: bool) -> int:
    """Say what names stand for: 127 for one that stands for nothing."""
    status = 0
    for name in names:
        short, long = _meaning(shell, name)
        if not short:
            status = 127
            if verbose:
                shell.say(f"{name}: not found\n")
        else:
            shell.say(f"{name} is {long}\n" if verbose else f"{short}\n")
    return status


def _meaning(shell: Shell, name: str) -> tuple[str, str]:
    if name in RESERVED:
        return name, "a shell keyword"
    if name in shell.functions:
        return name, "a function" if shell.bash else "a shell function"
    if name in shell.builtins:
        special = shell.builtins[name].special and not shell.bash
        return name, "a special shell builtin" if special else "a shell builtin"
    if "/" in name and shell.files.exists(absolute(shell.directory, name)):
        return name, name
    if find(shell.process.child([name])) is None or not name:
        return "", ""
    path = name if "/" in name else _path(shell, name)
    return path, path


def _path(shell: Shell, name: str) -> str:
    for folder in (shell.get("PATH") or "").split(":"):
        if shell.files.stat(f"{folder}/{name}") is not None:
            return f"{folder}/{name}"
    return f"/usr/bin/{name}"


# -- positional parameters and options


def _shift(shell: Shell, words: list[str]) -> int:
    count = number("shift", words[0]) if words else 1
    if count > len(shell.positional):
        raise ShellFault("shift: can't shift that many")
    shell.positional = shell.positional[count:]
    return 0


def _set(shell: Shell, words: list[str]) -> int:
    if not words:
        for name in sorted(shell.variables):
            shell.say(f"{name}={quoted(shell.variables[name])}\n")
        return 0
    rest = set_options(shell, words)
    if rest is not None:
        shell.positional = rest
    return 0


def set_options(shell: Shell, words: list[str]) -> list[str] | None:
    """Set options; the words after them, None where there are none and no ``--``."""
    while words and len(words[0]) > 1 and words[0][0] in "+-":
        word, words = words[0], words[1:]
        if word == "--":
            return words
        for letter in word[1:]:
            if letter == "o":
                name, words = (words[0], words[1:]) if words else ("", [])
                _switch(shell, word[0], _letter(shell, word[0], name))
            elif letter in OPTIONS.values() or (shell.bash and letter in "hBE"):
                _switch(shell, word[0], letter)
            else:
                raise ShellFault(f"set: Illegal option {word[0]}{letter}")
    return words or None


def _letter(shell: Shell, sign: str, name: str) -> str:
    if shell.bash and name in ("pipefail", "posix", "errtrace", "functrace"):
        return name
    if name and name not in OPTIONS:
        raise ShellFault(f"set: Illegal option {sign}o {name}")
    return OPTIONS.get(name, "")


def _switch(shell: Shell, sign: str, option: str) -> None:
    if sign == "-" and option:
        shell.options.add(option)
    else:
        shell.options.discard(option)


def _true(_shell: Shell, _words: list[str]) -> int:
    return 0


def _false(_shell: Shell, _words: list[str]) -> int:
    return 1


BUILTINS = {
    ":": plain(_true, special=True),
    "true": plain(_true),
    "false": plain(_false),
    "exit": plain(_exit, special=True),
    "return": plain(_return, special=True),
    "break": plain(_leave(again=False), special=True),
    "continue": plain(_leave(again=True), special=True),
    "eval": Builtin(_eval, special=True),
    ".": Builtin(_dot, special=True),
    "exec": Builtin(_exec, special=True),
    "command": Builtin(_command),
    "type": plain(_type),
    "shift": plain(_shift, special=True),
    "set": plain(_set, special=True),
    "times": plain(_true, special=True),
    "hash": plain(_true),
    "ulimit": plain(_true),
}
