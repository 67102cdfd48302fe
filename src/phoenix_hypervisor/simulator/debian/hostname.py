"""hostname, over the name that the kernel has."""

from __future__ import annotations

import re

from phoenix_hypervisor.simulator.coreutils.common import Fault, Options, Tool
from phoenix_hypervisor.simulator.process import Process

KERNEL = "/proc/sys/kernel/hostname"
_LONG = {"fqdn": "f", "long": "f", "short": "s", "domain": "d", "all-ip-addresses": "I", "ip-address": "i", "file": "F"}
NAME = re.compile(r"(?=.{1,64}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*")


def current(process: Process) -> str:
    """The name that the kernel has now."""
    entry = process.files.stat(KERNEL)
    return entry.data.strip() if entry is not None and entry.data.strip() else process.machine.hostname


def set_name(process: Process, name: str) -> None:
    """Give the kernel a name."""
    process.files.mkdir("/proc/sys/kernel", parents=True)
    process.files.write(KERNEL, f"{name}\n")


def _qualified(process: Process, name: str) -> str:
    """The first name of the line of /etc/hosts that has the name."""
    entry = process.files.stat("/etc/hosts")
    rows = (line.partition("#")[0].split() for line in (entry.data if entry else "").splitlines())
    return next((row[1] for row in rows if name in row[1:]), "")


def _hostname(process: Process, words: list[str]) -> int:
    options = Options("hostname", words, "fsdiIAb", "F", _LONG)
    name = current(process)
    if "I" in options:
        shown = [address.cidr.partition("/")[0] for address in process.machine.addresses if address.cidr]
        process.say(" ".join([*shown, ""]) + "\n")
    elif "s" in options:
        process.say(name.partition(".")[0] + "\n")
    elif {"f", "d"} & options.given.keys():
        full = _qualified(process, name)
        if not full:
            raise Fault("Name or service not known")
        process.say(f"{full if 'f' in options else full.partition('.')[2]}\n")
    elif options.operands or "F" in options:
        given = options.operands[0] if options.operands else process.files.read(options.last("F")).split("\n")[0]
        if not NAME.fullmatch(given):
            raise Fault("the specified hostname is invalid")
        set_name(process, given)
    else:
        process.say(f"{name}\n")
    return 0


TOOLS: dict[str, Tool] = {"hostname": _hostname}
