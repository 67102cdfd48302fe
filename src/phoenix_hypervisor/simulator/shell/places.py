"""The builtins that other programs also are, and those of the working directory."""

from __future__ import annotations

import re

from phoenix_hypervisor.simulator.conditions import Condition, ConditionFault
from phoenix_hypervisor.simulator.formatting import Printf, unescape
from phoenix_hypervisor.simulator.shell.builtins import Builtin, plain
from phoenix_hypervisor.simulator.shell.commands import Shell
from phoenix_hypervisor.simulator.shell.expand import ShellFault


def _cd(shell: Shell, words: list[str]) -> int:
    words = [word for word in words if word not in ("-L", "-P", "--")]
    target = words[0] if words else shell.get("HOME") or ""
    if target == "-":
        target = shell.get("OLDPWD") or shell.directory
        shell.say(f"{target}\n")
    if not target:
        return 0
    path = normal(shell.directory, target)
    if not target or not shell.files.is_dir(path):
        if shell.bash:
            reason = "Not a directory" if shell.files.exists(path) else "No such file or directory"
            raise ShellFault(f"cd: {target}: {reason}", 1)
        raise ShellFault(f"cd: can't cd to {target}")
    shell.set("OLDPWD", shell.directory)
    shell.directory = path
    shell.set("PWD", path)
    return 0


def normal(directory: str, path: str) -> str:
    """An absolute path without ``.`` and ``..``, by its text alone."""
    parts: list[str] = []
    for part in (path if path.startswith("/") else f"{directory}/{path}").split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


def _pwd(shell: Shell, words: list[str]) -> int:
    shell.say(f"{shell.files.resolve(shell.directory) if '-P' in words else shell.directory}\n")
    return 0


def _umask(shell: Shell, words: list[str]) -> int:
    if words == ["-S"]:
        allowed = (
            "".join(letter for bit, letter in ((4, "r"), (2, "w"), (1, "x")) if not shell.umask >> shift & bit)
            for shift in (6, 3, 0)
        )
        shell.say(",".join(f"{who}={letters}" for who, letters in zip("ugo", allowed, strict=True)) + "\n")
    elif not words:
        shell.say(f"{shell.umask:04o}\n")
    elif words[0].isdecimal() and not set(words[0]) & set("89"):
        shell.umask = int(words[0], 8) & 0o777
    else:
        raise ShellFault(f"umask: Illegal number: {words[0]}")
    return 0


def _echo(shell: Shell, words: list[str]) -> int:
    if shell.bash:
        shell.say(echo(words))
        return 0
    newline = words[:1] != ["-n"]
    text, ended = unescape(" ".join(words if newline else words[1:]))
    shell.say(text + ("\n" if newline and not ended else ""))
    return 0


def echo(words: list[str]) -> str:
    """What echo of bash and of the coreutils writes."""
    newline, escapes = True, False
    while words and re.fullmatch(r"-[neE]+", words[0]):
        newline = newline and "n" not in words[0]
        for letter in words[0][1:]:
            escapes = escapes if letter == "n" else letter == "e"
        words = words[1:]
    text, ended = unescape(" ".join(words)) if escapes else (" ".join(words), False)
    return text + ("\n" if newline and not ended else "")


def _printf(shell: Shell, words: list[str]) -> int:
    if shell.bash and words[:1] == ["-v"] and len(words) > 2:
        shell.set(words[1], Printf(words[2], words[3:]).text)
        return 0
    words = words[1:] if words[:1] == ["--"] else words
    if not words:
        raise ShellFault("printf: usage: printf format [arg ...]")
    printed = Printf(words[0], words[1:])
    shell.say(printed.text)
    for fault in printed.faults:
        shell.complain(f"printf: {fault}")
    invalid = any(fault.endswith("directive") for fault in printed.faults)
    return 2 if invalid else int(bool(printed.faults))


def _test(shell: Shell, words: list[str]) -> int:
    return _holds("test", shell, words)


def _bracket(shell: Shell, words: list[str]) -> int:
    if words[-1:] != ["]"]:
        raise ShellFault("[: missing ]")
    return _holds("[", shell, words[:-1])


def _holds(name: str, shell: Shell, words: list[str]) -> int:
    try:
        return int(not Condition(words, shell.files, shell.directory).holds())
    except ConditionFault as fault:
        raise ShellFault(f"{name}: {fault}") from fault


BUILTINS: dict[str, Builtin] = {
    "cd": plain(_cd),
    "chdir": plain(_cd),
    "pwd": plain(_pwd),
    "umask": plain(_umask),
    "echo": plain(_echo),
    "printf": plain(_printf),
    "test": plain(_test),
    "[": plain(_bracket),
}
