"""systemd's units, as files and links; what is running now is a file under /run.

A unit without such a file is running when it is enabled and the machine has booted.
"""

from __future__ import annotations

from phoenix_hypervisor.simulator.debian import dpkg
from phoenix_hypervisor.simulator.debian.packages import BASE_UNITS
from phoenix_hypervisor.simulator.process import Machine

FOLDERS = ("/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system")
STATES = "/run/systemd/units"
WANTS = "/etc/systemd/system"
TARGETS = ("multi-user.target", "graphical.target", "default.target", "basic.target", "network.target")
ONE_SHOT = ("nfs-server.service", "nftables.service", "ufw.service")


def full(name: str) -> str:
    """The unit's name with its type."""
    types = ("service", "target", "timer", "mount", "socket", "path")
    return name if name.rpartition(".")[2] in types and "." in name else f"{name}.service"


def file_of(machine: Machine, unit: str) -> str:
    """Where the unit's file is; empty when there is none."""
    for folder in FOLDERS:
        path = f"{folder}/{unit}"
        if machine.files.stat(path, follow=False) is not None:
            return path
    return ""


def exists(machine: Machine, unit: str) -> bool:
    return bool(file_of(machine, unit)) or unit in TARGETS or unit in _of_packages(machine)


def _of_packages(machine: Machine) -> set[str]:
    """The units of packages whose files the simulated root file system does not carry."""
    present = dpkg.installed(machine.files)
    names = {unit for name, units in BASE_UNITS.items() if name in present for unit in units}
    return {full(name) for name in names}


def is_masked(machine: Machine, unit: str) -> bool:
    entry = machine.files.stat(f"{WANTS}/{unit}", follow=False)
    return entry is not None and entry.kind == "link" and entry.data == "/dev/null"


def is_enabled(machine: Machine, unit: str) -> bool:
    files = machine.files
    wants = (name for name in (files.list(WANTS) if files.is_dir(WANTS) else []) if name.endswith(".wants"))
    linked = any(files.stat(f"{WANTS}/{name}/{unit}", follow=False) for name in wants)
    return linked or (unit in _of_packages(machine) and not files.exists(f"{WANTS}/.disabled/{unit}"))


def enablement(machine: Machine, unit: str) -> str:
    """What ``is-enabled`` says."""
    if not exists(machine, unit):
        return "not-found"
    if is_masked(machine, unit):
        return "masked"
    if is_enabled(machine, unit):
        return "enabled"
    path = file_of(machine, unit)
    entry = machine.files.stat(path) if path else None
    installable = entry is None or "[Install]" in entry.data
    return "disabled" if installable else "static"


def is_active(machine: Machine, unit: str) -> bool:
    entry = machine.files.stat(f"{STATES}/{unit}")
    if entry is not None:
        return entry.data == "active"
    booted = getattr(machine, "booted", True)
    return bool(booted) and exists(machine, unit) and (is_enabled(machine, unit) or unit in TARGETS)


def set_active(machine: Machine, unit: str, active: bool) -> None:
    machine.files.mkdir(STATES, parents=True)
    machine.files.write(f"{STATES}/{unit}", "active" if active else "inactive")


def enable(machine: Machine, unit: str, enabled: bool) -> str:
    """Enable or disable; what runs goes on running. The path of the link that was made, empty when there was none."""
    files = machine.files
    set_active(machine, unit, is_active(machine, unit))
    mark = f"{WANTS}/.disabled/{unit}"
    if not enabled:
        for name in [name for name in files.list(WANTS) if name.endswith(".wants")]:
            if files.stat(f"{WANTS}/{name}/{unit}", follow=False) is not None:
                files.remove(f"{WANTS}/{name}/{unit}")
        if unit in _of_packages(machine):
            files.mkdir(f"{WANTS}/.disabled", parents=True)
            files.write(mark, "")
        return ""
    if files.exists(mark):
        files.remove(mark)
    if is_enabled(machine, unit):
        return ""
    folder = f"{WANTS}/{_wanted_by(machine, unit)}.wants"
    files.mkdir(folder, parents=True)
    files.link(file_of(machine, unit), f"{folder}/{unit}")
    return f"{folder}/{unit}"


def _wanted_by(machine: Machine, unit: str) -> str:
    path = file_of(machine, unit)
    text = machine.files.read(path) if path and machine.files.exists(path) else ""
    line = next((line for line in text.splitlines() if line.startswith("WantedBy=")), "")
    return line.partition("=")[2].split(" ")[0] or "multi-user.target"


def add(machine: Machine, name: str) -> None:
    """What a package's set-up does: the unit's file, enabled and started."""
    unit = full(name)
    if not file_of(machine, unit):
        machine.files.mkdir(FOLDERS[-1], parents=True)
        kind = "[Service]\nType=oneshot\n" if unit in ONE_SHOT else f"[Service]\nExecStart=/usr/sbin/{name}\n"
        text = f"[Unit]\nDescription={name}\n\n{kind}\n[Install]\nWantedBy=multi-user.target\n"
        machine.files.write(f"{FOLDERS[-1]}/{unit}", text)
    enable(machine, unit, True)
    set_active(machine, unit, True)


def drop(machine: Machine, name: str) -> None:
    """What removing a package does."""
    unit = full(name)
    enable(machine, unit, False)
    set_active(machine, unit, False)
    path = file_of(machine, unit)
    if path.startswith(FOLDERS[-1]):
        machine.files.remove(path)


def installed_units(machine: Machine) -> list[str]:
    """The service units that there are, sorted."""
    found = _of_packages(machine)
    for folder in FOLDERS:
        if machine.files.is_dir(folder):
            found |= {name for name in machine.files.list(folder) if name.endswith(".service")}
    return sorted(found)
