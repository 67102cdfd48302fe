"""The node's network as it runs now: links under /sys/class/net, addresses, routes, who answers."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from phoenix_hypervisor.simulator.process import Address

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

FOLDER = "/sys/class/net"


@dataclass(frozen=True, slots=True)
class Route:
    """A route that was set: ``default`` or a network, the gateway, the device, who set it."""

    to: str
    gateway: str
    device: str
    protocol: str = ""
    onlink: bool = False
    metric: int = 0


class Network:
    """Links, addresses and routes. ``neighbours`` are the addresses of other machines that answer."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self.held: dict[str, list[str]] = {}
        self.routes: list[Route] = []
        self.neighbours = {"10.0.0.1"}

    def to_json(self) -> dict[str, Any]:
        routes = [asdict(route) for route in self.routes]
        return {"addresses": self.held, "routes": routes, "neighbours": sorted(self.neighbours)}

    def from_json(self, value: Mapping[str, Any]) -> None:
        """Take what ``to_json`` gave. Raises KeyError or TypeError for anything else."""
        self.held = {name: list(addresses) for name, addresses in value["addresses"].items()}
        self.routes = [Route(**fields) for fields in value["routes"]]
        self.neighbours = set(value["neighbours"])

    # -- links

    def links(self) -> list[str]:
        """The names, in the order of their numbers."""
        names = self._node.files.list(FOLDER) if self._node.files.is_dir(FOLDER) else []
        return sorted(names, key=lambda name: (int(self._read(name, "ifindex") or "0"), name))

    def _read(self, name: str, file: str) -> str:
        entry = self._node.files.stat(f"{FOLDER}/{name}/{file}")
        return entry.data.strip() if entry else ""

    def _write(self, name: str, file: str, text: str) -> None:
        path = f"{FOLDER}/{name}/{file}"
        self._node.files.mkdir(path.rpartition("/")[0], parents=True)
        self._node.files.write(path, f"{text}\n")

    def add(self, name: str, mac: str = "", *, bridge: bool = False) -> None:
        """Make a link; it is down."""
        numbers = [int(self._read(other, "ifindex") or "0") for other in self.links()]
        digest = hashlib.sha256(f"{self._node.seed}:{name}".encode()).hexdigest()
        own = mac or "bc:24:11:" + ":".join(digest[at : at + 2] for at in (0, 2, 4))
        if bridge:
            self._write(name, "bridge/bridge_id", "8000.000000000000")
        for file, text in (("address", own), ("operstate", "down"), ("ifindex", str(max([0, *numbers]) + 1))):
            self._write(name, file, text)

    def remove(self, name: str) -> None:
        """Take a link away with its addresses and routes; its ports stay."""
        for port in self.ports(name):
            self.release(port)
        self.drop(name)
        self._node.files.remove(f"{FOLDER}/{name}", recursive=True)

    def drop(self, name: str) -> None:
        """Take addresses and routes from a link."""
        self.held.pop(name, None)
        self.routes = [route for route in self.routes if route.device != name]

    def exists(self, name: str) -> bool:
        return self._node.files.exists(f"{FOLDER}/{name}")

    def is_bridge(self, name: str) -> bool:
        return self._node.files.is_dir(f"{FOLDER}/{name}/bridge")

    def is_up(self, name: str) -> bool:
        return self._read(name, "operstate") in ("up", "unknown")

    def set_up(self, name: str, up: bool) -> None:
        self._write(name, "operstate", ("unknown" if name == "lo" else "up") if up else "down")
        if not up:
            self.routes = [route for route in self.routes if route.device != name]

    def mac(self, name: str) -> str:
        return self._read(name, "address")

    def master(self, name: str) -> str:
        entry = self._node.files.stat(f"{FOLDER}/{name}/master", follow=False)
        return entry.data.rpartition("/")[2] if entry else ""

    def ports(self, bridge: str) -> list[str]:
        return [name for name in self.links() if self.master(name) == bridge]

    def enslave(self, port: str, bridge: str) -> None:
        self.release(port)
        self._node.files.link(f"../{bridge}", f"{FOLDER}/{port}/master")

    def release(self, port: str) -> None:
        if self.master(port):
            self._node.files.remove(f"{FOLDER}/{port}/master")

    # -- addresses and routes

    def connected(self) -> list[Route]:
        """The routes that the kernel has for the networks of its own addresses."""
        return [
            Route(str(ipaddress.ip_interface(cidr).network), "", name, "kernel")
            for name in self.links()
            if name != "lo" and self.is_up(name)
            for cidr in self.held.get(name, ())
        ]

    def add_address(self, name: str, cidr: str) -> bool:
        """Whether it was not there before."""
        held = self.held.setdefault(name, [])
        if cidr in held:
            return False
        held.append(cidr)
        return True

    def remove_address(self, name: str, cidr: str) -> bool:
        """Whether it was there; the routes over its network go with it, as far as they need it."""
        held = self.held.get(name, [])
        if cidr not in held:
            return False
        held.remove(cidr)
        self.routes = [route for route in self.routes if route.device != name or route.onlink or self._reached(route)]
        if not held:
            self.routes = [route for route in self.routes if route.device != name]
        return True

    def _reached(self, route: Route) -> bool:
        return not route.gateway or self.device_of(route.gateway) == route.device

    def device_of(self, address: str) -> str:
        """The link on whose network an address is; empty when it is on none."""
        try:
            wanted = ipaddress.ip_address(address)
        except ValueError:
            return ""
        return next((one.device for one in self.connected() if wanted in ipaddress.ip_network(one.to)), "")

    def default(self) -> Route | None:
        """The default route that is used."""
        return min((one for one in self.routes if one.to == "default"), key=lambda one: one.metric, default=None)

    def answers(self, address: str) -> bool:
        """Whether a ping to an address is answered."""
        own = {cidr.partition("/")[0] for cidrs in self.held.values() for cidr in cidrs}
        if address in own or address.startswith("127."):
            return True
        if self.device_of(address):
            return address in self.neighbours
        return self.is_online()

    def is_online(self) -> bool:
        """Whether the default route leads out: its gateway answers."""
        route = self.default()
        return route is not None and route.gateway in self.neighbours and self.device_of(route.gateway) == route.device

    def addresses(self) -> list[Address]:
        """What each link has, without the loopback; more addresses are further entries."""
        found = []
        for name in self.links():
            gateway = next((one.gateway for one in self.routes if one.to == "default" and one.device == name), "")
            for cidr in (self.held.get(name) or [""]) if name != "lo" else []:
                found.append(Address(name, cidr, gateway, self.mac(name), self.is_up(name)))
        return found
