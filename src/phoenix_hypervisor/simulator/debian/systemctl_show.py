"""systemctl: what a unit is and which there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from phoenix_hypervisor.simulator.debian import unitfile, units
from phoenix_hypervisor.simulator.debian.systemctl_call import Call

_SUBSTATES = {"target": "active", "mount": "mounted", "timer": "waiting", "socket": "listening", "path": "waiting"}
_LISTS = ("Requires", "Wants", "Before", "After", "Conflicts", "RequiresMountsFor")


def _substate(call: Call, unit: str, state: str) -> str:
    if state != "active":
        return "failed" if state == "failed" else "dead"
    kind = unit.rpartition(".")[2]
    told = units.loaded(call.machine, unit)
    if kind == "service":
        return "exited" if told.type == "oneshot" and told.settings else "running"
    return _SUBSTATES.get(kind, "active")


def _moment(text: str) -> str:
    return f"{datetime.fromtimestamp(float(text), UTC):%a %Y-%m-%d %H:%M:%S UTC}" if text else ""


def _load_state(call: Call, unit: str) -> str:
    if not units.exists(call.machine, unit):
        return "not-found"
    if units.is_masked(call.machine, unit):
        return "masked"
    return "bad-setting" if units.loaded(call.machine, unit).is_bad else "loaded"


def _properties(call: Call, unit: str) -> dict[str, str]:
    """In the order in which systemd tells them: those of services, then those of all units."""
    machine = call.machine
    told, state, known = units.loaded(machine, unit), units.state(machine, unit), units.record(machine, unit)
    exists = units.exists(machine, unit)
    since = known.get("since", "")
    if not since and state == "active":
        since = str(getattr(machine, "started", "")) or ""
    service = {
        "Type": told.type,
        "RemainAfterExit": "yes" if told.stays else "no",
        "MainPID": str(1000 + len(unit)) if state == "active" and told.type != "oneshot" else "0",
        "Result": known.get("result", "success"),
        "NRestarts": "0",
        "ExecMainStatus": known.get("status", "0"),
    }
    lists = {name: " ".join(told.words("Unit", name)) for name in _LISTS}
    dropped = unitfile.drop_ins(machine, unit)
    return {
        **(service if unit.endswith(".service") else {}),
        "Id": unit,
        "Names": unit,
        **(lists if exists else {}),
        "Description": told.last("Unit", "Description", unit),
        "LoadState": _load_state(call, unit),
        "ActiveState": state,
        "SubState": _substate(call, unit, state),
        "FragmentPath": units.file_of(machine, unit),
        "DropInPaths": " ".join(dropped),
        "UnitFileState": units.enablement(machine, unit) if exists else "",
        "UnitFilePreset": "enabled" if exists else "",
        "StateChangeTimestamp": _moment(known.get("changed", since)),
        "ActiveEnterTimestamp": _moment(since),
        "InactiveEnterTimestamp": _moment(known.get("changed", "") if state != "active" else ""),
        "CanStart": "yes" if exists else "no",
        "CanReload": "yes" if told.all("Service", "ExecReload") else "no",
        "NeedDaemonReload": "yes" if units.is_changed(machine, unit) else "no",
    }


def _show(call: Call) -> int:
    blocks: list[str] = []
    for unit in call.units:
        values = _properties(call, unit)
        wanted = call.properties or list(values)
        chosen = {name: value for name, value in values.items() if name in wanted}
        lines = (value if call.bare else f"{name}={value}" for name, value in chosen.items())
        blocks.append("".join(f"{line}\n" for line in lines))
    call.process.say("\n".join(blocks))
    return 0


def _status(call: Call) -> int:
    machine, statuses = call.machine, []
    for unit in call.units:
        if not units.exists(machine, unit):
            call.process.complain(f"Unit {unit} could not be found.\n")
            statuses.append(4)
            continue
        if units.is_changed(machine, unit):
            call.process.complain(
                f"Warning: The unit file, source configuration file or drop-ins of {unit} changed on disk. "
                "Run 'systemctl daemon-reload' to reload units.\n"
            )
        values = _properties(call, unit)
        sign = {"active": "●", "failed": "×"}.get(values["ActiveState"], "○")
        loaded = f"{values['LoadState']} ({values['FragmentPath']}; {values['UnitFileState']}; preset: enabled)"
        told = f"{values['ActiveState']} ({values['SubState']})"
        call.say(f"{sign} {unit} - {values['Description']}\n     Loaded: {loaded}\n     Active: {told}")
        statuses.append(0 if values["ActiveState"] == "active" else 3)
    return max(statuses, default=0)


def _cat(call: Call) -> int:
    for unit in call.units:
        path = units.file_of(call.machine, unit)
        if not path:
            call.process.complain(f"No files found for {unit}.\n")
            return 1
        paths = [path, *unitfile.drop_ins(call.machine, unit)]
        call.process.say("\n".join(f"# {one}\n{call.process.files.read(one)}" for one in paths))
    return 0


def _chosen(call: Call) -> list[str]:
    kinds = call.values.get("t", [])
    found = [unit for unit in units.installed_units(call.machine) if not call.given or unit in call.given]
    return [unit for unit in found if not kinds or unit.rpartition(".")[2] in kinds]


def _list_units(call: Call) -> int:
    wanted = ["failed"] if "--failed" in call.flags else call.values.get("state", [])
    everything = bool({"-a", "--all"} & call.flags)
    rows = []
    for unit in _chosen(call):
        state = units.state(call.machine, unit)
        substate = _substate(call, unit, state)
        shown = everything or state != "inactive" if not wanted else bool({state, substate} & set(wanted))
        if shown:
            description = units.loaded(call.machine, unit).last("Unit", "Description", unit)
            rows.append((unit, _load_state(call, unit), state, substate, description))
    _table(call, ("UNIT", "LOAD", "ACTIVE", "SUB", "DESCRIPTION"), rows, "loaded units listed.")
    return 0


def _list_jobs(call: Call) -> int:
    """What is being started; while the machine boots, that is the network, and all that waits for it."""
    if getattr(call.machine, "booted", True):
        if "--no-legend" not in call.flags:
            call.say("No jobs running.")
        return 0
    waiting = ("1", "multi-user.target", "start", "waiting")
    rows = [waiting, ("2", "systemd-networkd-wait-online.service", "start", "running")]
    _table(call, ("JOB", "UNIT", "TYPE", "STATE"), rows, "jobs listed.")
    return 0


def _list_unit_files(call: Call) -> int:
    rows = [(unit, units.enablement(call.machine, unit), "enabled") for unit in _chosen(call)]
    wanted = call.values.get("state", [])
    rows = [row for row in rows if not wanted or row[1] in wanted]
    _table(call, ("UNIT FILE", "STATE", "PRESET"), rows, "unit files listed.")
    return 0 if rows or not call.given else 1


def _table(call: Call, titles: tuple[str, ...], rows: Sequence[tuple[str, ...]], end: str) -> None:
    legend = "--no-legend" not in call.flags and not call.quiet
    shown = [titles, *rows] if legend else rows
    widths = [max((len(row[index]) for row in shown), default=0) for index in range(len(titles) - 1)]
    mark = "" if "--plain" in call.flags or titles[0] != "UNIT" else "  "
    for row in shown:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        first = "● " if mark and "failed" in row[2:3] else mark
        call.process.say(f"{first}{' '.join([*cells, row[-1]])}\n")
    if legend:
        call.process.say(f"\n{len(rows)} {end}\n")


ANSWERS: Mapping[str, Callable[[Call], int]] = {
    "show": _show,
    "status": _status,
    "cat": _cat,
    "list-units": _list_units,
    "list-unit-files": _list_unit_files,
    "list-jobs": _list_jobs,
}
