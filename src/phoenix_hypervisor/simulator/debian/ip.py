"""``ip`` and ``bridge``: the addresses, links and routes that a machine has, and on the node changing them."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass, field
from typing import Any

from phoenix_hypervisor.simulator.coreutils.common import Fault, Tool
from phoenix_hypervisor.simulator.debian import ipchange, neighbours
from phoenix_hypervisor.simulator.process import Address, Process

_OBJECTS = {"a": "addr", "addr": "addr", "address": "addr", "l": "link", "link": "link", "r": "route", "ro": "route",
            "route": "route", "rou": "route"}  # fmt: skip
_SHOW = ("show", "list", "ls", "s", "sh", "lst")


@dataclass(frozen=True, slots=True)
class Shown:
    """How it is to be shown: as JSON, each on a line, briefly; which family."""

    as_json: bool = False
    one_line: bool = False
    brief: bool = False
    family: str = ""


@dataclass
class Link:
    """An interface with all its addresses."""

    number: int
    first: Address
    cidrs: list[str] = field(default_factory=list)
    master: str = ""

    @property
    def name(self) -> str:
        return self.first.interface


def _ip(process: Process, words: list[str]) -> int:
    shown, words = _options(words)
    thing = words[0] if words else ""
    if thing in neighbours.NAMES:
        return neighbours.neighbours(process, words[1:])
    if thing not in _OBJECTS:
        raise Fault(f'Object "{thing}" is unknown, try "ip help".' if thing else "Usage: ip [ OPTIONS ] OBJECT", 1)
    rest = words[1:]
    verb = rest[0] if rest else "show"
    if verb in ipchange.VERBS[_OBJECTS[thing]]:
        return ipchange.change(process, _OBJECTS[thing], verb, rest[1:])
    rest = rest[1:] if verb in _SHOW else rest
    if _OBJECTS[thing] == "route":
        return _routes(process, rest, shown)
    chosen, scope = _chosen(process, rest)
    if _OBJECTS[thing] == "link":
        return _links(process, chosen, shown)
    return _addresses(process, chosen, scope, shown, "up" in rest)


def _options(words: list[str]) -> tuple[Shown, list[str]]:
    flags, family = set(), ""
    while words and words[0].startswith("-"):
        word, words = words[0], words[1:]
        flags.add(word.lstrip("-"))
        family = {"-4": "inet", "-6": "inet6"}.get(word, family)
        if word in ("-f", "-family") and words:
            family, words = words[0], words[1:]
        elif word not in ("-4", "-6", "-j", "-json", "-js", "-o", "-oneline", "-br", "-brief", "-d", "-details", "-p",
                          "-pretty", "-s", "-stats", "-c", "-color", "-c=never", "-n", "-N", "-r"):  # fmt: skip
            raise Fault(f'Option "{word}" is unknown, try "ip -help".', 255)
    return Shown(bool(flags & {"j", "json", "js"}), bool(flags & {"o", "oneline"}), bool(flags & {"br", "brief"}),
                 family), words  # fmt: skip


def interfaces(process: Process) -> list[Link]:
    """What the machine has, the loopback first."""
    network = ipchange.network_of(process)
    found = {"lo": Link(1, Address("lo", "127.0.0.1/8", "", "00:00:00:00:00:00"), ["127.0.0.1/8"])}
    for address in network.addresses() if network else process.machine.addresses:
        master = network.master(address.interface) if network else ""
        link = found.setdefault(address.interface, Link(len(found) + 1, address, [], master))
        link.cidrs += [address.cidr] if address.cidr else []
    return list(found.values())


def _chosen(process: Process, words: list[str]) -> tuple[list[Link], str]:
    """The interfaces meant, and the scope asked for."""
    links = interfaces(process)
    scope = words[words.index("scope") + 1] if "scope" in words[:-1] else ""
    master = words[words.index("master") + 1] if "master" in words[:-1] else ""
    kind = words[words.index("type") + 1] if "type" in words[:-1] else ""
    skipped = {"dev", "up", "scope", scope, "permanent", "dynamic", "primary", "master", master, "type", kind}
    plain = [word for word in words if word not in skipped]
    if plain:
        links = [link for link in links if link.name == plain[0]]
        if not links:
            raise Fault(f'Device "{plain[0]}" does not exist.', 1)
    if kind:
        network = ipchange.network_of(process)
        links = [link for link in links if network and kind == "bridge" and network.is_bridge(link.name)]
    return [link for link in links if not master or link.master == master], scope


def _inet(link: Link) -> list[dict[str, Any]]:
    found = []
    for cidr in link.cidrs:
        network = ipaddress.ip_interface(cidr)
        scope = "host" if link.name == "lo" else "global"
        one: dict[str, Any] = {"family": "inet6" if network.version == 6 else "inet", "local": str(network.ip)}
        one |= {"prefixlen": network.network.prefixlen, "scope": scope}
        if network.version == 4 and scope == "global":
            one["broadcast"] = str(network.network.broadcast_address)
        found.append(one)
    return found


def _state(address: Address) -> str:
    return "UNKNOWN" if address.interface == "lo" else "UP" if address.up else "DOWN"


def _flags(address: Address) -> list[str]:
    if address.interface == "lo":
        return ["LOOPBACK", "UP", "LOWER_UP"]
    return ["BROADCAST", "MULTICAST", *(["UP", "LOWER_UP"] if address.up else [])]


def _addresses(process: Process, chosen: list[Link], scope: str, shown: Shown, only_up: bool) -> int:
    documents: list[dict[str, Any]] = []
    for link in chosen:
        if only_up and not link.first.up:
            continue
        found = [one for one in _inet(link) if shown.family in ("", one["family"]) and scope in ("", one["scope"])]
        if shown.as_json:
            documents.append({**_link(link), "addr_info": found})
        elif shown.brief:
            words = " ".join(f"{one['local']}/{one['prefixlen']}" for one in found)
            process.say(f"{link.name:<16} {_state(link.first):<14} {words} \n")
        else:
            process.say(_text(link, found, scope, shown))
    if shown.as_json:
        process.say(json.dumps(documents, separators=(",", ":")) + "\n")
    return 0


def _text(link: Link, found: list[dict[str, Any]], scope: str, shown: Shown) -> str:
    text = "" if shown.one_line or (not found and (scope or shown.family)) else _header(link)
    for one in found:
        broadcast = f" brd {one['broadcast']}" if "broadcast" in one else ""
        line = f"{one['family']} {one['local']}/{one['prefixlen']}{broadcast} scope {one['scope']}"
        if shown.one_line:
            end = f"{link.name}\\       valid_lft forever preferred_lft forever"
            text += f"{link.number}: {link.name}    {line} {end}\n"
        else:
            text += f"    {line} {link.name}\n       valid_lft forever preferred_lft forever\n"
    return text


def _header(link: Link) -> str:
    master = f" master {link.master}" if link.master else ""
    state = f"mtu 1500 qdisc noqueue{master} state {_state(link.first)} group default qlen 1000"
    kind = "loopback" if link.name == "lo" else "ether"
    first = f"{link.number}: {link.name}: <{','.join(_flags(link.first))}> {state}\n"
    return f"{first}    link/{kind} {link.first.mac.lower()} brd ff:ff:ff:ff:ff:ff\n"


def _link(link: Link) -> dict[str, Any]:
    found: dict[str, Any] = {"ifindex": link.number, "ifname": link.name, "flags": _flags(link.first), "mtu": 1500}
    found |= {"master": link.master} if link.master else {}
    kind = "loopback" if link.name == "lo" else "ether"
    return {**found, "operstate": _state(link.first), "link_type": kind, "address": link.first.mac.lower()}


def _links(process: Process, chosen: list[Link], shown: Shown) -> int:
    if shown.as_json:
        process.say(json.dumps([_link(link) for link in chosen], separators=(",", ":")) + "\n")
        return 0
    for link in chosen:
        text = _header(link)
        if shown.brief:
            text = (
                f"{link.name:<16} {_state(link.first):<14} {link.first.mac.lower()} <{','.join(_flags(link.first))}> \n"
            )
        process.say(text.replace("\n", "\\", 1) if shown.one_line and not shown.brief else text)
    return 0


def _rows(process: Process, family: str) -> list[dict[str, Any]]:
    network = ipchange.network_of(process)
    wanted = 6 if family == "inet6" else 4
    rows: list[dict[str, Any]] = []
    for route in sorted(network.routes, key=lambda one: (one.to != "default", one.metric)) if network else ():
        if ipaddress.ip_address(route.gateway or "0.0.0.0").version == wanted:  # noqa: S104
            row: dict[str, Any] = {
                "dst": route.to,
                "gateway": route.gateway,
                "dev": route.device,
                "protocol": route.protocol,
            }
            row |= {"metric": route.metric} if route.metric else {}
            rows.append({**row, "flags": ["onlink"] if route.onlink else []})
    for address in process.machine.addresses:
        if not address.cidr or not address.up or ipaddress.ip_interface(address.cidr).version != wanted:
            continue
        if address.gateway and network is None:
            rows.insert(0, {"dst": "default", "gateway": address.gateway, "dev": address.interface, "flags": []})
        known = ipaddress.ip_interface(address.cidr)
        own: dict[str, Any] = {
            "dst": str(known.network),
            "dev": address.interface,
            "protocol": "kernel",
            "scope": "link",
        }
        rows.append({**own, "prefsrc": str(known.ip), "flags": []})
    return rows


def _routes(process: Process, words: list[str], shown: Shown) -> int:
    if words[:1] == ["get"]:
        return _get(process, words[1:])
    rows = _rows(process, shown.family)
    if "dev" in words[:-1]:
        device = words[words.index("dev") + 1]
        if all(link.name != device for link in interfaces(process)):
            raise Fault(f'Cannot find device "{device}"', 1)
        rows = [row for row in rows if row["dev"] == device]
    if "default" in words:
        rows = [row for row in rows if row["dst"] == "default"]
    if shown.as_json:
        kept = [{key: value for key, value in row.items() if value or key == "flags"} for row in rows]
        process.say(json.dumps(kept, separators=(",", ":")) + "\n")
        return 0
    for row in rows:
        process.say(_route_text(row))
    return 0


def _route_text(row: dict[str, Any]) -> str:
    text = str(row["dst"]) + (f" via {row['gateway']}" if row.get("gateway") else "") + f" dev {row['dev']} "
    text += f"proto {row['protocol']} " if row.get("protocol") else ""
    text += f"scope {row['scope']} src {row['prefsrc']} " if "scope" in row else ""
    return text + (f"metric {row['metric']} " if row.get("metric") else "") + "".join(
        f"{flag} " for flag in row["flags"]
    ) + "\n"  # fmt: skip


def _get(process: Process, words: list[str]) -> int:
    network = ipchange.network_of(process)
    if network is None or not words:
        raise Fault("RTNETLINK answers: Operation not supported", 2)
    device, default = network.device_of(words[0]), network.default()
    if not device and default is None:
        raise Fault("RTNETLINK answers: Network is unreachable", 2)
    via = "" if device or default is None else f"via {default.gateway} "
    process.say(f"{words[0]} {via}dev {device or (default.device if default else '')} src uid 0 \n    cache \n")
    return 0


def _bridge(process: Process, words: list[str]) -> int:
    network = ipchange.network_of(process)
    if words[:1] not in (["link"], ["l"]) or network is None:
        raise Fault(f'Object "{(words or [""])[0]}" is unknown, try "bridge help".', 1)
    for link in interfaces(process):
        if link.master:
            state = "forwarding" if link.first.up else "disabled"
            process.say(f"{link.number}: {link.name}: <{','.join(_flags(link.first))}> mtu 1500 master {link.master} "
                        f"state {state} priority 32 cost 100 \n")  # fmt: skip
    return 0


TOOLS: dict[str, Tool] = {"ip": _ip, "bridge": _bridge}
