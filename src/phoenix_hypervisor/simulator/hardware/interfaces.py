"""``/etc/network/interfaces`` as ifupdown2 reads it. Source: ifupdown2's networkinterfaces.py."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.filesystem import Filesystem

FILE = "/etc/network/interfaces"
_METHODS = ("static", "manual", "loopback", "dhcp", "dhcp6", "ppp", "tunnel")
_KEYWORDS = ("auto", "iface", "vlan", "source", "source-directory", "template")
_ATTRIBUTES = frozenset(
    [
        "address",
        "address-virtual",
        "alias",
        "broadcast",
        "dns-domain",
        "dns-nameservers",
        "dns-search",
        "down",
        "gateway",
        "hostname",
        "hwaddress",
        "link-down",
        "link-type",
        "metric",
        "mtu",
        "netmask",
        "pointopoint",
        "post-down",
        "post-up",
        "pre-down",
        "pre-up",
        "scope",
        "up",
        "accept-ra",
        "autoconf",
        "preferred-lifetime",
        "ethernet-wol",
        "vlan-id",
        "vlan-protocol",
        "vlan-raw-device",
        "vrf",
        "vrf-table",
    ]
)
_FAMILIES = ("bridge-", "bond-", "ovs-", "vxlan-", "link-", "ip-", "ip6-", "ethtool-", "mstpctl-", "tunnel-")
_SPACE = re.compile(r"[\s\t]\s*")


@dataclass
class Stanza:
    """An interface: its methods and attributes, each with its values in their order."""

    name: str
    methods: list[tuple[str, str]] = field(default_factory=list)
    attributes: dict[str, list[str]] = field(default_factory=dict)
    auto: bool = False

    def get(self, key: str) -> str:
        return self.attributes.get(key, [""])[-1]

    @property
    def ports(self) -> list[str]:
        return [port for port in self.get("bridge-ports").split() if port != "none"]

    def addresses(self) -> tuple[list[str], list[str]]:
        """The addresses with their prefix lengths, and the complaints about those that are none."""
        found, wrong = [], []
        masks = self.attributes.get("netmask", [])
        for number, text in enumerate(self.attributes.get("address", [])):
            mask = masks[number] if number < len(masks) else ""
            whole = text if "/" in text or not mask else f"{text}/{mask}"
            try:
                found.append(ipaddress.ip_interface(whole).with_prefixlen)
            except ValueError:
                bare = whole.partition("/")[0]
                wrong.append(f"error: {self.name}: '{bare}' does not appear to be an IPv4 or IPv6 address")
        return found, wrong

    def gateways(self) -> tuple[list[str], list[str]]:
        """The gateways, and the complaints about those that are no addresses."""
        found, wrong = [], []
        for text in self.attributes.get("gateway", []):
            try:
                found.append(str(ipaddress.ip_address(text)))
            except ValueError:
                wrong.append(f"error: {self.name}: invalid gateway '{text}'")
        return found, wrong


class Interfaces:
    """The stanzas of the file and of what it sources; ``errors`` are ifupdown2's own lines."""

    def __init__(self, files: Filesystem, path: str = FILE) -> None:
        self._files = files
        self.stanzas: dict[str, Stanza] = {}
        self.errors: list[str] = []
        self.warnings: list[str] = []
        self._auto: set[str] = set()
        self._read(path)
        for stanza in self.stanzas.values():
            stanza.auto = stanza.name in self._auto or "all" in self._auto

    def _error(self, path: str, number: int, text: str) -> None:
        self.errors.append(f"error: {path}: line{number}: {text}")

    def _read(self, path: str) -> None:
        entry = self._files.stat(path)
        if entry is None:
            self.errors.append(f"error: {path}: No such file or directory")
            return
        stanza: Stanza | None = None
        for number, line in enumerate(entry.data.replace("\\\n", " ").splitlines(), 1):
            bare = line.strip()
            if not bare or bare.startswith("#"):
                continue
            words = _SPACE.split(bare)
            if words[0] in _KEYWORDS or words[0].startswith("allow-"):
                stanza = self._keyword(path, number, words)
            elif stanza is not None:
                self._attribute(path, number, stanza, bare)
            else:
                self._error(path, number, f"error processing line '{bare}'")

    def _keyword(self, path: str, number: int, words: list[str]) -> Stanza | None:
        if words[0] in ("auto", "allow-auto"):
            if len(words) == 1:
                self._error(path, number, f"invalid auto line '{words[0]}'")
            self._auto |= set(words[1:])
        elif words[0] == "source" and len(words) > 1:
            self._source(path, number, words[1])
        elif words[0] == "source-directory" and len(words) > 1:
            for one in self._files.glob(f"{words[1].rstrip('/')}/*"):
                if re.fullmatch(r"[a-zA-Z0-9_-]+", one.rpartition("/")[2]):
                    self._read(one)
        elif words[0] in ("iface", "vlan") and len(words) > 1:
            return self._iface(path, number, words)
        return None

    def _source(self, path: str, number: int, pattern: str) -> None:
        found = self._files.glob(pattern)
        if not found and "*" not in pattern:
            self.warnings.append(f"warning: {path}: line{number}: cannot find source file {pattern}")
        for one in found:
            self._read(one)

    def _iface(self, path: str, number: int, words: list[str]) -> Stanza:
        name, family, method = [*words[1:4], "", ""][:3]
        name = name.partition(":")[0]
        if len(name) > 15:
            self.warnings.append(f"warning: {path}: line{number}: {name}: interface name too long")
        stanza = self.stanzas.setdefault(name, Stanza(name))
        if family and family not in ("inet", "inet6"):
            self._error(path, number, f"iface {name}: unsupported address family '{family}'")
        elif method and method not in _METHODS:
            self._error(path, number, f"iface {name}: unsupported address method '{method}'")
        elif family:
            stanza.methods.append((family, method or "static"))
        return stanza

    def _attribute(self, path: str, number: int, stanza: Stanza, bare: str) -> None:
        words = _SPACE.split(bare, maxsplit=1)
        if len(words) < 2:
            self._error(path, number - 1, f"iface {stanza.name}: invalid syntax '{bare}'")
            return
        key = words[0].replace("_", "-")
        if key not in _ATTRIBUTES and not key.startswith(_FAMILIES):
            self._error(path, number, f"iface {stanza.name}: unsupported keyword ({words[0]})")
            return
        stanza.attributes.setdefault(key, []).append(words[1].replace("$IFACE", stanza.name))
