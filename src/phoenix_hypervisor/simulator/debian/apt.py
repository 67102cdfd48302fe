"""apt-get: what it installs comes from the archives that its lists know; it needs an address and a nameserver."""

from __future__ import annotations

import re

from phoenix_hypervisor.simulator.coreutils.common import Fault
from phoenix_hypervisor.simulator.debian import apt_call, apt_lists, apt_mark, apt_update, dpkg, network
from phoenix_hypervisor.simulator.debian.apt_call import FAILED, Call
from phoenix_hypervisor.simulator.debian.packages import CONFLICTS, depends, with_dependencies
from phoenix_hypervisor.simulator.debian.setup import Setup, lacks, waiting
from phoenix_hypervisor.simulator.process import Process, Program, Run

READ_SECONDS = 0.6
"""Reading package lists and building the dependency tree."""
UPDATE_SECONDS = apt_update.SECONDS
LOCK = dpkg.LOCK
_LISTS_LOCK = "/var/lib/apt/lists/lock"
_UNMET = "Unmet dependencies. Try 'apt --fix-broken install' with no packages (or specify a solution)."
_READING = "Reading package lists...\nBuilding dependency tree...\nReading state information...\n"


def _apt_get(process: Process, /) -> Run:
    try:
        call = apt_call.parse(process)
        if "--version" in call.flags:
            process.say("apt 3.0.3 (amd64)\n")
            return 0
        if call.verb not in _VERBS:
            yield 0.05
            raise Fault(f"Invalid operation {call.verb}" if call.verb else "Unsupported command line", FAILED)
        return (yield from _VERBS[call.verb](call))
    except Fault as fault:
        process.complain(f"E: {fault}\n" if not str(fault).startswith("\n") else f"{fault}\n")
        return fault.status


def _update(call: Call) -> Run:
    if call.names:
        raise Fault("The update command takes no arguments", FAILED)
    return (yield from _locked(call, _LISTS_LOCK, apt_update.update(call.process, call.is_strict)))


# -- installing


def _wanted(call: Call, lists: dict[str, list[apt_lists.Known]], present: dict[str, str]) -> dict[str, str]:
    """The versions of the named packages. Raises Fault for what the lists do not have."""
    found: dict[str, str] = {}
    missing = []
    for word in call.names:
        name, _, version = re.split(r"[/:]", word, maxsplit=1)[0].partition("=")
        version = word.partition("=")[2]
        if name not in lists and name not in present:
            missing.append(name)
            continue
        known = {one.version for one in lists.get(name, ())} | {present.get(name, "")} - {""}
        if version and version not in known:
            raise Fault(f"Version '{version}' for '{name}' was not found", FAILED)
        found[name] = version or apt_lists.candidate(lists, name, present.get(name, ""))
    if missing:
        raise Fault("\nE: ".join(f"Unable to locate package {name}" for name in missing), FAILED)
    return found


def _install(call: Call) -> Run:
    process, machine = call.process, call.process.machine
    yield READ_SECONDS
    lists, present = apt_lists.read(machine), dpkg.installed(process.files)
    process.say(_READING)
    broken = _broken(call)
    wanted = _wanted(call, lists, present) | {name: apt_lists.candidate(lists, name) for name in broken}
    for name, version in wanted.items():
        if present.get(name) == version and "--reinstall" not in call.flags:
            process.say(f"{name} is already the newest version ({version}).\n")
    again = [name for name in wanted if name in present and "--reinstall" in call.flags]
    newer = [name for name, version in wanted.items() if name in present and present[name] != version]
    new = [one.name for one in with_dependencies(list(wanted), set(present), machine.kernel.release)]
    versions = {name: wanted.get(name) or apt_lists.candidate(lists, name) for name in [*new, *newer, *again]}
    _check_dependencies(new, versions, machine.kernel.release)
    clashing = [other for name in new for other in CONFLICTS.get(name, ()) if other in present]
    if set(newer) & apt_lists.held(process.files) and "--allow-change-held-packages" not in call.flags:
        raise Fault("Held packages were changed and -y was used without --allow-change-held-packages.", FAILED)
    apt_lists_auto = apt_lists.automatic(process.files)
    status = yield from _carried_out(call, new, newer + again, clashing, versions)
    mends = status == 0 and "--fix-broken" in call.flags and not call.simulates
    for name in waiting(process.files) if mends else ():
        Setup(process, call.dpkg_options).configure(name)
    if status == 0 and not call.simulates and (new or set(wanted) & apt_lists_auto):
        apt_lists.set_automatic(process.files, (apt_lists_auto | set(new)) - set(wanted))
    return status


def _broken(call: Call) -> list[str]:
    """What begun packages lack and ``--fix-broken`` gets. Raises Fault where that is not asked for."""
    machine = call.process.machine
    found = {name: lacks(machine, name) for name in waiting(machine.files)}
    missing = {name: others for name, others in found.items() if others}
    if missing and not call.flags & {"f", "--fix-broken"}:
        rows = "".join(f" {name} : Depends: {one}\n" for name, others in missing.items() for one in others)
        call.process.say(f"The following packages have unmet dependencies:\n{rows}")
        raise Fault(_UNMET, FAILED)
    return [one for others in missing.values() for one in others]


def _check_dependencies(names: list[str], versions: dict[str, str], kernel: str) -> None:
    missing = [(name, other) for name in names for other in depends(name, kernel) if versions.get(other) == ""]
    unknown = [name for name in names if not versions[name]]
    if unknown:
        rows = "".join(f" {name} : Depends: {other} but it is not installable\n" for name, other in missing)
        raise Fault(
            f"Unable to correct problems, you have held broken packages.\nThe following packages have unmet "
            f"dependencies:\n{rows}".rstrip(),
            FAILED,
        )


def _listed(title: str, names: list[str]) -> str:
    return f"{title}\n  {' '.join(sorted(names))}\n" if names else ""


def _carried_out(
    call: Call, new: list[str], newer: list[str], gone: list[str], versions: dict[str, str], kept: int = 0
) -> Run:
    """Say what will be done, ask, fetch and do it."""
    process = call.process
    process.say(_listed("The following packages will be REMOVED:", gone))
    process.say(_listed("The following NEW packages will be installed:", new))
    process.say(_listed("The following packages will be upgraded:", newer))
    rest = max(0, len(apt_lists.upgradable(process.machine)) - len(newer))
    counts = f"{len(newer)} upgraded, {len(new)} newly installed, {len(gone)} to remove"
    process.say(f"{counts} and {max(rest, kept)} not upgraded.\n")
    if call.simulates:
        process.say(_simulated(call, [*new, *newer], gone, versions))
        return 0
    if not (new or newer or gone):
        return (yield from _locked(call, LOCK, _nothing()))
    if not call.agrees:
        process.say("Do you want to continue? [Y/n] Abort.\n")
        return 1
    if new or newer:
        _check_archive(call)
    return (yield from _locked(call, LOCK, _changed(call, [*new, *newer], gone, versions)))


def _nothing() -> Run:
    yield 0.0
    return 0


def _changed(call: Call, names: list[str], gone: list[str], versions: dict[str, str]) -> Run:
    setup = Setup(call.process, call.dpkg_options, versions)
    status = yield from setup.remove(gone, purge=False)
    return status or (yield from setup.install(names))


def _simulated(call: Call, names: list[str], gone: list[str], versions: dict[str, str]) -> str:
    machine, lists = call.process.machine, apt_lists.read(call.process.machine)
    present = dpkg.installed(machine.files)
    places = {}
    for name in names:
        source = next((one.source for one in lists.get(name, ()) if one.version == versions[name]), None)
        places[name] = f"({versions[name]} {apt_lists.release_of(machine, source)} [amd64])"
    before = {name: f" [{present[name]}]" if name in present else "" for name in names}
    removed = "".join(f"Remv {name} [{present[name]}]\n" for name in gone)
    unpacked = "".join(f"Inst {name}{before[name]} {places[name]}\n" for name in names)
    return removed + unpacked + "".join(f"Conf {name} {places[name]}\n" for name in names)


def _check_archive(call: Call) -> None:
    machine = call.process.machine
    host = network.archive_host(machine)
    if not network.resolves(machine):
        call.process.complain(f"E: Failed to fetch http://{host}/pool/main  Temporary failure resolving '{host}'\n")
        raise Fault("Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?", FAILED)


def _locked(call: Call, lock: str, run: Run) -> Run:
    """Run under a lock; dpkg's is waited for as long as the command line says, and dpkg must be through."""
    locks, waited = call.process.files.locks, 0.0
    while lock in locks:
        if lock != LOCK:
            call.process.complain(f"E: Could not get lock {lock}. It is held by process 1 (apt-get)\n")
            raise Fault(f"Unable to lock directory {lock.rpartition('/')[0]}/", FAILED)
        if waited >= call.lock_timeout:
            call.process.complain(f"E: Could not get lock {LOCK}. It is held by process 1 (apt-get)\n")
            raise Fault(f"Unable to acquire the dpkg frontend lock ({LOCK}), is another process using it?", FAILED)
        yield 1.0
        waited += 1.0
    if lock == LOCK and dpkg.is_interrupted(call.process.files):
        raise Fault(dpkg.INTERRUPTED, FAILED)
    locks.add(lock)
    try:
        return (yield from run)
    finally:
        locks.discard(lock)


# -- removing and upgrading


def _remove(call: Call) -> Run:
    process = call.process
    yield READ_SECONDS
    known, lists = dpkg.read(process.files), apt_lists.read(process.machine)
    process.say(_READING)
    purge = call.verb == "purge" or "--purge" in call.flags
    unknown = [name for name in call.names if name not in known and name not in lists]
    if unknown:
        raise Fault(f"Unable to locate package {unknown[0]}", FAILED)
    names = []
    for name in call.names:
        if name in known and (dpkg.is_installed(known[name]) or purge):
            names.append(name)
        else:
            process.say(f"Package '{name}' is not installed, so not removed\n")
    return (yield from _taken_away(call, _with_dependants(process, names), purge))


def _with_dependants(process: Process, names: list[str]) -> list[str]:
    """The packages with those that cannot be without them."""
    kernel, present = process.machine.kernel.release, dpkg.installed(process.files)
    found = list(names)
    for name in found:
        found += [other for other in present if name in depends(other, kernel) and other not in found]
    return found


def _taken_away(call: Call, names: list[str], purge: bool) -> Run:
    process = call.process
    marks = [f"{name}*" for name in names] if purge else names
    process.say(_listed("The following packages will be REMOVED:", marks))
    rest = len(apt_lists.upgradable(process.machine))
    process.say(f"0 upgraded, 0 newly installed, {len(names)} to remove and {rest} not upgraded.\n")
    if call.simulates:
        known = dpkg.installed(process.files)
        word = "Purg" if purge else "Remv"
        process.say("".join(f"{word} {name} [{known.get(name, '')}]\n" for name in names))
        return 0
    if names and not call.agrees:
        process.say("Do you want to continue? [Y/n] Abort.\n")
        return 1
    return (yield from _locked(call, LOCK, Setup(process).remove(names, purge)))


def _autoremove(call: Call) -> Run:
    process = call.process
    yield READ_SECONDS
    process.say(_READING)
    kernel, present = process.machine.kernel.release, dpkg.installed(process.files)
    needed = [name for name in present if name not in apt_lists.automatic(process.files)]
    for name in needed:
        needed += [other for other in depends(name, kernel) if other in present and other not in needed]
    names = [name for name in present if name not in needed]
    return (yield from _taken_away(call, names, "--purge" in call.flags))


def _upgrade(call: Call) -> Run:
    process = call.process
    yield READ_SECONDS
    lists = apt_lists.upgradable(process.machine)
    process.say(f"{_READING}Calculating upgrade...\n")
    held = sorted(set(lists) & apt_lists.held(process.files))
    process.say(_listed("The following packages have been kept back:", held))
    names = [name for name in lists if name not in held]
    versions = {name: lists[name] for name in names}
    return (yield from _carried_out(call, [], names, [], versions, len(held)))


def _clean(_call: Call) -> Run:
    yield 0.05
    return 0


_VERBS = {
    "update": _update,
    "install": _install,
    "reinstall": _install,
    "remove": _remove,
    "purge": _remove,
    "upgrade": _upgrade,
    "dist-upgrade": _upgrade,
    "full-upgrade": _upgrade,
    "autoremove": _autoremove,
    "autopurge": _autoremove,
    "clean": _clean,
    "autoclean": _clean,
    "check": _clean,
}
PROGRAMS: dict[str, Program] = {"apt-get": _apt_get, "apt": _apt_get, **apt_mark.PROGRAMS}
