"""``systemd-run``: transient units, at once or after some time of the node's clock."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from phoenix_hypervisor.simulator.debian import units
from phoenix_hypervisor.simulator.process import NOT_FOUND, Process, Program, Run, execute, find

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

FOLDER = "/run/systemd/system"
_VALUES = ("--unit", "-u", "--on-active", "--on-boot", "--description", "--property", "-p", "--slice", "--uid", "--gid",
           "--timer-property", "--setenv", "-E", "--working-directory", "--nice", "--service-type")  # fmt: skip
_FLAGS = ("--no-block", "--quiet", "-q", "--collect", "-G", "--wait", "--remain-after-exit", "-r", "--system",
          "--pipe", "-P", "--scope", "--no-ask-password")  # fmt: skip
_SPAN = {"": 1, "s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "hr": 3600, "d": 86400, "ms": 0.001}


@dataclass(frozen=True, slots=True)
class Timer:
    """A transient timer: the unit's name without its type, when it is due, what it then runs."""

    name: str
    due: float
    argv: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Timer:
        """Raises KeyError or TypeError for what is none."""
        return cls(str(value["name"]), float(value["due"]), tuple(value["argv"]))


def seconds(text: str) -> float | None:
    """``60``, ``2min``, ``1h 30m``; None for what is no span of time."""
    parts = re.findall(r"([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)", text)
    if not parts or any(unit not in _SPAN for _, unit in parts) or re.sub(r"[0-9.a-z\s]", "", text):
        return None
    return sum(float(number) * _SPAN[unit] for number, unit in parts)


def _program(node: Node, process: Process, /) -> Run:
    yield 0.03
    given: dict[str, str] = {}
    words = process.argv[1:]
    while words and words[0].startswith("-"):
        word, words = words[0], words[1:]
        name, equals, value = word.partition("=")
        if name in _VALUES:
            if not equals:
                if not words:
                    process.complain(f"systemd-run: option '{word}' requires an argument\n")
                    return 1
                value, words = words[0], words[1:]
            given[name] = value
        elif word == "--":
            break
        elif word in _FLAGS:
            given[word] = ""
        else:
            process.complain(f"systemd-run: unrecognized option '{word}'\n")
            return 1
    if not words:
        process.complain("Command line to execute required.\n")
        return 1
    if find(process.child(list(words))) is None:
        process.complain(f"Failed to find executable {words[0]}: No such file or directory\n")
        return 1
    name = (given.get("--unit") or given.get("-u") or f"run-r{node.entropy()[:32]}").removesuffix(".service")
    name = name.removesuffix(".timer")
    quiet = "-q" in given or "--quiet" in given
    if "--on-active" in given or "--on-boot" in given:
        return _arm(node, process, name, given, words, quiet)
    if units.file_of(node, f"{name}.service"):
        process.complain(f"Failed to start transient service unit: Unit {name}.service was already loaded or has a "
                         "fragment file.\n")  # fmt: skip
        return 1
    if not quiet:
        process.complain(f"Running as unit: {name}.service\n")
    status = yield from _run(node, words)
    return status if "--wait" in given or "--pipe" in given or "-P" in given else 0


def _arm(node: Node, process: Process, name: str, given: dict[str, str], words: list[str], quiet: bool) -> int:
    text = given.get("--on-active", given.get("--on-boot", ""))
    delay = seconds(text)
    if delay is None:
        process.complain(f"Failed to parse timer value: {text}\n")
        return 1
    if any(timer.name == name for timer in node.timers) or units.file_of(node, f"{name}.service"):
        process.complain(f"Failed to start transient timer unit: Unit {name}.timer was already loaded or has a "
                         "fragment file.\n")  # fmt: skip
        return 1
    due = delay + (node.clock if "--on-active" in given else node.started)
    node.timers.append(Timer(name, due, tuple(words)))
    node.files.mkdir(FOLDER, parents=True)
    key = "OnActiveSec" if "--on-active" in given else "OnBootSec"
    node.files.write(f"{FOLDER}/{name}.timer", f"[Timer]\n{key}={text}\nRemainAfterElapse=no\n")
    node.files.write(f"{FOLDER}/{name}.service", f"[Service]\nExecStart={' '.join(words)}\n")
    units.set_active(node, f"{name}.timer", True)
    if not quiet:
        process.complain(f"Running timer as unit: {name}.timer\nWill run service as unit: {name}.service\n")
    return 0


def _run(node: Node, words: list[str]) -> Run:
    process = node.start(words)
    process.top = False
    status = yield from execute(process)
    return 203 if status == NOT_FOUND else status


def _forget(node: Node, name: str) -> None:
    for path in (f"{FOLDER}/{name}.timer", f"{FOLDER}/{name}.service", f"{units.STATES}/{name}.timer"):
        if node.files.exists(path):
            node.files.remove(path)


def settle(node: Node) -> None:
    """Forget the timers that were stopped."""
    for timer in [one for one in node.timers if not units.is_active(node, f"{one.name}.timer")]:
        node.timers.remove(timer)
        _forget(node, timer.name)


def fire(node: Node, until: float) -> None:
    """Run what is due, each at its time, to its end."""
    settle(node)
    for timer in sorted((one for one in node.timers if one.due <= until), key=lambda one: one.due):
        node.timers.remove(timer)
        node.set_clock(timer.due)
        _forget(node, timer.name)
        run = _run(node, list(timer.argv))
        while True:
            try:
                node.set_clock(node.clock + next(run))
            except StopIteration:
                break
    node.set_clock(until)


def programs(node: Node) -> dict[str, Program]:
    return {"systemd-run": partial(_program, node)}
