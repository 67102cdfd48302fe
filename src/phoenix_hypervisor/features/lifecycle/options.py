"""The configuration keys that ``pct set`` owns: what is wanted, what differs, what it takes (spec L3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from phoenix_hypervisor.features.lifecycle.marks import TAG, Record, record_of, without_record
from phoenix_hypervisor.proxmox.guest import Section
from phoenix_hypervisor.proxmox.options import SWITCHES
from phoenix_hypervisor.proxmox.properties import PropertyError, parse_properties, render_properties

NET_KEYS = ("name", "bridge", "hwaddr", "ip", "gw", "ip6", "gw6", "tag", "mtu")
_HOT = frozenset({"memory", "swap", "cpulimit", "cpuunits", "net0"})
_MOUNT = re.compile(r"mp\d+")
_DEVICE = re.compile(r"dev\d+")
_HOT_WHEN_NEW = re.compile(r"(?:mp|dev)\d+")
_KEPT = frozenset({"memory", "hostname", "rootfs", "arch", "ostype", "unprivileged"})
"""What Proxmox does not let anybody take out (PVE::LXC::Config, update_pct_config)."""
_OWN = re.compile(r"rootfs|mp\d+|unused\d+|lock|parent|template|snaptime|snapstate|digest|arch|ostype|unprivileged")
RAW, FIREWALL = "lxc", "firewall"
"""What a record says of raw lines and of the firewall file, which are no keys of ``pct set``."""
_INSTANT = frozenset({"description", "onboot", "startup", "protection", "hostname", "cores", "tags", "hookscript"})


class Effect(StrEnum):
    """What it takes to make a container as declared (spec L3)."""

    HOT = "hot"
    """Made while it runs."""
    RESTART = "restart"
    """Made when it starts the next time."""
    REBUILD = "rebuild"
    """Made only by making the container anew."""
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True)
class Difference:
    """One key that is not as wanted. ``wanted`` None: the key is to be taken out."""

    key: str
    observed: str | None
    wanted: str | None
    holds: bool = False
    """Whether the container is as wanted now, and only a change that waits for a restart is not."""

    @property
    def effect(self) -> Effect:
        if self.observed is None and _HOT_WHEN_NEW.fullmatch(self.key):
            return Effect.HOT
        return Effect.HOT if self.key in _HOT | _INSTANT else Effect.RESTART

    @property
    def reason(self) -> str:
        """Why it takes that."""
        if self.holds:
            return "what waits for the next start is forgotten"
        if self.key in _INSTANT:
            return "Proxmox reads it anew"
        if self.effect is Effect.HOT:
            return "Proxmox changes it in the running container"
        return "it is read when the container starts"

    def __str__(self) -> str:
        if self.key == "description":
            return "the mark in the description"
        old, new = brief(self.key, self.observed), brief(self.key, self.wanted)
        if old == new:
            old, new = self.observed or "none", self.wanted or "none"
        kept = ""
        if self.wanted is None and _MOUNT.fullmatch(self.key) and not str(self.observed).startswith("/"):
            kept = " (its data stays, as an unused volume)"
        return f"{self.key} {old} -> {new}{kept}"


def brief(key: str, value: str | None) -> str:
    """A value as people read it: of an interface, address and bridge."""
    if value in (None, ""):
        return "none"
    if key != "net0":
        return str(value)
    net = _properties(value)
    return f"{net.get('ip') or net.get('ip6') or 'without address'} on {net.get('bridge', 'no bridge')}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the configuration says of the keys. What it does not mention is left alone, unless Phoenix has set it."""

    options: Mapping[str, str]
    """Plain keys: hostname, memory, swap, cores, onboot, startup, nameserver, …"""
    features: Mapping[str, str]
    net: Mapping[str, str] | None
    tags: tuple[str, ...]
    """Tags that are declared; empty: only our own mark is ensured."""
    beside: frozenset[str] = frozenset()
    """What is declared beside the keys: ``RAW``, ``FIREWALL``."""
    volumes: Mapping[str, str] = field(default_factory=dict)
    """Volumes that are declared: name to the ``mpN`` that it has or will have."""
    unused: Mapping[str, str] = field(default_factory=dict)
    """Volumes that were declared and are detached: name to volume."""
    layers: Mapping[str, str] = field(default_factory=dict)
    """Layers that the record has to tell of: name to digest."""
    firewalled: bool | None = None
    """Whether ``net0`` goes through the firewall; None: as it is."""

    @property
    def record(self) -> Record:
        """What our mark says once all of it is set."""
        keys = {*self.options, *self.beside} - _KEPT
        keys |= {"net0"} if self.net is not None else set()
        keys |= {"tags"} if self.tags else set()
        return Record(frozenset(keys), self.volumes, self.unused, self.layers)

    def differences(self, section: Section) -> tuple[Difference, ...]:
        """Every key of the section that is not as wanted, in the order of the keys."""
        before = record_of(section.description)
        found = [
            *self._plain(section),
            *self._gone(section, before),
            *self._features(section),
            *self._net(section, before),
            *self._tags(section, before),
            *self._description(section),
        ]
        return tuple(sorted(found, key=lambda difference: difference.key))

    def _plain(self, section: Section) -> Iterator[Difference]:
        for key, wanted in self.options.items():
            observed = section.get(key)
            if _normal(key, observed) != _normal(key, wanted):
                yield Difference(key, observed, wanted)

    def _gone(self, section: Section, before: Record) -> Iterator[Difference]:
        """What Phoenix has set and is no longer declared."""
        volumes = {key for name, key in before.volumes.items() if key not in self.volumes.values()}
        keys = before.keys - self.record.keys - {"tags", "features", RAW, FIREWALL} - _KEPT
        for key in sorted({*keys, *volumes} - {*self.options}):
            observed = section.get(key)
            if observed is not None and _normal(key, observed) != _normal(key, None):
                yield Difference(key, observed, None)

    def _features(self, section: Section) -> Iterator[Difference]:
        observed = section.get("features")
        if _switches(observed) != {key: value for key, value in self.features.items() if value != "0"}:
            yield Difference("features", observed, render_properties(self.features) or None)

    def _net(self, section: Section, before: Record) -> Iterator[Difference]:
        observed = section.get("net0")
        found = _properties(observed)
        if self.net is None:
            if self.firewalled is False and "firewall" in found and "net0" not in before.keys:
                rest = {key: value for key, value in found.items() if key != "firewall"}
                yield Difference("net0", observed, render_properties(rest))
            return
        wanted = dict(self.net) | ({"firewall": "1"} if self.firewalled else {})
        known = NET_KEYS if self.firewalled is None else (*NET_KEYS, "firewall")
        ignored = () if "hwaddr" in self.net else ("hwaddr",)
        managed = {key: _case(key, found[key]) for key in known if key in found and key not in ignored}
        managed = {key: value for key, value in managed.items() if (key, value) != ("firewall", "0")}
        if managed != {key: _case(key, value) for key, value in wanted.items()}:
            foreign = {key: value for key, value in found.items() if key not in known and key != "type"}
            kept = {"hwaddr": found["hwaddr"]} if ignored and "hwaddr" in found else {}
            yield Difference("net0", observed, render_properties({**wanted, **kept, **foreign}))

    def _tags(self, section: Section, before: Record) -> Iterator[Difference]:
        observed = {tag for tag in re.split(r"[;,\s]+", section.get("tags") or "") if tag}
        whole = self.tags or "tags" in before.keys
        wanted = {*self.tags, TAG} if whole else observed | {TAG}
        if observed != wanted:
            yield Difference("tags", section.get("tags"), ";".join(sorted(wanted)))

    def _description(self, section: Section) -> Iterator[Difference]:
        line = str(self.record)
        if line not in section.description.splitlines():
            rest = without_record(section.description)
            yield Difference("description", section.description, f"{line}\n{rest}".strip())


def applied(section: Section, differences: Iterable[Difference]) -> Section:
    """The section once the differences are made."""
    for difference in differences:
        if difference.key == "description":
            section = replace(section, description=difference.wanted or "")
        else:
            section = section.updated({difference.key: difference.wanted})
    return section


def fixed(key: str) -> bool:
    """Whether a key is a clone's own, or none that a clone takes over (PVE::API2::LXC, clone_vm)."""
    return bool(_OWN.fullmatch(key))


def _normal(key: str, value: str | None) -> str | None:
    """Values that mean the same compare equal."""
    if value is None:
        return "0" if key == "onboot" else None
    if key in ("nameserver", "searchdomain"):
        return " ".join(re.split(r"[\s,;]+", value.strip()))
    if key == "startup":
        return ",".join(sorted(filter(None, value.split(","))))
    if _DEVICE.match(key):
        return render_properties(dict(sorted(device_properties(value).items())))
    if _MOUNT.match(key):
        return render_properties(dict(sorted((k, _plain(v)) for k, v in mount_properties(value).items())))
    if key in SWITCHES:
        return _plain(value)
    return str(int(value)) if value.isdecimal() else value


def mount_properties(value: str) -> dict[str, str]:
    """The properties of a mount point: ``volume`` first and bare, ``mp``, ``ro``, …"""
    try:
        return parse_properties(value, "volume")
    except PropertyError:
        return {"volume": value}


def device_properties(value: str) -> dict[str, str]:
    """The properties of a device: ``path`` first and bare, ``mode``, …"""
    try:
        return parse_properties(value, "path")
    except PropertyError:
        return {"path": value}


def _plain(value: str) -> str:
    """A boolean as Proxmox stores it (PVE::JSONSchema::parse_boolean); anything else as it is."""
    return {"yes": "1", "on": "1", "true": "1", "no": "0", "off": "0", "false": "0"}.get(value.lower(), value)


def _case(key: str, value: str) -> str:
    return value.upper() if key == "hwaddr" else value


def _properties(text: str | None) -> dict[str, str]:
    try:
        return parse_properties(text or "")
    except PropertyError:
        return {}


def _switches(text: str | None) -> dict[str, str]:
    return {key: value for key, value in _properties(text).items() if value != "0"}


def set_arguments(differences: tuple[Difference, ...]) -> tuple[str, ...]:
    """The options of one ``pct set`` that makes all of them so."""
    arguments: list[str] = []
    for difference in differences:
        if difference.wanted is not None:
            arguments += (f"--{difference.key}", difference.wanted)
    if gone := [difference.key for difference in differences if difference.wanted is None]:
        arguments += ("--delete", ",".join(gone))
    return tuple(arguments)
