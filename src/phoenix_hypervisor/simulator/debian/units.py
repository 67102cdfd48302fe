"""systemd's units, as files and links; what is running now is in files under /run.

A unit without such a file is running when it was enabled at the machine's start.
"""

from __future__ import annotations

from phoenix_hypervisor.simulator.debian import dpkg, unitfile, unittexts
from phoenix_hypervisor.simulator.debian.packages import BASE_UNITS
from phoenix_hypervisor.simulator.debian.unitfile import FOLDERS, UnitFile
from phoenix_hypervisor.simulator.process import Machine

STATES, RECORDS, LOADED = "/run/systemd/units", "/run/systemd/records", "/run/systemd/loaded"
RELOADED = "/run/systemd/reloaded"
WANTS = "/etc/systemd/system"
TARGETS = (
    "multi-user.target", "graphical.target", "default.target", "basic.target", "network.target", "sysinit.target",
    "network-online.target", "local-fs.target", "remote-fs.target", "timers.target", "sockets.target",
    "pve-storage.target",
)  # fmt: skip
_TYPES = ("service", "target", "timer", "mount", "socket", "path", "swap", "slice", "automount", "scope", "device")


def full(name: str) -> str:
    """The unit's name with its type."""
    return name if name.rpartition(".")[2] in _TYPES and "." in name else f"{name}.service"


def canonical(machine: Machine, unit: str) -> str:
    """The name that an alias stands for."""
    path = unitfile.path_of(machine, unit)
    entry = machine.files.stat(path, follow=False) if path else None
    if entry is None or entry.kind != "link" or entry.data == "/dev/null":
        return unit
    target = entry.data.rpartition("/")[2]
    return unit if target == unit or "@" in unit else target


def file_of(machine: Machine, unit: str) -> str:
    """Where the unit's file is; empty when there is none."""
    return unitfile.path_of(machine, unit)


def exists(machine: Machine, unit: str) -> bool:
    return bool(file_of(machine, unit)) or unit in TARGETS or unit in _of_packages(machine)


def _of_packages(machine: Machine) -> set[str]:
    """The units of packages whose files the simulated root file system does not carry."""
    present = dpkg.installed(machine.files)
    names = {unit for name, units in BASE_UNITS.items() if name in present for unit in units}
    return {full(name) for name in names if not file_of(machine, full(name))}


def is_masked(machine: Machine, unit: str) -> bool:
    for folder in (WANTS, "/run/systemd/system"):
        entry = machine.files.stat(f"{folder}/{unit}", follow=False)
        if entry is not None and entry.kind == "link" and entry.data == "/dev/null":
            return True
    return False


def links(machine: Machine, unit: str) -> list[str]:
    """The links that make others start the unit, and its aliases."""
    files = machine.files
    names = files.list(WANTS) if files.is_dir(WANTS) else []
    found = [f"{WANTS}/{name}/{unit}" for name in names if name.endswith((".wants", ".requires", ".upholds"))]
    found = [path for path in found if files.stat(path, follow=False)]
    for name in names:
        entry = files.stat(f"{WANTS}/{name}", follow=False)
        if entry is not None and entry.kind == "link" and name != unit and entry.data.rpartition("/")[2] == unit:
            found.append(f"{WANTS}/{name}")
    return found


def is_enabled(machine: Machine, unit: str) -> bool:
    if any("/" in path[len(WANTS) + 1 :] for path in links(machine, unit)):
        return True
    return unit in _of_packages(machine) and not machine.files.exists(f"{WANTS}/.disabled/{unit}")


def enablement(machine: Machine, unit: str) -> str:
    """What ``is-enabled`` says."""
    if not exists(machine, unit):
        return "not-found"
    if is_masked(machine, unit):
        return "masked"
    if canonical(machine, unit) != unit:
        return "alias"
    if is_enabled(machine, unit) or links(machine, unit):
        return "enabled"
    path = file_of(machine, unit)
    found = unitfile.parse(unit, unitfile.text_of(machine, unit))
    return "static" if path and machine.files.exists(path) and not found.is_installable else "disabled"


# -- what runs


def _booted_at(machine: Machine) -> float:
    started = getattr(machine, "started", None) or getattr(getattr(machine, "running", None), "started", None)
    return float("inf") if started is None else float(started)


def state(machine: Machine, unit: str) -> str:
    """``active``, ``inactive`` or ``failed``."""
    entry = machine.files.stat(f"{STATES}/{unit}")
    if entry is not None:
        return entry.data
    if not (getattr(machine, "booted", True) and exists(machine, unit)) or is_masked(machine, unit):
        return "inactive"
    if unit in TARGETS or unit.rpartition(".")[0] in unittexts.ALWAYS:
        return "active"
    found = loaded(machine, unit)
    ended = found.type == "oneshot" and not found.stays and bool(found.settings)
    return "active" if is_enabled(machine, unit) and not ended and _was_there(machine, unit) else "inactive"


def _was_there(machine: Machine, unit: str) -> bool:
    """Whether the links that start the unit were there when the machine started."""
    entries = [machine.files.stat(path, follow=False) for path in links(machine, unit)]
    when = _booted_at(machine)
    return not entries or any(entry is not None and entry.mtime <= when for entry in entries)


def is_active(machine: Machine, unit: str) -> bool:
    return state(machine, unit) == "active"


def set_state(machine: Machine, unit: str, now: str, result: str = "success", status: int = 0) -> None:
    """Say what the unit is now, since when, and how its program ended."""
    files = machine.files
    for folder in (STATES, RECORDS):
        files.mkdir(folder, parents=True)
    before = record(machine, unit)
    since = machine.clock if now == "active" else before.get("since", "")
    files.write(f"{STATES}/{unit}", now)
    facts = {"since": since, "changed": machine.clock, "result": result, "status": status}
    files.write(f"{RECORDS}/{unit}", "".join(f"{key}={value}\n" for key, value in facts.items()))


def set_active(machine: Machine, unit: str, active: bool) -> None:
    set_state(machine, unit, "active" if active else "inactive")


def record(machine: Machine, unit: str) -> dict[str, str]:
    """What is remembered of the unit since the machine's start."""
    entry = machine.files.stat(f"{RECORDS}/{unit}")
    return dict(line.split("=", 1) for line in entry.data.splitlines()) if entry else {}


# -- what systemd has read


def loaded(machine: Machine, unit: str) -> UnitFile:
    """The unit as systemd knows it: as it was when it was read, while it runs or has failed."""
    entry = machine.files.stat(f"{LOADED}/{unit}")
    kept = machine.files.stat(f"{STATES}/{unit}")
    if entry is not None and kept is not None and kept.data != "inactive":
        return unitfile.parse(unit, entry.data)
    return unitfile.parse(unit, unitfile.text_of(machine, unit))


def remember(machine: Machine, unit: str) -> None:
    """Keep the unit as it is read now, until it stops or systemd reads all units again."""
    files, path = machine.files, f"{LOADED}/{unit}"
    kept = files.stat(f"{STATES}/{unit}")
    if files.exists(path) and kept is not None and kept.data != "inactive":
        return
    files.mkdir(LOADED, parents=True)
    files.write(path, unitfile.text_of(machine, unit))


def reload(machine: Machine) -> None:
    """Read all units again."""
    files = machine.files
    if files.is_dir(LOADED):
        files.remove(LOADED, recursive=True)
    files.mkdir("/run/systemd", parents=True)
    files.write(RELOADED, f"{machine.clock}\n")


def is_changed(machine: Machine, unit: str) -> bool:
    """Whether the files of a unit that systemd keeps in memory are other ones than it has read."""
    if state(machine, unit) == "inactive":
        return False
    entry = machine.files.stat(f"{LOADED}/{unit}")
    if entry is not None:
        return entry.data != unitfile.text_of(machine, unit)
    told = machine.files.stat(RELOADED)
    return unitfile.changed_at(machine, unit) > max(_booted_at(machine), float(told.data) if told else 0.0)


# -- enabling


def freeze(machine: Machine, unit: str) -> None:
    """Write down what the unit is now, so that a link that comes or goes does not change it."""
    if machine.files.stat(f"{STATES}/{unit}") is None:
        machine.files.mkdir(STATES, parents=True)
        machine.files.write(f"{STATES}/{unit}", state(machine, unit))


def enable(machine: Machine, unit: str) -> list[tuple[str, str]]:
    """Make the links of the unit's [Install] section; those that are new, with where they lead."""
    files = machine.files
    freeze(machine, unit)
    if files.exists(f"{WANTS}/.disabled/{unit}"):
        files.remove(f"{WANTS}/.disabled/{unit}")
    path = file_of(machine, unit)
    told = unitfile.parse(unit, unitfile.text_of(machine, unit))
    places = [f"{WANTS}/{name}" for name in told.words("Install", "Alias")]
    for key, ending in (("WantedBy", "wants"), ("RequiredBy", "requires"), ("UpheldBy", "upholds")):
        places += [f"{WANTS}/{target}.{ending}/{unit}" for target in told.words("Install", key)]
    made = []
    for place in places:
        if path and files.stat(place, follow=False) is None:
            files.mkdir(place.rpartition("/")[0], parents=True)
            files.link(path, place)
            made.append((place, path))
    for other in told.words("Install", "Also"):
        if other != unit and exists(machine, other) and not is_enabled(machine, other):
            made += enable(machine, other)
    return made


def disable(machine: Machine, unit: str) -> list[str]:
    """Take away the links to the unit; what runs goes on running."""
    freeze(machine, unit)
    gone = links(machine, unit)
    for path in gone:
        machine.files.remove(path)
    if unit in _of_packages(machine):
        machine.files.mkdir(f"{WANTS}/.disabled", parents=True)
        machine.files.write(f"{WANTS}/.disabled/{unit}", "")
    return gone


# -- packages


def write(machine: Machine, name: str) -> None:
    """The unit's file, where there is none, with the aliases that the package ships."""
    unit = full(name)
    for path, text in unittexts.files(unit).items():
        if machine.files.stat(path, follow=False) is None:
            machine.files.mkdir(FOLDERS[-1], parents=True)
            machine.files.write(path, text)
    for alias in unittexts.aliases(unit):
        if machine.files.stat(f"{FOLDERS[-1]}/{alias}", follow=False) is None:
            machine.files.link(unit, f"{FOLDERS[-1]}/{alias}")


def add(machine: Machine, name: str) -> None:
    """What a package's set-up does: the unit's file, enabled and started, unless it is masked."""
    write(machine, name)
    if not is_masked(machine, full(name)):
        enable(machine, full(name))
        remember(machine, full(name))
        set_active(machine, full(name), True)


def drop(machine: Machine, name: str) -> None:
    """What removing a package does."""
    unit, files = full(name), machine.files
    disable(machine, unit)
    set_active(machine, unit, False)
    for one in (unit, *unittexts.aliases(unit)):
        if files.stat(f"{FOLDERS[-1]}/{one}", follow=False) is not None:
            files.remove(f"{FOLDERS[-1]}/{one}")


def installed_units(machine: Machine) -> list[str]:
    """The units that there are, sorted."""
    found = _of_packages(machine)
    for folder in FOLDERS:
        if machine.files.is_dir(folder):
            names = machine.files.list(folder)
            found |= {name for name in names if name.rpartition(".")[2] in _TYPES and "@." not in name}
    return sorted(found)
