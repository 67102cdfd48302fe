"""timedatectl and hostnamectl."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import available_timezones

from phoenix_hypervisor.simulator.process import Process, Program, Run

_ZONE = re.compile(
    r"(Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific|Etc|US)(/[A-Za-z0-9_+-]+)+"
    r"|UTC|GMT|CET|EET|MET|WET|EST|MST|HST|Japan|Israel|Turkey|Poland|Portugal|Singapore|Zulu"
)


def zone_exists(name: str) -> bool:
    """Whether tzdata has a time zone; where Python has no tzdata to ask, whether it has the form of one."""
    known = available_timezones()
    return bool(_ZONE.fullmatch(name)) and (name in known or not known)


def _timedatectl(process: Process, /) -> Run:
    yield 0.05
    files, words = process.files, [word for word in process.argv[1:] if not word.startswith("-")]
    verb = words[0] if words else "status"
    if verb == "set-timezone":
        name = words[1] if len(words) > 1 else ""
        if not zone_exists(name):
            process.complain(f"Failed to set time zone: Invalid or not installed time zone '{name}'\n")
            return 1
        if files.stat("/etc/localtime", follow=False) is not None:
            files.remove("/etc/localtime")
        files.link(f"../usr/share/zoneinfo/{name}", "/etc/localtime")
        if files.exists("/etc/timezone"):
            files.write("/etc/timezone", f"{name}\n")
        return 0
    if verb in ("set-ntp", "set-local-rtc"):
        return 0
    if verb in ("show", "status"):
        entry = files.stat("/etc/localtime", follow=False)
        zone = entry.data.rpartition("zoneinfo/")[2] if entry and entry.kind == "link" else "Etc/UTC"
        now = datetime.fromtimestamp(process.machine.clock, UTC).strftime("%a %F %T UTC")
        values = {"Timezone": zone, "LocalRTC": "no", "CanNTP": "yes", "NTP": "no", "NTPSynchronized": "no"}
        values |= {"TimeUSec": now, "RTCTimeUSec": now}
        wanted = [word.partition("=")[2] for word in process.argv if word.startswith("--property=")]
        wanted += [value for flag, value in zip(process.argv, process.argv[1:], strict=False) if flag == "-p"]
        for name, value in values.items():
            if not wanted or name in wanted:
                process.say(f"{value}\n" if "--value" in process.argv else f"{name}={value}\n")
        return 0
    process.complain(f"Unknown command verb '{verb}'.\n")
    return 1


def _hostnamectl(process: Process, /) -> Run:
    yield 0.05
    words = [word for word in process.argv[1:] if not word.startswith("-")]
    if words[:1] in (["set-hostname"], ["hostname"]) and len(words) > 1:
        process.files.write("/etc/hostname", f"{words[1]}\n")
    elif words[:1] == ["hostname"]:
        process.say(f"{process.machine.hostname}\n")
    else:
        process.say(f" Static hostname: {process.machine.hostname}\n")
    return 0


PROGRAMS: dict[str, Program] = {"timedatectl": _timedatectl, "hostnamectl": _hostnamectl}
