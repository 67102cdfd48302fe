"""Jobs, traps and signals: the builtins that deal with them."""

from __future__ import annotations

from phoenix_hypervisor.simulator.shell.builtins import Builtin, Run, number, plain, quoted
from phoenix_hypervisor.simulator.shell.commands import Shell
from phoenix_hypervisor.simulator.shell.expand import ShellFault
from phoenix_hypervisor.simulator.shell.state import ExitShell

SIGNALS = {"EXIT": 0, "HUP": 1, "INT": 2, "QUIT": 3, "KILL": 9, "USR1": 10, "USR2": 12, "PIPE": 13, "ALRM": 14}
SIGNALS |= {"TERM": 15, "CHLD": 17, "CONT": 18, "STOP": 19}


def _wait(shell: Shell, words: list[str]) -> int:
    statuses = [shell.jobs.pop(str(number("wait", word)), 127) for word in words]
    return statuses[-1] if statuses else 0


def _signal(text: str) -> str:
    """The name of a signal; empty when there is none."""
    name = text.upper().removeprefix("SIG")
    if name.isdecimal():
        return next((known for known, value in SIGNALS.items() if value == int(name)), "")
    return name if name in SIGNALS else ""


def _trap(shell: Shell, words: list[str]) -> int:
    words = words[1:] if words[:1] == ["--"] else words
    if not words:
        for name, action in shell.traps.items():
            shell.say(f"trap -- {quoted(action)} {name}\n")
        return 0
    reset = len(words) == 1 or words[0] == "-"
    for text in words if len(words) == 1 else words[1:]:
        name = _signal(text)
        if not name:
            shell.sink(2).write(f"trap: {text}: bad trap\n")
            return 1
        if reset:
            shell.traps.pop(name, None)
        else:
            shell.traps[name] = words[0]
    return 0


def _kill(shell: Shell, words: list[str]) -> Run:
    signal = "TERM"
    if words[:1] == ["-s"]:
        signal, words = _signal(words[1]) if len(words) > 1 else "", words[2:]
    elif words and words[0].startswith("-") and words[0] != "--":
        signal, words = _signal(words[0][1:]), words[1:]
    if not words or not signal:
        raise ShellFault("kill: Usage: kill [-s sigspec | -signum | -sigspec] [pid | job]...")
    status = 0
    for pid in words:
        if pid != str(shell.pid):
            shell.complain("kill: No such process\n".rstrip())
            status = 1
        elif signal != "EXIT":
            yield from _receive(shell, signal)
    return status


def _receive(shell: Shell, signal: str) -> Run:
    action = shell.traps.get(signal)
    if action is None:
        shell.traps.pop("EXIT", None)
        raise ExitShell(128 + SIGNALS[signal])
    return (yield from shell.script(action))


BUILTINS = {
    "wait": plain(_wait),
    "trap": plain(_trap, special=True),
    "kill": Builtin(_kill),
}
