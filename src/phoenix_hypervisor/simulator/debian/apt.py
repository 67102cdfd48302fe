"""apt-get: what it installs comes from a fixed archive; it needs an address and a nameserver, as the real one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from phoenix_hypervisor.simulator.coreutils.common import Fault
from phoenix_hypervisor.simulator.debian import dpkg, network, units
from phoenix_hypervisor.simulator.debian.packages import ARCHIVE, with_dependencies
from phoenix_hypervisor.simulator.process import Process, Program, Run

READ_SECONDS = 0.6
"""Reading package lists and building the dependency tree."""
UPDATE_SECONDS = 4.0
FAILED = 100
LOCK = "/var/lib/dpkg/lock-frontend"
_READING = "Reading package lists...\nBuilding dependency tree...\nReading state information...\n"
_WITH_VALUE = ("-o", "-t", "-c", "--option", "--target-release", "--config-file")


@dataclass
class _Call:
    process: Process
    verb: str = ""
    names: list[str] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)

    @property
    def lock_timeout(self) -> float:
        text = self.options.get("dpkg::lock::timeout", "0")
        return float("inf") if text == "-1" else float(text) if text.isdecimal() else 0.0


def _parsed(process: Process) -> _Call:
    call, words = _Call(process), process.argv[1:]
    while words:
        word, words = words[0], words[1:]
        name, equals, value = word.partition("=")
        if name in _WITH_VALUE and not (equals and word.startswith("--")):
            if not words:
                raise Fault(f"Command line option {word} requires an argument", FAILED)
            value, words = words[0], words[1:]
        if name in ("-o", "--option"):
            key, _, setting = value.partition("=")
            call.options[key.lower()] = setting
        elif re.fullmatch(r"-o.+=.*", word):
            key, _, setting = word[2:].partition("=")
            call.options[key.lower()] = setting
        elif word.startswith("-"):
            call.flags.add(word)
        elif not call.verb:
            call.verb = word
        else:
            call.names.append(word)
    return call


def _apt_get(process: Process, /) -> Run:
    try:
        call = _parsed(process)
        verbs = {
            "update": _update,
            "install": _install,
            "remove": _remove,
            "purge": _remove,
            "upgrade": _upgrade,
            "dist-upgrade": _upgrade,
            "full-upgrade": _upgrade,
            "autoremove": _upgrade,
            "clean": _clean,
            "autoclean": _clean,
            "--version": _clean,
        }
        if call.verb not in verbs:
            yield 0.05
            raise Fault(f"Invalid operation {call.verb}" if call.verb else "Unsupported command line", FAILED)
        return (yield from verbs[call.verb](call))
    except Fault as fault:
        process.complain(f"E: {fault}\n")
        return fault.status


def _update(call: _Call) -> Run:
    process = call.process
    host = network.archive_host(process.machine)
    if not network.resolves(process.machine):
        yield 5.0
        where = f"http://{host}/dists/stable/InRelease"
        process.complain(f"W: Failed to fetch {where}  Temporary failure resolving '{host}'\n")
        process.complain("W: Some index files failed to download. They have been ignored, or old ones used instead.\n")
        return 0
    yield UPDATE_SECONDS
    process.say(f"Get:1 http://{host} stable InRelease [140 kB]\nFetched 9,760 kB in 2s (4,880 kB/s)\n")
    process.say("Reading package lists...\n")
    process.files.mkdir("/var/lib/apt/lists", parents=True)
    process.files.write(f"/var/lib/apt/lists/{host}_InRelease", "Origin: archive\n")
    return 0


def _install(call: _Call) -> Run:
    process = call.process
    yield READ_SECONDS
    process.say(_READING)
    names = [re.split(r"[=/:]", name)[0] for name in call.names]
    present = dpkg.installed(process.files)
    missing = [name for name in names if name not in ARCHIVE and name not in present]
    if missing:
        for name in missing:
            process.complain(f"E: Unable to locate package {name}\n")
        return FAILED
    for name in names:
        if name in present:
            process.say(f"{name} is already the newest version ({present[name]}).\n")
    wanted = with_dependencies(names, set(present))
    if wanted:
        process.say("The following NEW packages will be installed:\n")
        process.say(f"  {' '.join(sorted(package.name for package in wanted))}\n")
    process.say(f"0 upgraded, {len(wanted)} newly installed, 0 to remove and 0 not upgraded.\n")
    if call.flags & {"-s", "--simulate", "--dry-run"} or not wanted:
        for package in wanted if call.flags & {"-s", "--simulate", "--dry-run"} else []:
            process.say(f"Inst {package.name} ({package.version} Debian:13.7/stable [amd64])\n")
        return 0
    if not call.flags & {"-y", "--yes", "--assume-yes", "-qq", "-yq", "-qy", "-qqy", "-yqq"}:
        process.say("Do you want to continue? [Y/n] Abort.\n")
        return 1
    _check_archive(process)
    return (yield from _locked(call, _unpack(process, [package.name for package in wanted])))


def _check_archive(process: Process) -> None:
    host = network.archive_host(process.machine)
    if not network.resolves(process.machine):
        process.complain(f"E: Failed to fetch http://{host}/pool/main  Temporary failure resolving '{host}'\n")
        raise Fault("Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?", FAILED)


def _locked(call: _Call, run: Run) -> Run:
    """Run under dpkg's lock."""
    locks, waited = call.process.files.locks, 0.0
    while LOCK in locks:
        if waited >= call.lock_timeout:
            call.process.complain(
                f"E: Could not get lock {LOCK}. It is held by process 1 (apt-get)\n"
                "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), "
                "is another process using it?\n"
            )
            return FAILED
        yield 1.0
        waited += 1.0
    locks.add(LOCK)
    try:
        return (yield from run)
    finally:
        locks.discard(LOCK)


def _unpack(process: Process, names: list[str]) -> Run:
    """Set the packages up one after the other: what was cut off is unpacked, not installed."""
    files = process.files
    for name in names:
        package = ARCHIVE[name]
        known = dpkg.read(files)
        dpkg.write(files, known | {name: dpkg.entry(name, package.version, "install ok unpacked")})
        process.say(f"Unpacking {name} ({package.version}) ...\n")
        yield package.seconds
        known = dpkg.read(files)
        dpkg.write(files, known | {name: dpkg.entry(name, package.version)})
        for unit in package.units:
            units.add(process.machine, unit)
        process.say(f"Setting up {name} ({package.version}) ...\n")
    return 0


def _remove(call: _Call) -> Run:
    process = call.process
    yield READ_SECONDS
    process.say(_READING)
    known = dpkg.read(process.files)
    unknown = [name for name in call.names if name not in known and name not in ARCHIVE]
    if unknown:
        raise Fault(f"Unable to locate package {unknown[0]}", FAILED)
    there = [name for name in call.names if name in known and dpkg.is_installed(known[name])]
    return (yield from _locked(call, _take_away(call, there)))


def _take_away(call: _Call, names: list[str]) -> Run:
    process = call.process
    for name in names:
        yield 0.5
        known = dpkg.read(process.files)
        fields = known.pop(name)
        if call.verb == "remove" and "--purge" not in call.flags:
            known[name] = fields | {"Status": "deinstall ok config-files"}
        dpkg.write(process.files, known)
        for unit in ARCHIVE[name].units if name in ARCHIVE else ():
            units.drop(process.machine, unit)
        process.say(f"Removing {name} ({fields.get('Version', '')}) ...\n")
    return 0


def _upgrade(call: _Call) -> Run:
    yield READ_SECONDS
    call.process.say(f"{_READING}0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n")
    return 0


def _clean(_call: _Call) -> Run:
    yield 0.05
    return 0


def _apt_cache(process: Process, /) -> Run:
    yield 0.25
    if process.argv[1:2] != ["policy"]:
        process.complain(f"E: Invalid operation {' '.join(process.argv[1:2])}\n")
        return FAILED
    present = dpkg.installed(process.files)
    for name in process.argv[2:]:
        if name in present or name in ARCHIVE:
            candidate = present.get(name) or ARCHIVE[name].version
            process.say(f"{name}:\n  Installed: {present.get(name, '(none)')}\n  Candidate: {candidate}\n")
    return 0


PROGRAMS: dict[str, Program] = {"apt-get": _apt_get, "apt": _apt_get, "apt-cache": _apt_cache}
