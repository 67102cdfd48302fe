"""apt-mark and apt-cache."""

from __future__ import annotations

from phoenix_hypervisor.simulator.coreutils.common import Fault
from phoenix_hypervisor.simulator.debian import apt_lists, dpkg
from phoenix_hypervisor.simulator.process import Process, Program, Run

_FAILED = 100


def _apt_mark(process: Process, /) -> Run:
    yield 0.3
    words = [word for word in process.argv[1:] if not word.startswith("-")]
    verb, names = (words[0], words[1:]) if words else ("", [])
    try:
        known, lists = dpkg.read(process.files), apt_lists.read(process.machine)
        missing = [name for name in names if name not in known and name not in lists]
        for name in missing:
            process.complain(f"E: Unable to locate package {name}\n")
        if missing:
            process.complain("E: No packages found\n")
            return _FAILED
        return _mark(process, verb, names, known)
    except Fault as fault:
        process.complain(f"E: {fault}\n")
        return fault.status


def _mark(process: Process, verb: str, names: list[str], known: dict[str, dpkg.Fields]) -> int:
    files = process.files
    automatic, held = apt_lists.automatic(files), apt_lists.held(files)
    listings = {
        "showhold": held,
        "showauto": automatic,
        "showmanual": set(dpkg.installed(files)) - automatic,
    }
    if verb in listings:
        process.say("".join(f"{name}\n" for name in sorted(listings[verb]) if not names or name in names))
    elif verb in ("hold", "unhold"):
        for name in names:
            want, before = (
                ("hold", "was already set on hold") if verb == "hold" else ("install", "was already not on hold")
            )
            if (name in held) == (verb == "hold"):
                process.say(f"{name} {before}.\n")
                continue
            fields = known.get(name, {"Package": name, "Status": "install ok not-installed"})
            words = fields["Status"].split()
            known[name] = fields | {"Status": " ".join([want, *words[1:]])}
            process.say(f"{name} set on hold.\n" if verb == "hold" else f"Canceled hold on {name}.\n")
        dpkg.write(files, known)
    elif verb in ("auto", "manual"):
        for name in names:
            process.say(f"{name} set to {'automatically' if verb == 'auto' else 'manually'} installed.\n")
        apt_lists.set_automatic(files, automatic | set(names) if verb == "auto" else automatic - set(names))
    else:
        raise Fault(f"Invalid operation {verb}" if verb else "No packages found", _FAILED)
    return 0


def _apt_cache(process: Process, /) -> Run:
    yield 0.25
    words = [word for word in process.argv[1:] if not word.startswith("-")]
    try:
        if words[:1] != ["policy"]:
            raise Fault(f"Invalid operation {' '.join(words[:1])}", _FAILED)
        lists, present = apt_lists.read(process.machine), dpkg.installed(process.files)
        for name in words[1:]:
            if name in present or name in lists:
                process.say(_policy(name, present.get(name, ""), lists))
        return 0
    except Fault as fault:
        process.complain(f"E: {fault}\n")
        return fault.status


def _policy(name: str, installed: str, lists: dict[str, list[apt_lists.Known]]) -> str:
    shown = f"{name}:\n  Installed: {installed or '(none)'}\n"
    shown += f"  Candidate: {apt_lists.candidate(lists, name, installed)}\n  Version table:\n"
    places: dict[str, list[str]] = {}
    for one in lists.get(name, ()):
        where = f"{one.source.uri.rstrip('/')} {one.source.suite}/{one.source.component} amd64 Packages"
        places.setdefault(one.version, []).append(f"        500 {where}\n")
    if installed:
        places.setdefault(installed, []).append("        100 /var/lib/dpkg/status\n")
    for version, rows in places.items():
        priority = 500 if any(" 500 " in row for row in rows) else 100
        shown += f" {'***' if version == installed else '   '} {version} {priority}\n{''.join(rows)}"
    return shown


PROGRAMS: dict[str, Program] = {"apt-mark": _apt_mark, "apt-cache": _apt_cache}
