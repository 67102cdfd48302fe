"""A small POSIX shell with dash's manners; ``bash`` is the same one with some of bash's."""

from __future__ import annotations

import errno
import os

from phoenix_hypervisor.simulator.process import Process, Program, Run
from phoenix_hypervisor.simulator.shell import builtins, places, signals, variables
from phoenix_hypervisor.simulator.shell.commands import Shell
from phoenix_hypervisor.simulator.shell.expand import ShellFault
from phoenix_hypervisor.simulator.shell.interpreter import Interpreter
from phoenix_hypervisor.simulator.shell.pattern import absolute
from phoenix_hypervisor.simulator.shell.streams import Source

SECONDS = 0.002
"""What starting a shell costs."""

BUILTINS = builtins.BUILTINS | signals.BUILTINS | variables.BUILTINS | places.BUILTINS
BASH_BUILTINS = BUILTINS | variables.BASH_BUILTINS | {"source": BUILTINS["."]}
IGNORED = ("-l", "--login", "--noprofile", "--norc", "-i", "--posix")


def sh(process: Process, /) -> Run:
    """``sh [options] [-c text [name] | file | -s] [argument…]``, and ``bash``."""
    yield SECONDS
    bash = process.argv[0].rpartition("/")[2] == "bash"
    shell = Interpreter(process, BASH_BUILTINS if bash else BUILTINS, bash=bash)
    try:
        text = _text(shell, process.argv[1:])
    except ShellFault as fault:
        shell.report(fault)
        return fault.status
    return (yield from shell.main(text))


def _text(shell: Shell, words: list[str]) -> str:
    """The script; options, name and positional parameters are set."""
    words = [word for index, word in enumerate(words) if word not in IGNORED or _after_options(words[:index])]
    from_text, from_input, options = False, False, []
    while words and len(words[0]) > 1 and words[0][0] in "-+" and words[0] != "--":
        word = words.pop(0)
        from_text = from_text or "c" in word[1:]
        from_input = from_input or "s" in word[1:]
        options.append(word[0] + word[1:].replace("c", "").replace("s", ""))
        if "o" in word[1:] and words:
            options.append(words.pop(0))
    if words[:1] in (["--"], ["-"]):
        words = words[1:]
    builtins.set_options(shell, [option for option in options if option not in ("-", "+")])
    if from_text:
        if not words:
            raise ShellFault("-c requires an argument")
        shell.name, shell.positional = (words[1] if len(words) > 1 else shell.name), words[2:]
        return words[0]
    if from_input or not words:
        shell.positional = words
        shell.streams[0] = Source(lambda: "")
        return shell.process.stdin
    return _file(shell, words)


def _after_options(words: list[str]) -> bool:
    return any(not word.startswith(("-", "+")) or ("c" in word.lstrip("-")[:8] and word[1:2] != "-") for word in words)


def _file(shell: Shell, words: list[str]) -> str:
    path = absolute(shell.directory, words[0])
    try:
        text = "" if shell.files.is_dir(path) else shell.files.read(path)
    except OSError as wrong:
        if shell.bash:
            raise ShellFault(f"{words[0]}: {os.strerror(wrong.errno or 0)}", 127) from wrong
        reason = "No such file" if wrong.errno == errno.ENOENT else os.strerror(wrong.errno or 0)
        raise ShellFault(f"cannot open {words[0]}: {reason}") from wrong
    shell.name, shell.positional = words[0], words[1:]
    return text


PROGRAMS: dict[str, Program] = {"sh": sh, "dash": sh, "bash": sh}
