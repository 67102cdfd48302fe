"""ip, curl and their like, from the addresses that the machine has."""

from __future__ import annotations

import re

from phoenix_hypervisor.simulator.coreutils.common import Fault, Options, Tool
from phoenix_hypervisor.simulator.debian import fetching, ip, ipchange
from phoenix_hypervisor.simulator.process import Machine, Process, Program, Run


def nameservers(machine: Machine) -> list[str]:
    """The servers of /etc/resolv.conf."""
    entry = machine.files.stat("/etc/resolv.conf")
    return re.findall(r"^\s*nameserver\s+(\S+)", entry.data if entry else "", re.MULTILINE)


def resolves(machine: Machine) -> bool:
    """Whether names resolve: there is a nameserver, and an address or on the node a way out."""
    network = getattr(machine, "network", None)
    online = network.is_online() if network is not None else any(address.cidr for address in machine.addresses)
    return bool(nameservers(machine)) and online


def archive_host(machine: Machine) -> str:
    """The host of the distribution's first package source."""
    files = machine.files
    places = ["/etc/apt/sources.list", *files.glob("/etc/apt/sources.list.d/*")]
    for place in places:
        entry = files.stat(place)
        found = re.search(r"https?://([^/\s:]+)", entry.data) if entry else None
        if found and not found[1].endswith("proxmox.com"):
            return found[1]
    return "deb.debian.org"


# -- names and fetching


def address_of(process: Process, name: str) -> str:
    """The address of a name, from /etc/hosts or a nameserver; empty where there is none."""
    entry = process.files.stat("/etc/hosts")
    for line in (entry.data if entry else "").splitlines():
        fields = line.partition("#")[0].split()
        if name in fields[1:]:
            return fields[0]
    if name in ("localhost", process.machine.hostname):
        return "127.0.0.1"
    usable = re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", name) and not name.endswith(".invalid")
    return "192.0.2.10" if usable and resolves(process.machine) else ""


def _ping(process: Process, words: list[str]) -> int:
    """ping(8): 0 with an answer, 1 without, 2 when it cannot ask."""
    options = Options("ping", words, "qn46aA", "cWwiIs", {}, usage=2)
    if not options.operands:
        raise Fault("usage error: Destination address required", 1)
    name, machine = options.operands[0], process.machine
    address = name if re.fullmatch(r"[0-9a-fA-F.:]+", name) else address_of(process, name)
    if not address:
        raise Fault(f"{name}: Temporary failure in name resolution", 2)
    network = ipchange.network_of(process)
    if network is not None and not network.device_of(address) and network.default() is None:
        raise Fault("connect: Network is unreachable", 2)
    there = network.answers(address) if network is not None else any(one.cidr for one in machine.addresses)
    count = int(options.last("c") or "1")
    process.say(f"PING {name} ({address}) 56(84) bytes of data.\n\n--- {name} ping statistics ---\n")
    process.say(f"{count} packets transmitted, {count if there else 0} received, {0 if there else 100}% packet loss\n")
    return int(not there)


def _curl(process: Process, /) -> Run:
    return (yield from fetching.curl(process, resolves(process.machine)))


def _wget(process: Process, /) -> Run:
    return (yield from fetching.wget(process, resolves(process.machine)))


TOOLS: dict[str, Tool] = {**ip.TOOLS, "ping": _ping}
PROGRAMS: dict[str, Program] = {"curl": _curl, "wget": _wget}
