"""ifreload, ifup, ifdown, ifquery of ifupdown2. Source: its ifupdownmain.py, main.py, argv.py."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator.hardware.interfaces import Interfaces, Stanza
from phoenix_hypervisor.simulator.hardware.links import Route
from phoenix_hypervisor.simulator.process import Process, Program, Run, execute

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

STATE, LOCK = "/run/network/ifstatenew", "/run/network/ifstatelock"
RELOAD_SECONDS = 1.2
_FLAGS = {"--all": "-a", "--currently-up": "-c", "--no-act": "-n", "--verbose": "-v", "--debug": "-d", "--force": "-f"}
_FLAGS |= {"--use-current-config": "-u", "--syntax-check": "-s", "--check": "-c", "--running": "-r", "--list": "-l"}
_TAKEN = {
    "ifreload": "acnvdulfsV",
    "ifup": "anvdfsm",
    "ifdown": "anvdfu",
    "ifquery": "acrlvdo",
}
_USAGE = {
    "ifreload": "[-h] (-a | -c | --allow CLASS) [-n] [-v] [-d] [-u] [-l] [-f] [-s] [-V]\n                [--nldebug]",
    "ifup": "[-h] [-a] [-v] [-d] [-n] [-f] [-s] [IFACE ...]",
    "ifdown": "[-h] [-a] [-v] [-d] [-n] [-f] [-u] [IFACE ...]",
    "ifquery": "[-h] [-a] [-v] [-d] [-l] [-r | -c] [IFACE ...]",
}


class _Usage(Exception):
    """The words are no command line of the tool."""


def _parsed(name: str, words: list[str]) -> tuple[set[str], list[str]]:
    flags: set[str] = set()
    rest: list[str] = []
    for word in words:
        plain = _FLAGS.get(word, word)
        if plain.startswith("-") and len(plain) > 1 and not plain.startswith("--"):
            letters = plain[1:]
            if set(letters) - set(_TAKEN[name]):
                raise _Usage(f"unrecognized arguments: {word}")
            flags |= set(letters)
        elif plain.startswith("-"):
            raise _Usage(f"unrecognized arguments: {word}")
        else:
            rest.append(word)
    if name == "ifreload" and not flags & {"a", "c"}:
        raise _Usage("one of the arguments -a/--all -c/--currently-up --allow is required")
    if name == "ifreload" and rest:
        raise _Usage(f"unrecognized arguments: {' '.join(rest)}")
    return flags, rest


def _tool(node: Node, name: str, process: Process, /) -> Run:
    yield 0.3
    try:
        flags, names = _parsed(name, process.argv[1:])
    except _Usage as wrong:
        process.complain(f"usage: {name} {_USAGE[name]}\n{name}: error: {wrong}\n")
        return 2
    given = Interfaces(node.files)
    process.complain("".join(f"{line}\n" for line in (*given.warnings, *given.errors)))
    if not names and "a" not in flags and "c" not in flags:
        process.complain("error: main exception: 'no interfaces found'\n")
        return 1
    if missing := [one for one in names if one not in given.stanzas]:
        process.complain(f"error: main exception: cannot find interfaces: {', '.join(missing)}"
                         f"{' (interface was probably never up ?)' if name == 'ifdown' else ''}\n")  # fmt: skip
        return 1
    chosen = [one for one in given.stanzas.values() if one.name in names or (not names and one.auto)]
    if name == "ifquery":
        return _query(node, process, chosen, "c" in flags)
    if name != "ifdown":
        wrong_values = [line for one in chosen for line in (*one.addresses()[1], *one.gateways()[1])]
        if "s" in flags:
            process.complain("".join(f"{line}\n" for line in wrong_values))
            return int(bool(given.errors or wrong_values))
    if "n" in flags:
        return int(bool(given.errors))
    yield RELOAD_SECONDS
    work = {"ifreload": _reload, "ifup": _up, "ifdown": _down}[name]
    failed = yield from work(node, process, given, chosen)
    return int(bool(failed or given.errors))


def _reload(node: Node, process: Process, given: Interfaces, chosen: list[Stanza]) -> Run:
    """Take down what is gone from the file, then bring up what it has."""
    entry = node.files.stat(STATE)
    for name in json.loads(entry.data) if entry else []:
        if name not in given.stanzas and node.network.exists(name) and name != "lo":
            _take_down(node, name)
    return (yield from _up(node, process, given, chosen))


def _up(node: Node, process: Process, given: Interfaces, chosen: list[Stanza]) -> Run:
    failed = 0
    ports = {port for one in chosen for port in one.ports}
    below = [one for one in given.stanzas.values() if one.name in ports and one not in chosen]
    for stanza in sorted([*below, *chosen], key=lambda one: (bool(one.ports), one.name in ports)):
        for line in bring_up(node, stanza):
            process.complain(f"{line}\n")
            failed |= line.startswith("error")
        for command in (*stanza.attributes.get("up", ()), *stanza.attributes.get("post-up", ())):
            child = process.child(["sh", "-c", command])
            if status := (yield from execute(child)):
                said = "".join(child.err).strip()
                process.complain(f"error: {stanza.name}: post-up cmd '{command}' failed: returned {status} ({said})\n")
                failed = 1
    _remember(node, given)
    return failed


def _remember(node: Node, given: Interfaces) -> None:
    node.files.mkdir("/run/network", parents=True)
    node.files.write(STATE, json.dumps([name for name in given.stanzas if node.network.exists(name)]))
    node.files.write(LOCK, "")


def _down(node: Node, _process: Process, given: Interfaces, chosen: list[Stanza]) -> Run:
    yield 0.1
    for stanza in chosen:
        if stanza.name != "lo" and node.network.exists(stanza.name):
            _take_down(node, stanza.name)
    _remember(node, given)
    return 0


def _take_down(node: Node, name: str) -> None:
    if node.network.is_bridge(name):
        node.network.remove(name)
    else:
        node.network.drop(name)
        node.network.set_up(name, up=False)


def bring_up(node: Node, stanza: Stanza) -> list[str]:
    """Make a link what its stanza says; the complaints."""
    network, name = node.network, stanza.name
    said = _link(node, stanza)
    if not network.exists(name):
        return [*said, f"warning: {name}: interface not recognized - please check interface configuration"]
    network.set_up(name, up=True)
    if name == "lo":
        return said
    wanted, wrong = stanza.addresses()
    gateways, wrong_gateways = stanza.gateways()
    if ("inet", "dhcp") in stanza.methods:
        wanted, gateways = ["10.0.0.50/24"], ["10.0.0.1"]
    for cidr in network.held.get(name, [])[:]:
        if cidr not in wanted:
            network.remove_address(name, cidr)
    for cidr in wanted:
        network.add_address(name, cidr)
    network.routes = [
        one for one in network.routes if (one.to, one.device, one.protocol) != ("default", name, "kernel")
    ]
    if wanted:
        network.routes += [Route("default", gateway, name, "kernel", onlink=True) for gateway in gateways]
    return [*said, *wrong, *wrong_gateways]


def _link(node: Node, stanza: Stanza) -> list[str]:
    network, name = node.network, stanza.name
    if "bridge-ports" not in stanza.attributes:
        if not network.exists(name) and ("." in name or stanza.get("vlan-raw-device") or "bond-slaves" in
                                         stanza.attributes):  # fmt: skip
            network.add(name)
        return []
    if not network.exists(name):
        network.add(name, bridge=True)
    for port in network.ports(name):
        if port not in stanza.ports:
            network.release(port)
    said = []
    for port in stanza.ports:
        if network.exists(port):
            network.enslave(port, name)
            network.set_up(port, up=True)
        else:
            said.append(f"warning: {name}: bridge port {port} does not exist")
    return said


# -- ifquery


def _query(node: Node, process: Process, chosen: list[Stanza], check: bool) -> int:
    failed = 0
    for stanza in chosen:
        lines: list[tuple[str, bool | None]] = [("auto " + stanza.name, None)] if stanza.auto else []
        family = " ".join((stanza.methods or [("", "")])[0]).rstrip()
        head = f"iface {stanza.name} {family}".rstrip()
        running = _running(node, stanza)
        lines.append((head, node.network.exists(stanza.name)))
        lines += [
            (f"\t{key} {value}", running(key, value)) for key, many in stanza.attributes.items() for value in many
        ]
        for text, good in lines:
            if check and good is not None:
                width = 64 if text.startswith("\t") else 65
                process.say(f"{text:<{width}} {'[pass]' if good else '[fail]'}\n")
                failed |= not good
            else:
                process.say(f"{text}\n")
        process.say("\n")
    return int(failed)


def _running(node: Node, stanza: Stanza) -> partial[bool]:
    return partial(_holds, node, stanza)


def _holds(node: Node, stanza: Stanza, key: str, value: str) -> bool:
    network, name = node.network, stanza.name
    if key == "address":
        return any(cidr.partition("/")[0] == value.partition("/")[0] for cidr in network.held.get(name, []))
    if key == "gateway":
        return any((one.gateway, one.device) == (value, name) for one in network.routes)
    if key == "bridge-ports":
        return sorted(network.ports(name)) == sorted(stanza.ports)
    return network.exists(name)


def programs(node: Node) -> dict[str, Program]:
    return {name: partial(_tool, node, name) for name in _TAKEN}
