"""systemctl: what runs, starting and stopping. Exit codes: systemctl(1), "Exit status"."""

from __future__ import annotations

from collections.abc import Generator

from phoenix_hypervisor.simulator.coreutils.common import Fault
from phoenix_hypervisor.simulator.debian import jobs, systemctl_enable, systemctl_show, systemctl_words, units
from phoenix_hypervisor.simulator.debian.systemctl_call import Call
from phoenix_hypervisor.simulator.process import Process, Program, Run

ASK_SECONDS = 0.02
_SYSTEMD_UP = 0.5
"""Seconds from the start to the moment at which systemd answers at all."""
_JOBS = (
    "start", "stop", "restart", "reload", "try-restart", "reload-or-restart", "try-reload-or-restart", "condrestart",
)  # fmt: skip
_NOT_INSTALLED, _NOT_IMPLEMENTED, _NOT_RUNNING = 5, 3, 3


def _systemctl(process: Process, /) -> Run:
    try:
        call = Call(process)
    except Fault as fault:
        process.complain(f"systemctl: {fault}\n")
        return 1
    answers = {
        "is-system-running": _is_system_running,
        "is-active": _is_active,
        "is-failed": _is_failed,
        "daemon-reload": _reload_all,
        "daemon-reexec": _reload_all,
        "reset-failed": _reset_failed,
        "kill": _kill,
        **systemctl_show.ANSWERS,
        **systemctl_enable.ANSWERS,
    }
    yield ASK_SECONDS
    if call.verb in answers:
        return answers[call.verb](call)
    if call.verb in _JOBS:
        return (yield from _jobs(call))
    if call.verb in systemctl_enable.VERBS:
        status = yield from systemctl_enable.change(call)
        if status == 0 and "--now" in call.flags and call.verb in ("enable", "reenable", "disable", "mask"):
            call.verb = "start" if call.verb in ("enable", "reenable") else "stop"
            return (yield from _jobs(call))
        return status
    process.complain(f"Unknown command verb '{call.verb}'.\n")
    return 1


def _is_system_running(call: Call) -> int:
    """First nothing of systemd is there, then it starts, then it runs (systemctl(1), sd_booted(3))."""
    machine = call.process.machine
    if getattr(machine, "booted", True):
        states = (machine.files.stat(path) for path in machine.files.glob(f"{units.STATES}/*"))
        failed = any(entry is not None and entry.data == "failed" for entry in states)
        call.say("degraded" if failed else "running")
        return int(failed)
    call.say("offline" if getattr(machine, "uptime", 1.0) < _SYSTEMD_UP else "starting")
    return 1


def _is_active(call: Call) -> int:
    return _looked(call, "active", _NOT_RUNNING)


def _is_failed(call: Call) -> int:
    return _looked(call, "failed", 1)


def _looked(call: Call, good: str, otherwise: int) -> int:
    """Say what each unit is; 0 where one of them is ``good``."""
    states = [units.state(call.machine, unit) for unit in call.units]
    for one in states:
        call.say(one)
    if good in states:
        return 0
    is_unknown = not any(units.exists(call.machine, unit) for unit in call.units)
    return systemctl_words.UNKNOWN if is_unknown and call.words_of_systemd.knows_missing else otherwise


def _reload_all(call: Call) -> int:
    units.reload(call.machine)
    return 0


def _reset_failed(call: Call) -> int:
    machine = call.machine
    for unit in call.units:
        if not units.exists(machine, unit):
            call.process.complain(f"Failed to reset failed state of unit {unit}: Unit {unit} not loaded.\n")
            return 1
    names = call.units or [path.rpartition("/")[2] for path in machine.files.glob(f"{units.STATES}/*")]
    for unit in names:
        if units.state(machine, unit) == "failed":
            units.set_active(machine, unit, False)
    return 0


def _kill(call: Call) -> int:
    for unit in call.units:
        if not units.exists(call.machine, unit):
            call.process.complain(f"Failed to kill unit {unit}: Unit {unit} not loaded.\n")
            return 1
    return 0


def _jobs(call: Call) -> Run:
    if not call.units:
        call.process.complain("Too few arguments.\n")
        return 1
    status = 0
    for unit in call.units:
        refused = _refused(call, unit)
        if refused:
            call.process.complain(refused[1])
            status = refused[0]
            continue
        wrong = yield from _job(call, unit)
        if wrong:
            call.process.complain(wrong)
            status = 1
    return status


def _refused(call: Call, unit: str) -> tuple[int, str] | None:
    """Why there is no job for a unit at all: exit status and words."""
    machine, verb = call.machine, call.verb
    if not units.exists(machine, unit):
        return _NOT_INSTALLED, f"Failed to {verb} {unit}: Unit {unit} not {'loaded' if verb == 'stop' else 'found'}.\n"
    if units.is_masked(machine, unit) and verb != "stop":
        return 1, f"Failed to {verb} {unit}: Unit {unit} is masked.\n"
    told = units.loaded(machine, unit)
    details = f"See system logs and 'systemctl status {unit}' for details.\n"
    if told.is_bad and verb != "stop":
        return 1, f"Failed to {verb} {unit}: Unit {unit} has a bad unit file setting.\n{details}"
    if verb == "reload" and not _can_reload(call, unit):
        return _NOT_IMPLEMENTED, f"Failed to reload {unit}: Job type reload is not applicable for unit {unit}.\n"
    if units.is_changed(machine, unit):
        call.process.complain(
            f"Warning: The unit file, source configuration file or drop-ins of {unit} changed on disk. "
            "Run 'systemctl daemon-reload' to reload units.\n"
        )
    return None


def _can_reload(call: Call, unit: str) -> bool:
    told = units.loaded(call.machine, unit)
    return bool(told.all("Service", "ExecReload")) or not told.settings


def _job(call: Call, unit: str) -> Generator[float, None, str]:
    process, verb = call.process, call.verb
    active = units.is_active(call.machine, unit)
    if verb == "reload":
        return (yield from jobs.reload(process, unit)) if active else f"{unit} is not active, cannot reload.\n"
    if verb == "stop":
        yield from jobs.stop(process, unit)
        return ""
    if not active and verb.startswith(("try-", "cond")):
        return ""
    if active and verb == "start":
        return ""
    if active and "reload" in verb and _can_reload(call, unit):
        return (yield from jobs.reload(process, unit))
    if active:
        yield from jobs.stop(process, unit)
    return (yield from jobs.start(process, unit))


PROGRAMS: dict[str, Program] = {"systemctl": _systemctl}
