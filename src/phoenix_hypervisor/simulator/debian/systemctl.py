"""systemctl."""

from __future__ import annotations

from phoenix_hypervisor.simulator.coreutils.common import Fault
from phoenix_hypervisor.simulator.debian import units
from phoenix_hypervisor.simulator.process import Process, Program, Run

ASK_SECONDS = 0.02
ACT_SECONDS = 0.3
_SYSTEMD_UP = 0.5
"""Seconds from the start to the moment at which systemd answers at all."""
_JOBS = ("start", "stop", "restart", "reload", "try-restart", "reload-or-restart", "try-reload-or-restart")
_FLAGS = frozenset(
    [
        "--now",
        "-q",
        "--quiet",
        "--no-block",
        "--no-pager",
        "--wait",
        "--force",
        "-f",
        "--no-legend",
        "--plain",
        "--system",
        "--runtime",
        "--value",
        "-a",
        "--all",
        "--no-ask-password",
        "--full",
        "-l",
        "--failed",
    ]
)


class _Call:
    """A command line of systemctl."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.properties: list[str] = []
        self.flags: set[str] = set()
        self.words: list[str] = []
        rest = process.argv[1:]
        while rest:
            word, rest = rest[0], rest[1:]
            name, equals, value = word.partition("=")
            if name in ("-p", "--property", "-t", "--type", "--state", "--job-mode", "-s", "--signal", "-n", "--lines"):
                if not equals and rest:
                    value, rest = rest[0], rest[1:]
                self.properties += value.split(",") if name in ("-p", "--property") else []
            elif word.startswith("-p") and len(word) > 2:
                self.properties += word[2:].split(",")
            elif word in _FLAGS:
                self.flags.add(word)
            elif word.startswith("-") and word != "-":
                raise Fault(f"unrecognized option '{word}'")
            else:
                self.words.append(word)
        self.verb = self.words[0] if self.words else "list-units"
        self.units = [units.full(word) for word in self.words[1:]]
        self.quiet = bool(self.flags & {"-q", "--quiet"})

    def say(self, text: str) -> None:
        if not self.quiet:
            self.process.say(f"{text}\n")


def _systemctl(process: Process, /) -> Run:
    try:
        call = _Call(process)
    except Fault as fault:
        process.complain(f"systemctl: {fault}\n")
        return 1
    answers = {
        "is-system-running": _running,
        "is-active": _is_active,
        "is-enabled": _is_enabled,
        "is-failed": _is_failed,
        "show": _show,
        "status": _status,
        "cat": _cat,
        "list-units": _list,
        "list-unit-files": _list,
        "daemon-reload": _nothing,
        "daemon-reexec": _nothing,
        "reset-failed": _nothing,
    }
    if call.verb in answers:
        yield ASK_SECONDS
        return answers[call.verb](call)
    if call.verb in _JOBS:
        return (yield from _job(call))
    if call.verb in ("enable", "disable", "mask", "unmask", "reenable"):
        return (yield from _enable(call))
    yield ASK_SECONDS
    process.complain(f"Unknown command verb '{call.verb}'.\n")
    return 1


def _running(call: _Call) -> int:
    """First nothing of systemd is there, then it starts, then it runs (systemctl(1), sd_booted(3))."""
    machine = call.process.machine
    if getattr(machine, "booted", True):
        call.say("running")
        return 0
    call.say("offline" if getattr(machine, "uptime", 1.0) < _SYSTEMD_UP else "starting")
    return 1


def _is_active(call: _Call) -> int:
    machine = call.process.machine
    active = [units.is_active(machine, unit) for unit in call.units]
    for one in active:
        call.say("active" if one else "inactive")
    if any(active):
        return 0
    return 3 if any(units.exists(machine, unit) for unit in call.units) else 4


def _is_failed(call: _Call) -> int:
    for unit in call.units:
        call.say("active" if units.is_active(call.process.machine, unit) else "inactive")
    return 1


def _is_enabled(call: _Call) -> int:
    found = [units.enablement(call.process.machine, unit) for unit in call.units]
    for state in found:
        call.say(state)
    if any(state in ("enabled", "static") for state in found):
        return 0
    return 4 if all(state == "not-found" for state in found) else 1


def _properties(call: _Call, unit: str) -> dict[str, str]:
    machine = call.process.machine
    exists, active = units.exists(machine, unit), units.is_active(machine, unit)
    state = units.enablement(machine, unit) if exists else ""
    running = "exited" if unit in units.ONE_SHOT else "active" if unit in units.TARGETS else "running"
    return {
        "Id": unit,
        "Names": unit,
        "LoadState": "masked" if state == "masked" else "loaded" if exists else "not-found",
        "ActiveState": "active" if active else "inactive",
        "SubState": running if active else "dead",
        "UnitFileState": state,
        "FragmentPath": units.file_of(machine, unit),
        "MainPID": "0",
        "Result": "success",
        "NRestarts": "0",
        "ExecMainStatus": "0",
    }


def _show(call: _Call) -> int:
    blocks: list[str] = []
    for unit in call.units:
        values = _properties(call, unit)
        chosen = {name: values[name] for name in call.properties or values if name in values}
        lines = (value if "--value" in call.flags else f"{name}={value}" for name, value in chosen.items())
        blocks.append("".join(f"{line}\n" for line in lines))
    call.process.say("\n".join(blocks))
    return 0


def _status(call: _Call) -> int:
    machine = call.process.machine
    for unit in call.units:
        if not units.exists(machine, unit):
            call.process.complain(f"Unit {unit} could not be found.\n")
            return 4
        state = "active (running)" if units.is_active(machine, unit) else "inactive (dead)"
        call.say(f"{unit} - {unit.rpartition('.')[0]}\n     Active: {state}")
    return 0 if all(units.is_active(machine, unit) for unit in call.units) else 3


def _cat(call: _Call) -> int:
    for unit in call.units:
        path = units.file_of(call.process.machine, unit)
        if not path:
            call.process.complain(f"No files found for {unit}.\n")
            return 1
        call.process.say(f"# {path}\n{call.process.files.read(path)}")
    return 0


def _list(call: _Call) -> int:
    machine = call.process.machine
    for unit in units.installed_units(machine):
        if call.verb == "list-unit-files":
            call.say(f"{unit} {units.enablement(machine, unit)} enabled")
        elif units.is_active(machine, unit) and "--failed" not in call.flags:
            call.say(f"{unit} loaded active running {unit.rpartition('.')[0]}")
    return 0


def _nothing(_call: _Call) -> int:
    return 0


def _job(call: _Call) -> Run:
    yield ASK_SECONDS
    machine, process = call.process.machine, call.process
    if not call.units:
        process.complain("Too few arguments.\n")
        return 1
    status = 0
    for unit in call.units:
        if not units.exists(machine, unit):
            verb = {"try-restart": "try-restart"}.get(call.verb, call.verb)
            process.complain(f"Failed to {verb} {unit}: Unit {unit} not found.\n")
            status = 5
            continue
        if units.is_masked(machine, unit):
            process.complain(f"Failed to {call.verb} {unit}: Unit {unit} is masked.\n")
            status = 1
            continue
        active = units.is_active(machine, unit)
        if call.verb == "reload" and not active:
            process.complain(f"{unit} is not active, cannot reload.\n")
            status = 1
            continue
        yield ACT_SECONDS
        if not call.verb.startswith("try-") or active:
            units.set_active(machine, unit, call.verb != "stop")
    return status


def _enable(call: _Call) -> Run:
    yield ASK_SECONDS
    machine, process = call.process.machine, call.process
    if not call.units:
        process.complain("Too few arguments.\n")
        return 1
    missing = next((unit for unit in call.units if not units.exists(machine, unit)), "")
    if missing and call.verb != "mask":
        verb = "enable" if call.verb == "reenable" else call.verb
        process.complain(f"Failed to {verb} unit: Unit {missing} does not exist\n")
        return 1
    for unit in call.units:
        path = f"{units.WANTS}/{unit}"
        if call.verb == "mask" and units.file_of(machine, unit) == path and not units.is_masked(machine, unit):
            process.complain(f"Failed to mask unit: File '{path}' already exists.\n")
            return 1
        yield ACT_SECONDS
        _change(call, unit)
        if "--now" in call.flags:
            units.set_active(machine, unit, call.verb in ("enable", "reenable"))
    return 0


def _change(call: _Call, unit: str) -> None:
    machine, path = call.process.machine, f"{units.WANTS}/{unit}"
    if call.verb in ("enable", "disable", "reenable"):
        before = units.is_enabled(machine, unit)
        link = units.enable(machine, unit, call.verb != "disable")
        if link and not call.quiet:
            call.process.complain(f"Created symlink '{link}' \u2192 '{units.file_of(machine, unit)}'.\n")
        if call.verb == "disable" and before and not call.quiet:
            call.process.complain(f"Removed '{units.WANTS}/multi-user.target.wants/{unit}'.\n")
    elif call.verb == "mask" and not units.is_masked(machine, unit):
        units.set_active(machine, unit, units.is_active(machine, unit))
        machine.files.mkdir(units.WANTS, parents=True)
        machine.files.link("/dev/null", path)
    elif call.verb == "unmask" and units.is_masked(machine, unit):
        machine.files.remove(path)


PROGRAMS: dict[str, Program] = {
    "systemctl": _systemctl,
}
