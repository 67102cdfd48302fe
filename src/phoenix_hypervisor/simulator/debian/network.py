"""ip, getent, curl and their like, from the addresses that the machine has."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any

from phoenix_hypervisor.simulator.coreutils import accounts
from phoenix_hypervisor.simulator.coreutils.common import Fault, Tool
from phoenix_hypervisor.simulator.process import Address, Machine, Process

NO_INTERNET = "this simulated node has no internet"


def nameservers(machine: Machine) -> list[str]:
    """The servers of /etc/resolv.conf."""
    entry = machine.files.stat("/etc/resolv.conf")
    return re.findall(r"^\s*nameserver\s+(\S+)", entry.data if entry else "", re.MULTILINE)


def resolves(machine: Machine) -> bool:
    """Whether names resolve: there is an address and a nameserver."""
    return bool(nameservers(machine)) and any(address.cidr for address in machine.addresses)


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


# -- ip


def _interfaces(process: Process) -> list[Address]:
    return [Address("lo", "127.0.0.1/8", "", "00:00:00:00:00:00"), *process.machine.addresses]


def _ip(process: Process, words: list[str]) -> int:
    as_json, one_line, family = False, False, ""
    while words and words[0].startswith("-"):
        word, words = words[0], words[1:]
        as_json = as_json or word in ("-j", "-json", "-js")
        one_line = one_line or word in ("-o", "-oneline")
        family = {"-4": "inet", "-6": "inet6"}.get(word, family)
        if word in ("-f", "-family") and words:
            family, words = words[0], words[1:]
    thing = words[0] if words else ""
    if thing in ("a", "addr", "address"):
        return _addresses(process, _chosen(process, words[1:]), family, as_json, one_line, "up" in words)
    if thing in ("l", "link"):
        return _links(process, _chosen(process, words[1:]), as_json, one_line)
    if thing in ("r", "ro", "route"):
        return _routes(process, words[1:], as_json, family)
    raise Fault(f'Object "{thing}" is unknown, try "ip help".' if thing else "Usage: ip [ OPTIONS ] OBJECT", 1)


def _chosen(process: Process, words: list[str]) -> list[tuple[int, Address, str]]:
    """The interfaces meant, with their numbers, and the scope asked for."""
    words = words[1:] if words[:1] in (["show"], ["list"], ["ls"]) else words
    scope = words[words.index("scope") + 1] if "scope" in words[:-1] else ""
    plain = [word for word in words if word not in ("dev", "up", "scope", scope, "permanent", "dynamic")]
    numbered = [(number, address, scope) for number, address in enumerate(_interfaces(process), 1)]
    if not plain:
        return numbered
    found = [row for row in numbered if row[1].interface == plain[0]]
    if not found:
        raise Fault(f'Device "{plain[0]}" does not exist.', 1)
    return found


def _inet(address: Address) -> list[dict[str, Any]]:
    if not address.cidr:
        return []
    network = ipaddress.ip_interface(address.cidr)
    scope = "host" if address.interface == "lo" else "global"
    family = "inet6" if network.version == 6 else "inet"
    found: dict[str, Any] = {"family": family, "local": str(network.ip)}
    found |= {"prefixlen": network.network.prefixlen, "scope": scope}
    if network.version == 4 and scope == "global":
        found["broadcast"] = str(network.network.broadcast_address)
    return [found]


def _state(address: Address) -> str:
    return "UNKNOWN" if address.interface == "lo" else "UP" if address.up else "DOWN"


def _flags(address: Address) -> list[str]:
    if address.interface == "lo":
        return ["LOOPBACK", "UP", "LOWER_UP"]
    return ["BROADCAST", "MULTICAST", *(["UP", "LOWER_UP"] if address.up else [])]


def _addresses(
    process: Process, chosen: list[tuple[int, Address, str]], family: str, as_json: bool, one_line: bool, only_up: bool
) -> int:
    documents: list[dict[str, Any]] = []
    for number, address, scope in chosen:
        if only_up and not address.up:
            continue
        found = [one for one in _inet(address) if family in ("", one["family"]) and scope in ("", one["scope"])]
        if as_json:
            documents.append({**_link(number, address), "addr_info": found})
            continue
        if not one_line and (found or not (scope or family)):
            process.say(_header(number, address))
        for one in found:
            broadcast = f" brd {one['broadcast']}" if "broadcast" in one else ""
            text = f"{one['family']} {one['local']}/{one['prefixlen']}{broadcast} scope {one['scope']}"
            end = f"{address.interface}\\       valid_lft forever preferred_lft forever"
            if one_line:
                process.say(f"{number}: {address.interface}    {text} {end}\n")
            else:
                process.say(f"    {text} {address.interface}\n       valid_lft forever preferred_lft forever\n")
    if as_json:
        process.say(json.dumps(documents, separators=(",", ":")) + "\n")
    return 0


def _header(number: int, address: Address) -> str:
    state = f"mtu 1500 qdisc noqueue state {_state(address)} group default qlen 1000"
    kind = "loopback" if address.interface == "lo" else "ether"
    first = f"{number}: {address.interface}: <{','.join(_flags(address))}> {state}\n"
    return f"{first}    link/{kind} {address.mac.lower()} brd ff:ff:ff:ff:ff:ff\n"


def _link(number: int, address: Address) -> dict[str, Any]:
    return {
        "ifindex": number,
        "ifname": address.interface,
        "flags": _flags(address),
        "mtu": 1500,
        "operstate": _state(address),
        "link_type": "loopback" if address.interface == "lo" else "ether",
        "address": address.mac.lower(),
    }


def _links(process: Process, chosen: list[tuple[int, Address, str]], as_json: bool, one_line: bool) -> int:
    if as_json:
        documents = [_link(number, address) for number, address, _ in chosen]
        process.say(json.dumps(documents, separators=(",", ":")) + "\n")
        return 0
    for number, address, _ in chosen:
        text = _header(number, address)
        process.say(text.replace("\n", "\\", 1) if one_line else text)
    return 0


def _routes(process: Process, words: list[str], as_json: bool, family: str) -> int:
    rows: list[dict[str, str]] = []
    for address in process.machine.addresses:
        if not address.cidr:
            continue
        network = ipaddress.ip_interface(address.cidr)
        if network.version != (6 if family == "inet6" else 4):
            continue
        if address.gateway:
            rows.insert(0, {"dst": "default", "gateway": address.gateway, "dev": address.interface})
        row = {"dst": str(network.network), "dev": address.interface, "protocol": "kernel", "scope": "link"}
        rows.append({**row, "prefsrc": str(network.ip)})
    if "default" in words:
        rows = [row for row in rows if row["dst"] == "default"]
    if as_json:
        process.say(json.dumps([{**row, "flags": []} for row in rows], separators=(",", ":")) + "\n")
        return 0
    for row in rows:
        if "gateway" in row:
            process.say(f"default via {row['gateway']} dev {row['dev']} \n")
        else:
            process.say(f"{row['dst']} dev {row['dev']} proto kernel scope link src {row['prefsrc']} \n")
    return 0


# -- names and fetching


def _getent(process: Process, words: list[str]) -> int:
    database, names = (words[0], words[1:]) if words else ("", [])
    if database in ("passwd", "group"):
        return _account(process, database, names)
    if database not in ("hosts", "ahosts", "ahostsv4"):
        raise Fault(f"Unknown database: {database}\nTry `getent --help' for more information.", 1)
    status = 0
    for name in names:
        found = _address_of(process, name)
        if not found:
            status = 2
        else:
            process.say(f"{found:<15} {name}\n")
    return status


def _address_of(process: Process, name: str) -> str:
    entry = process.files.stat("/etc/hosts")
    for line in (entry.data if entry else "").splitlines():
        fields = line.partition("#")[0].split()
        if name in fields[1:]:
            return fields[0]
    if name in ("localhost", process.machine.hostname):
        return "127.0.0.1"
    usable = re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", name) and not name.endswith(".invalid")
    return "192.0.2.10" if usable and resolves(process.machine) else ""


def _account(process: Process, database: str, names: list[str]) -> int:
    rows = accounts.table(process.files, f"/etc/{database}")
    if not names:
        process.say("".join(":".join(row) + "\n" for row in rows))
        return 0
    status = 0
    for name in names:
        row = next((row for row in rows if name in (row[0], row[2])), None)
        if row is None:
            status = 2
        else:
            process.say(":".join(row) + "\n")
    return status


def _host(words: list[str]) -> str:
    url = next((word for word in words if "://" in word), words[-1] if words else "")
    found = re.match(r"(?:[a-z]+://)?(?:[^/@]*@)?([^/:]*)", url)
    return found[1] if found else ""


def _curl(process: Process, words: list[str]) -> int:
    host = _host(words)
    if not host:
        process.complain("curl: (2) no URL specified\n")
        return 2
    shown = any(word in ("-S", "--show-error") or re.fullmatch(r"-[a-zA-Z]*S[a-zA-Z]*", word) for word in words)
    silent = any(word == "--silent" or re.fullmatch(r"-[a-zA-Z]*s[a-zA-Z]*", word) for word in words)
    if shown or not silent:
        process.complain(f"curl: (6) Could not resolve host: {host} ({NO_INTERNET})\n")
    return 6


def _wget(process: Process, words: list[str]) -> int:
    host = _host(words)
    if not host:
        raise Fault("missing URL\nUsage: wget [OPTION]... [URL]...", 1)
    if not {"-q", "--quiet"} & set(words):
        process.complain(f"wget: unable to resolve host address '{host}' ({NO_INTERNET})\n")
    return 4


TOOLS: dict[str, Tool] = {"ip": _ip, "getent": _getent, "curl": _curl, "wget": _wget}
