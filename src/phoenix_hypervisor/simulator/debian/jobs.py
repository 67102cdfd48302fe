"""What happens to a unit: it starts, stops, reloads; its programs run on the simulated machine."""

from __future__ import annotations

import shlex
from collections.abc import Generator, Mapping
from dataclasses import dataclass

from phoenix_hypervisor.simulator.debian import journal, unitenvironment, unitfile, units
from phoenix_hypervisor.simulator.debian.unitfile import UnitFile
from phoenix_hypervisor.simulator.process import Process, execute, find

ACT_SECONDS = 0.3
STAYS_SECONDS = 0.5
"""A program that is still there then is a daemon."""
NOT_EXECUTED = 203
_ENVIRONMENT = unitenvironment.VARIABLES
CHECKS: Mapping[str, tuple[str, ...]] = {
    "chrony.service": ("chronyd", "-p"),
    "smbd.service": ("smbd", "-D"),
    "nmbd.service": ("nmbd", "-D"),
    "docker.service": ("dockerd", "-H", "fd://"),
}
"""What tells whether a package's daemon would take its configuration."""
HANGUPS: Mapping[str, str] = {"smbd.service": "smbcontrol smbd reload-config"}
"""What a daemon does on the signal that its ExecReload sends."""


@dataclass(frozen=True)
class Ended:
    """How a program ended: its status; None while it is running on."""

    status: int | None = 0
    executed: bool = True
    said: str = ""


def _words(line: str) -> tuple[list[str], bool]:
    """The words of an Exec line, and whether its failure matters."""
    stripped = line.lstrip("-@:+!|")
    try:
        return shlex.split(stripped), "-" not in line[: len(line) - len(stripped)]
    except ValueError:
        return stripped.split(), True


def _is_there(process: Process, path: str) -> bool:
    entry = process.files.stat(path)
    return entry is not None and entry.kind == "file" and bool(entry.mode & 0o111)


def _run(
    process: Process, line: str, limit: float, packaged: bool, environment: Mapping[str, str] = _ENVIRONMENT
) -> Generator[float, None, Ended]:
    """Run one Exec line for so long; a program of a package that is not simulated does what it should."""
    argv, matters = _words(line)
    if not argv:
        return Ended()
    child = Process(process.machine, argv, "", dict(environment), "/")
    if find(child) is None:
        if packaged or _is_there(process, argv[0]):
            return Ended(None if limit else 0)
        return Ended(NOT_EXECUTED if matters else 0, executed=False)
    run, spent = execute(child), 0.0
    while True:
        try:
            seconds = next(run)
        except StopIteration as end:
            return Ended(end.value if matters else 0, said="".join((*child.out, *child.err)))
        spent += seconds
        if limit and spent > limit:
            run.close()
            return Ended(None)
        yield seconds


def _is_packaged(process: Process, unit: str) -> bool:
    path = unitfile.path_of(process.machine, unit)
    return not path or path.startswith("/usr/lib/")


def _conditions_hold(process: Process, told: UnitFile) -> bool:
    """Whether every ConditionPathExists holds."""
    for path in told.all("Unit", "ConditionPathExists"):
        negated = path.startswith("!")
        if process.files.exists(path.lstrip("!|")) == negated:
            return False
    return True


def start(process: Process, unit: str) -> Generator[float, None, str]:
    """Start a unit; the words for a job that failed, empty when it did not."""
    machine = process.machine
    told = units.loaded(machine, unit)
    if not _conditions_hold(process, told):
        return ""
    units.remember(machine, unit)
    yield ACT_SECONDS
    packaged = _is_packaged(process, unit)
    if not unit.endswith(".service") or (packaged and unit not in CHECKS and told.type != "oneshot"):
        units.set_active(machine, unit, True)
        return ""
    for line in told.all("Service", "ExecStartPre"):
        ended = yield from _run(process, line, 0.0, packaged)
        if ended.status:
            return _failed(process, unit, ended.status)
    if unit in CHECKS and packaged:
        ended = yield from _run(process, shlex.join(CHECKS[unit]), 0.0, packaged)
        if ended.status:
            return _failed(process, unit, ended.status)
        units.set_active(machine, unit, True)
        return ""
    if told.type == "oneshot":
        return (yield from _one_shot(process, unit, told, packaged))
    return (yield from _daemon(process, unit, told))


def _one_shot(process: Process, unit: str, told: UnitFile, packaged: bool) -> Generator[float, None, str]:
    if packaged:
        units.set_active(process.machine, unit, True)
        return ""
    for line in told.all("Service", "ExecStart") + told.all("Service", "ExecStartPost"):
        ended = yield from _run(process, line, 0.0, packaged)
        if ended.status:
            return _failed(process, unit, ended.status)
    units.set_active(process.machine, unit, told.stays)
    return ""


def _daemon(process: Process, unit: str, told: UnitFile) -> Generator[float, None, str]:
    line = told.last("Service", "ExecStart")
    try:
        environment = unitenvironment.prepare(process, told)
        ended = yield from _run(process, line, STAYS_SECONDS, False, environment)
    except unitenvironment.Refusal as refusal:
        ended = Ended(refusal.status, executed=False, said=f"{unit}: {refusal}\n")
    if ended.said:
        journal.write(process.machine, unit, ended.said)
    if ended.status is None or (told.type == "forking" and ended.status == 0):
        units.set_active(process.machine, unit, True)
        return ""
    if ended.status == 0:
        units.set_active(process.machine, unit, told.stays)
        return ""
    text = _failed(process, unit, ended.status)
    return "" if told.type in ("simple", "idle") else text


def _failed(process: Process, unit: str, status: int) -> str:
    units.set_state(process.machine, unit, "failed", "exit-code", status)
    return (
        f"Job for {unit} failed because the control process exited with error code.\n"
        f'See "systemctl status {unit}" and "journalctl -xeu {unit}" for details.\n'
    )


def stop(process: Process, unit: str) -> Generator[float, None, None]:
    """Stop a unit; what it says for its end is run."""
    machine = process.machine
    told = units.loaded(machine, unit)
    yield ACT_SECONDS
    if units.is_active(machine, unit) and not _is_packaged(process, unit):
        for line in told.all("Service", "ExecStop"):
            yield from _run(process, line, 0.0, packaged=True)
    for line in told.all("Service", "ExecStopPost"):
        yield from _run(process, line, 0.0, packaged=True)
    if units.state(machine, unit) != "failed":
        units.set_active(machine, unit, False)


def reload(process: Process, unit: str) -> Generator[float, None, str]:
    """Run what the unit says for a reload."""
    told = units.loaded(process.machine, unit)
    yield ACT_SECONDS
    for line in told.all("Service", "ExecReload"):
        line = HANGUPS.get(unit, line) if "$MAINPID" in line else line
        if "$MAINPID" not in line:
            ended = yield from _run(process, line, 0.0, packaged=True)
            if ended.status:
                return _failed_reload(unit)
    return ""


def _failed_reload(unit: str) -> str:
    return (
        f"Job for {unit} failed because the control process exited with error code.\n"
        f'See "systemctl status {unit}" and "journalctl -xeu {unit}" for details.\n'
    )
