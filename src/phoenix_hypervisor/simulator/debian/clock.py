"""timedatectl and hostnamectl."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from phoenix_hypervisor.simulator.debian import hostname, units
from phoenix_hypervisor.simulator.debian.zones import zone_exists, zones
from phoenix_hypervisor.simulator.process import Machine, Process, Program, Run

_FLAGS = re.compile(
    r"--(no-pager|no-ask-password|adjust-system-clock|monitor|all|value|static|transient|pretty|json=\w+|help|version)"
    r"|-[ajl]"
)
_KEEPERS = ("chrony.service", "systemd-timesyncd.service", "ntpsec.service")


def _keeper(machine: Machine) -> str:
    """The service that keeps the time."""
    return next((unit for unit in _KEEPERS if units.exists(machine, unit)), "")


def _words(process: Process) -> tuple[list[str], list[str], str]:
    """The words, the properties asked for, and an option that there is not."""
    words: list[str] = []
    wanted: list[str] = []
    rest = process.argv[1:]
    while rest:
        word, rest = rest[0], rest[1:]
        if word in ("-p", "--property") and rest:
            wanted, rest = [*wanted, *rest[0].split(",")], rest[1:]
        elif word.startswith("--property="):
            wanted += word.partition("=")[2].split(",")
        elif word.startswith("-") and not _FLAGS.fullmatch(word):
            return [], [], word
        elif not word.startswith("-"):
            words.append(word)
    return words, wanted, ""


def _timedatectl(process: Process, /) -> Run:
    yield 0.05
    words, wanted, unknown = _words(process)
    if unknown:
        process.complain(f"timedatectl: unrecognized option '{unknown}'\n")
        return 1
    verb = words[0] if words else "status"
    if verb in ("set-timezone", "set-ntp", "set-local-rtc", "set-time") and len(words) < 2:
        process.complain("Too few arguments.\n")
        return 1
    if verb == "set-timezone":
        return _set_zone(process, words[1])
    if verb == "set-ntp":
        return _set_ntp(process, words[1])
    if verb == "set-local-rtc":
        return 0
    if verb == "list-timezones":
        process.say("".join(f"{name}\n" for name in sorted(zones())))
        return 0
    if verb in ("show", "status"):
        for name, value in _properties(process).items():
            if not wanted or name in wanted:
                process.say(f"{value}\n" if "--value" in process.argv else f"{name}={value}\n")
        return 0
    process.complain(f"Unknown command verb '{verb}'.\n")
    return 1


def _set_zone(process: Process, name: str) -> int:
    files = process.files
    if not zone_exists(name):
        process.complain(f"Failed to set time zone: Invalid or not installed time zone '{name}'\n")
        return 1
    if files.stat("/etc/localtime", follow=False) is not None:
        files.remove("/etc/localtime")
    files.link(f"../usr/share/zoneinfo/{name}", "/etc/localtime")
    if files.exists("/etc/timezone"):
        files.write("/etc/timezone", f"{name}\n")
    return 0


def _set_ntp(process: Process, text: str) -> int:
    machine = process.machine
    if text.lower() not in ("yes", "true", "on", "1", "y", "no", "false", "off", "0", "n"):
        process.complain(f"Failed to parse NTP value '{text}': Invalid argument\n")
        return 1
    wanted, keeper = text.lower() in ("yes", "true", "on", "1", "y"), _keeper(machine)
    if not keeper:
        process.complain("Failed to set ntp: NTP not supported\n")
        return 1
    if wanted:
        units.enable(machine, keeper)
    else:
        units.disable(machine, keeper)
    units.set_active(machine, keeper, wanted)
    return 0


def _properties(process: Process) -> dict[str, str]:
    machine = process.machine
    entry = process.files.stat("/etc/localtime", follow=False)
    zone = entry.data.rpartition("zoneinfo/")[2] if entry and entry.kind == "link" else "Etc/UTC"
    now = datetime.fromtimestamp(machine.clock, UTC).strftime("%a %F %T UTC")
    keeper = _keeper(machine)
    runs = bool(keeper) and units.is_active(machine, keeper)
    synchronised = runs and any(address.cidr for address in machine.addresses)
    return {
        "Timezone": zone,
        "LocalRTC": "no",
        "CanNTP": "yes" if keeper else "no",
        "NTP": "yes" if runs else "no",
        "NTPSynchronized": "yes" if synchronised else "no",
        "TimeUSec": now,
        "RTCTimeUSec": now,
    }


# -- hostnamectl


def _hostnamectl(process: Process, /) -> Run:
    yield 0.05
    words, _wanted, unknown = _words(process)
    if unknown:
        process.complain(f"hostnamectl: unrecognized option '{unknown}'\n")
        return 1
    verb = words[0] if words else "status"
    if verb in ("set-hostname", "hostname") and len(words) > 1:
        return _set_hostname(process, words[1])
    if verb == "hostname":
        process.say(f"{hostname.current(process)}\n")
    elif verb == "status":
        _tell(process)
    else:
        process.complain(f"Unknown command verb '{verb}'.\n" if verb != "set-hostname" else "Too few arguments.\n")
        return 1
    return 0


def _set_hostname(process: Process, name: str) -> int:
    if not hostname.NAME.fullmatch(name):
        process.complain(f"Could not set static hostname: Invalid static hostname '{name}'\n")
        return 1
    process.files.write("/etc/hostname", f"{name}\n")
    hostname.set_name(process, name)
    return 0


def _tell(process: Process) -> None:
    known = _described(process)
    style = next((word.partition("=")[2] for word in process.argv if word.startswith("--json=")), "")
    if style or "-j" in process.argv:
        plain = style != "pretty"
        process.say(json.dumps(known, separators=(",", ":") if plain else None, indent=None if plain else 8) + "\n")
        return
    titles = {
        "StaticHostname": "Static hostname", "IconName": "Icon name", "Chassis": "Chassis", "MachineID": "Machine ID",
        "BootID": "Boot ID", "OperatingSystemPrettyName": "Operating System", "KernelRelease": "Kernel",
    }  # fmt: skip
    for key, title in titles.items():
        value = f"Linux {known[key]}" if key == "KernelRelease" else known[key]
        process.say(f"{title:>16}: {value}\n")
    process.say("    Architecture: x86-64\n")


def _described(process: Process) -> dict[str, Any]:
    files, kernel = process.files, process.machine.kernel
    release = files.stat("/etc/os-release")
    lines = [line.replace('"', "") for line in (release.data if release else "").splitlines() if "=" in line]
    words = dict(line.split("=", 1) for line in lines)
    static, machine_id = files.stat("/etc/hostname"), files.stat("/etc/machine-id")
    return {
        "Hostname": hostname.current(process),
        "StaticHostname": static.data.strip() if static else None,
        "PrettyHostname": None,
        "DefaultHostname": "localhost",
        "HostnameSource": "static",
        "IconName": "computer",
        "Chassis": "server",
        "Deployment": None,
        "Location": None,
        "KernelName": "Linux",
        "KernelRelease": kernel.release,
        "KernelVersion": kernel.version,
        "OperatingSystemPrettyName": words.get("PRETTY_NAME"),
        "OperatingSystemCPEName": None,
        "OperatingSystemHomeURL": words.get("HOME_URL"),
        "OperatingSystemReleaseData": lines,
        "MachineInformationData": [],
        "HardwareVendor": None,
        "HardwareModel": None,
        "HardwareSerial": None,
        "FirmwareVersion": None,
        "FirmwareVendor": None,
        "FirmwareDate": None,
        "MachineID": machine_id.data.strip() if machine_id else None,
        "BootID": None,
        "ProductUUID": None,
        "VSockCID": None,
    }


PROGRAMS: dict[str, Program] = {"timedatectl": _timedatectl, "hostnamectl": _hostnamectl}
