"""``ip`` as it changes a node's network: addr, link, route."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from phoenix_hypervisor.simulator.coreutils.common import Fault
from phoenix_hypervisor.simulator.process import Process

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.hardware.links import Network, Route

VERBS: Mapping[str, tuple[str, ...]] = {
    "addr": ("add", "a", "del", "delete", "replace", "flush"),
    "link": ("add", "set", "del", "delete"),
    "route": ("add", "del", "delete", "replace", "change", "append", "flush"),
}
_EXISTS = "RTNETLINK answers: File exists"


def network_of(process: Process) -> Network | None:
    """The network of the node; None for other machines, whose addresses are as they are."""
    return cast("Network | None", getattr(process.machine, "network", None))


def change(process: Process, thing: str, verb: str, words: list[str]) -> int:
    network = network_of(process)
    if network is None:
        raise Fault("RTNETLINK answers: Operation not permitted", 2)
    try:
        return {"addr": _address, "link": _link, "route": _route}[thing](network, verb, words)
    except _Answer as answer:
        process.complain(f"{answer}\n")
        return answer.status


class _Answer(Exception):
    """What the kernel, or ip itself, says to a change: the words and the exit status."""

    def __init__(self, text: str, status: int = 2) -> None:
        super().__init__(text)
        self.status = status


def _after(words: list[str], key: str) -> str:
    return words[words.index(key) + 1] if key in words[:-1] else ""


def _device(network: Network, name: str) -> str:
    if not network.exists(name):
        raise _Answer(f'Cannot find device "{name}"', 1)
    return name


def _address(network: Network, verb: str, words: list[str]) -> int:
    name = _device(network, _after(words, "dev") or (words[-1] if verb == "flush" and words else ""))
    if verb == "flush":
        for cidr in network.held.get(name, [])[:]:
            network.remove_address(name, cidr)
        return 0
    text = words[1] if words[:1] == ["local"] else words[0]
    try:
        known = ipaddress.ip_interface(text)
    except ValueError as wrong:
        raise _Answer(f'Error: any valid prefix is expected rather than "{text}".', 1) from wrong
    cidr = known.with_prefixlen if "/" in text else f"{known.ip}/{known.max_prefixlen}"
    if verb in ("del", "delete"):
        if not network.remove_address(name, cidr):
            raise _Answer("Error: ipv4: Address not found.")
    elif not network.add_address(name, cidr) and verb != "replace":
        raise _Answer("Error: ipv4: Address already assigned.")
    return 0


def _link(network: Network, verb: str, words: list[str]) -> int:
    words = [word for word in words if word not in ("dev", "name")]
    if not words:
        raise _Answer('Not enough information: "dev" argument is required.', 255)
    if verb == "add":
        if network.exists(words[0]):
            raise _Answer(_EXISTS)
        network.add(words[0], bridge=_after(words, "type") == "bridge")
        return 0
    name = _device(network, words[0])
    if verb in ("del", "delete"):
        if not network.is_bridge(name):
            raise _Answer("RTNETLINK answers: Operation not supported")
        network.remove(name)
        return 0
    if "up" in words or "down" in words:
        network.set_up(name, up="up" in words)
    if master := _after(words, "master"):
        network.enslave(name, _device(network, master))
    if "nomaster" in words:
        network.release(name)
    return 0


def _route(network: Network, verb: str, words: list[str]) -> int:
    found = _wanted(network, words, needs_device=verb not in ("del", "delete", "flush"))
    same = [one for one in network.routes if (one.to, one.metric) == (found.to, found.metric)]
    if verb in ("del", "delete", "flush"):
        gone = [
            one
            for one in network.routes
            if one.to == found.to and found.gateway in ("", one.gateway) and found.device in ("", one.device)
        ]
        if not gone and verb != "flush":
            raise _Answer("RTNETLINK answers: No such process")
        network.routes = [one for one in network.routes if one not in gone[: None if verb == "flush" else 1]]
        return 0
    if verb == "add" and same:
        raise _Answer(_EXISTS)
    network.routes = [one for one in network.routes if verb == "append" or one not in same] + [found]
    return 0


def _wanted(network: Network, words: list[str], *, needs_device: bool) -> Route:
    from phoenix_hypervisor.simulator.hardware.links import Route

    words = words[1:] if words[:1] == ["to"] else words
    to = words[0] if words else ""
    gateway, device, onlink = _after(words, "via"), _after(words, "dev"), "onlink" in words
    try:
        to = "default" if to in ("default", "0.0.0.0/0") else str(ipaddress.ip_network(to))
        if gateway:
            ipaddress.ip_address(gateway)
    except ValueError as wrong:
        raise _Answer(f'Error: any valid prefix is expected rather than "{to}".', 1) from wrong
    if device:
        _device(network, device)
    if needs_device:
        reached = network.device_of(gateway) if gateway else ""
        if gateway and not reached and not (onlink and device):
            raise _Answer("Error: Nexthop has invalid gateway.")
        device = device or reached
        if not device:
            raise _Answer("RTNETLINK answers: No such device")
        if not network.is_up(device):
            raise _Answer("RTNETLINK answers: Network is down")
    return Route(to, gateway, device, _after(words, "proto"), onlink, int(_after(words, "metric") or "0"))
