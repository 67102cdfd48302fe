"""systemctl: what is started at boot, and what must not be started at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from phoenix_hypervisor.simulator.debian import systemctl_words, unitfile, units
from phoenix_hypervisor.simulator.debian.systemctl_call import Call
from phoenix_hypervisor.simulator.process import Run

VERBS = ("enable", "disable", "mask", "unmask", "reenable")
_SECONDS = 0.3
_MISSING = "not-found"
_NO_INSTALL = (
    "The unit files have no installation config (WantedBy=, RequiredBy=, UpheldBy=,\n"
    "Also=, or Alias= settings in the [Install] section, and DefaultInstance= for\n"
    "template units). This means they are not meant to be enabled or disabled using systemctl.\n \n"
    "Possible reasons for having these kinds of units are:\n"
    "• A unit may be statically enabled by being symlinked from another unit's\n"
    "  .wants/, .requires/, or .upholds/ directory.\n"
    "• A unit's purpose may be to act as a helper for some other unit which has\n"
    "  a requirement dependency on it.\n"
    "• A unit may be started when needed via activation (socket, path, timer,\n"
    "  D-Bus, udev, scripted systemctl call, ...).\n"
    "• In case of template units, the unit is meant to be enabled with some\n"
    "  instance name specified.\n"
)


def _is_enabled(call: Call) -> int:
    found = [units.enablement(call.machine, unit) for unit in call.given]
    for unit, state in zip(call.given, found, strict=True):
        if state == _MISSING and not call.words_of_systemd.knows_missing:
            call.process.complain(f"Failed to get unit file state for {unit}: No such file or directory\n")
            return 1
        call.say(state)
    if any(state in ("enabled", "static", "alias") for state in found):
        return 0
    return systemctl_words.UNKNOWN if all(state == _MISSING for state in found) else 1


def change(call: Call) -> Run:
    """Enable, disable, mask or unmask; all units or none. systemd reads its units again afterwards."""
    machine, process, words = call.machine, call.process, call.words_of_systemd
    if not call.units:
        process.complain("Too few arguments.\n")
        return 1
    missing = next((unit for unit in call.units if not units.exists(machine, unit)), "")
    if missing and call.verb not in ("mask", "unmask"):
        verb = "enable" if call.verb == "reenable" else call.verb
        process.complain(f"Failed to {verb} unit: {words.missing.format(unit=missing)}\n")
        return 1
    masked = next((unit for unit in call.units if units.is_masked(machine, unit)), "")
    if masked and call.verb in ("enable", "reenable"):
        process.complain(f"Failed to enable unit: {words.masked.format(path=f'{units.WANTS}/{masked}')}\n")
        return 1
    for unit in call.units:
        path = f"{units.WANTS}/{unit}"
        there = machine.files.stat(path, follow=False)
        if call.verb == "mask" and there is not None and not units.is_masked(machine, unit):
            process.complain(f"Failed to mask unit: {words.in_the_way.format(path=path)}\n")
            return 1
        yield _SECONDS
        _VERBS[call.verb](call, unit)
    units.reload(machine)
    return 0


def _enable(call: Call, unit: str) -> None:
    told = unitfile.parse(unit, unitfile.text_of(call.machine, unit))
    if told.settings and not told.is_installable and "--no-warn" not in call.flags and not call.quiet:
        call.process.complain(_NO_INSTALL)
    for place, target in units.enable(call.machine, unit):
        if not call.quiet:
            call.process.complain(call.words_of_systemd.linked.format(path=place, target=target))


def _disable(call: Call, unit: str) -> None:
    for path in units.disable(call.machine, unit):
        if not call.quiet:
            call.process.complain(call.words_of_systemd.removed.format(path=path))


def _reenable(call: Call, unit: str) -> None:
    _disable(call, unit)
    _enable(call, unit)


def _mask(call: Call, unit: str) -> None:
    machine, path = call.machine, f"{units.WANTS}/{unit}"
    if units.is_masked(machine, unit):
        return
    if not units.exists(machine, unit):
        call.process.complain(f"Unit {unit} does not exist, proceeding anyway.\n")
    units.freeze(machine, unit)
    machine.files.mkdir(units.WANTS, parents=True)
    machine.files.link("/dev/null", path)
    if not call.quiet:
        call.process.complain(call.words_of_systemd.linked.format(path=path, target="/dev/null"))


def _unmask(call: Call, unit: str) -> None:
    if units.is_masked(call.machine, unit):
        call.machine.files.remove(f"{units.WANTS}/{unit}")
        if not call.quiet:
            call.process.complain(call.words_of_systemd.removed.format(path=f"{units.WANTS}/{unit}"))


_VERBS: Mapping[str, Callable[[Call, str], None]] = {
    "enable": _enable,
    "disable": _disable,
    "reenable": _reenable,
    "mask": _mask,
    "unmask": _unmask,
}
ANSWERS: Mapping[str, Callable[[Call], int]] = {"is-enabled": _is_enabled}
