"""chronyd's check of its configuration, and chronyc."""

from __future__ import annotations

import re
from collections.abc import Iterator

from phoenix_hypervisor.simulator.coreutils.common import Fault, Tool
from phoenix_hypervisor.simulator.debian import units
from phoenix_hypervisor.simulator.process import Machine, Process

CONFIGURATION = "/etc/chrony/chrony.conf"
UNIT = "chrony.service"
_DIRECTIVES = frozenset(
    [
        "acquisitionport",
        "allow",
        "authselectmode",
        "bindacqaddress",
        "bindacqdevice",
        "bindaddress",
        "bindcmdaddress",
        "bindcmddevice",
        "binddevice",
        "broadcast",
        "clientloglimit",
        "clockprecision",
        "cmdallow",
        "cmddeny",
        "cmdport",
        "cmdratelimit",
        "combinelimit",
        "commandkey",
        "confdir",
        "corrtimeratio",
        "deny",
        "driftfile",
        "dscp",
        "dumpdir",
        "dumponexit",
        "fallbackdrift",
        "generatecommandkey",
        "hwclockfile",
        "hwtimestamp",
        "hwtstimeout",
        "include",
        "initstepslew",
        "keyfile",
        "leapseclist",
        "leapsecmode",
        "leapsectz",
        "linux_freq_scale",
        "linux_hz",
        "local",
        "lock_all",
        "log",
        "logbanner",
        "logchange",
        "logdir",
        "mailonchange",
        "makestep",
        "manual",
        "maxchange",
        "maxclockerror",
        "maxdistance",
        "maxdrift",
        "maxjitter",
        "maxntsconnections",
        "maxsamples",
        "maxslewrate",
        "maxtxbuffers",
        "maxupdateskew",
        "minsamples",
        "minsources",
        "nocerttimecheck",
        "noclientlog",
        "nosystemcert",
        "ntpsigndsocket",
        "ntsaeads",
        "ntscachedir",
        "ntsdumpdir",
        "ntsntpserver",
        "ntsport",
        "ntsprocesses",
        "ntsratelimit",
        "ntsrefresh",
        "ntsrotate",
        "ntsservercert",
        "ntsserverkey",
        "ntstrustedcerts",
        "opencommands",
        "peer",
        "pidfile",
        "pool",
        "port",
        "ptpdomain",
        "ptpport",
        "ratelimit",
        "refclock",
        "refresh",
        "reselectdist",
        "rtcautotrim",
        "rtcdevice",
        "rtcfile",
        "rtconutc",
        "rtcsync",
        "sched_priority",
        "server",
        "smoothtime",
        "sourcedir",
        "stratumweight",
        "tempcomp",
        "user",
    ]
)
_NEED_VALUE = frozenset(
    ["server", "pool", "peer", "driftfile", "keyfile", "logdir", "makestep", "confdir", "sourcedir", "include"]
)


def _lines(machine: Machine, path: str) -> Iterator[tuple[str, int, list[str]]]:
    """The directives of a file with those that it includes. Raises Fault as chronyd ends."""
    entry = machine.files.stat(path)
    if entry is None:
        raise Fault(f"Fatal error : Could not open {path} : No such file or directory")
    for number, line in enumerate(entry.data.splitlines(), 1):
        words = line.split()
        if not words or line.lstrip()[0] in "#!;%":
            continue
        name = words[0].lower()
        if name not in _DIRECTIVES:
            raise Fault(f"Fatal error : Invalid directive at line {number} in file {path}")
        if name in _NEED_VALUE and len(words) < 2:
            raise Fault(f"Fatal error : Missing arguments for {name} directive at line {number} in file {path}")
        yield path, number, [name, *words[1:]]
        endings = {"confdir": ".conf", "sourcedir": ".sources"}
        inner = (
            [path for word in words[1:] for path in machine.files.glob(f"{word}/*{endings[name]}")]
            if name in endings
            else []
        )
        for one in inner + (machine.files.glob(words[1]) if name == "include" else []):
            yield from _lines(machine, one)


def _chronyd(process: Process, words: list[str]) -> int:
    path = words[words.index("-f") + 1] if "-f" in words[:-1] else CONFIGURATION
    unknown = next(
        (word for word in words if word.startswith("-") and not re.fullmatch(r"-[46dnpqQtxfFPmrRsuU0-9]+", word)), ""
    )
    if unknown:
        raise Fault(f"invalid option -- '{unknown[1:]}'")
    stamp = "2026-01-01T00:00:00Z "
    try:
        lines = [words for _path, _number, words in _lines(process.machine, path)]
    except Fault as fault:
        process.complain(f"{stamp}{fault}\n")
        return 1
    if "-p" in words:
        process.say("".join(f"{' '.join(line)}\n" for line in lines))
    return 0


def _sources(machine: Machine) -> list[str]:
    return [
        words[1] for _path, _number, words in _lines(machine, CONFIGURATION) if words[0] in ("server", "pool", "peer")
    ]


def _chronyc(process: Process, words: list[str]) -> int:
    machine = process.machine
    verb = [word for word in words if not word.startswith("-")]
    if not units.is_active(machine, UNIT):
        process.say("506 Cannot talk to daemon\n")
        return 1
    synchronised = any(address.cidr for address in machine.addresses)
    if verb[:1] == ["sources"]:
        sign = "^*" if synchronised else "^?"
        process.say("MS Name/IP address         Stratum Poll Reach LastRx Last sample\n" + "=" * 79 + "\n")
        rows = (f"{sign if not index else '^-'} {name:<27}  2   6   377    12   +10us[  +12us] +/-   10ms\n"
                for index, name in enumerate(_sources(machine)))  # fmt: skip
        process.say("".join(rows))
    elif verb[:1] == ["tracking"]:
        name = next(iter(_sources(machine)), "")
        reference = f"C0000201 ({name})" if synchronised and name else "00000000 ()"
        process.say(f"Reference ID    : {reference}\nStratum         : {3 if synchronised and name else 0}\n")
        process.say(f"Leap status     : {'Normal' if synchronised and name else 'Not synchronised'}\n")
    elif verb[:1] in (["makestep"], ["reload"], ["burst"], ["online"]):
        process.say("200 OK\n")
    else:
        process.say("Unrecognized command\n")
        return 1
    return 0


TOOLS: dict[str, Tool] = {"chronyd": _chronyd, "chronyc": _chronyc}
