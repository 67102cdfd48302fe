"""The NFS server of a machine: whether it runs, what it grants to whom; showmount and rpcinfo ask it."""

from __future__ import annotations

import ipaddress
from fnmatch import fnmatchcase

from phoenix_hypervisor.simulator.coreutils.common import Options
from phoenix_hypervisor.simulator.debian import dpkg, units
from phoenix_hypervisor.simulator.process import Machine, Process
from phoenix_hypervisor.simulator.sharing import etab
from phoenix_hypervisor.simulator.sharing.exports import Export

UNIT = "nfs-server.service"
_SERVICES = (
    (100000, "portmapper", (4, 3, 2), (111,)),
    (100005, "mountd", (1, 2, 3), (20048,)),
    (100003, "nfs", (3, 4), (2049,)),
    (100227, "nfs_acl", (3,), (2049,)),
)


def runs(machine: Machine) -> bool:
    """Whether the machine serves NFS."""
    return "nfs-kernel-server" in dpkg.installed(machine.files) and units.is_active(machine, UNIT)


def owns(machine: Machine, server: str) -> bool:
    """Whether a server's name or address is one of the machine's own."""
    address = etab.address_of(machine, server)
    own = {one.cidr.partition("/")[0] for one in machine.addresses if one.cidr}
    return address is not None and (ipaddress.ip_address(address).is_loopback or address in own)


def grant(machine: Machine, path: str, client: str) -> Export | None:
    """The export under which a client (its address) may mount a path of the machine; None where it may not."""
    if not runs(machine):
        return None
    exports = [one for one in etab.in_force(machine.files) if path == one.path or path.startswith(f"{one.path}/")]
    found = (one for one in exports if _is_for(machine, one, client))
    best = max(found, key=lambda one: (len(one.path), -one.kind), default=None)
    return best if best is not None and machine.files.is_dir(path) else None


def _is_for(machine: Machine, export: Export, client: str) -> bool:
    if export.kind == 4:
        return True
    if export.kind == 1:
        return ipaddress.ip_address(client) in ipaddress.ip_network(export.client, strict=False)
    if export.kind == 2:
        names = (name for name in _names(machine, client) if fnmatchcase(name, export.client.lower()))
        return next(names, None) is not None
    return export.kind == 0 and etab.address_of(machine, export.client) == client


def _names(machine: Machine, address: str) -> list[str]:
    entry = machine.files.stat("/etc/hosts")
    rows = [line.partition("#")[0].split() for line in (entry.data if entry else "").splitlines()]
    return [name.lower() for row in rows if row[:1] == [address] for name in row[1:]]


def showmount(process: Process, words: list[str]) -> int:
    """``showmount -e [HOST]``: the lists of others are empty, for nobody mounts from a simulated node."""
    long = {"exports": "e", "all": "a", "directories": "d", "no-headers": "n", "help": "h", "version": "v"}
    options = Options("showmount", words, "eadnhv", "", long)
    host = options.operands[0] if options.operands else "localhost"
    machine = process.machine
    if etab.address_of(machine, host) is None:
        process.complain("clnt_create: RPC: Unknown host\n")
        return 1
    if not owns(machine, host) or not runs(machine):
        process.complain("clnt_create: RPC: Program not registered\n" if owns(machine, host) else _TIMED_OUT)
        return 1
    if "n" not in options:
        title = "Export list for" if "e" in options else "All mount points on" if "a" in options else "Hosts on"
        process.say(f"{title} {host}:\n")
    if "e" in options:
        process.say(_export_list(machine))
    return 0


_TIMED_OUT = "clnt_create: RPC: Port mapper failure - Timed out\n"


def _export_list(machine: Machine) -> str:
    clients: dict[str, list[str]] = {}
    for export in reversed(etab.in_force(machine.files)):
        clients.setdefault(export.path, []).append(export.client)
    width = max((len(path) for path in clients), default=0)
    rows = {path: "*" if {"", "*"} & set(found) else ",".join(found) for path, found in clients.items()}
    lines = (f"{path:<{width}} {'(everyone)' if names == '*' else names}\n" for path, names in rows.items())
    return "".join(lines)


def rpcinfo(process: Process, words: list[str]) -> int:
    """``rpcinfo -p [HOST]``: what is registered with the port mapper."""
    options = Options("rpcinfo", words, "ps", "")
    host = options.operands[0] if options.operands else "localhost"
    if not owns(process.machine, host):
        process.complain("rpcinfo: can't contact portmapper: RPC: Remote system error - Connection timed out\n")
        return 1
    process.say("   program vers proto   port  service\n")
    for program, name, versions, ports in _SERVICES if runs(process.machine) else _SERVICES[:1]:
        for version in versions:
            for protocol in ("tcp", "udp")[: 1 if name.startswith("nfs") else 2]:
                process.say(f"{program:>10}{version:>5}{protocol:>6}{ports[0]:>7}  {name}\n")
    return 0
