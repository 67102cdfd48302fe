"""The machine's own entry in /etc/hosts."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.documents.host import DomainName
from phoenix_hypervisor.documents.types import Address
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.resource import Obstacle, Resource, Verdict
from phoenix_hypervisor.resources.file import Seen, content_of, difference, write
from phoenix_hypervisor.resources.network import INTERFACES, main_address

_PATH = "/etc/hosts"
_HOSTS = content_of(_PATH)
_NAME = content_of("/etc/hostname")
_ENTRY = re.compile(r"(?P<before>[ \t]*)(?P<address>[0-9a-fA-F.:]+)[ \t]+(?P<names>[^#\n]*[^#\s])(?P<rest>[^\n]*\n?)")


class HostsEntry(Resource):
    """The machine's name stands in /etc/hosts with its real address, never with one of the loopback.

    ``domain`` is what the full name ends in, as it is where None; ``address`` the address, where None the one that
    stands there, else that of the interface with the gateway. The name itself is the machine's and stays; so does every
    line that does not name it.
    """

    kind: ClassVar[str] = "hosts"
    name: Literal["self"] = "self"
    domain: DomainName | None = None
    address: Address | None = None

    def facts(self) -> Iterator[Fact[Any]]:
        yield _HOSTS
        yield _NAME
        yield INTERFACES

    def _address(self, text: str, own: str, facts: Facts) -> str:
        if self.address:
            return self.address
        here = (found["address"] for found in _of_own_name(text, own))
        real = next((each for each in here if _is_real(each)), "")
        return real or main_address(facts[INTERFACES])

    def _wanted(self, text: str, own: str, address: str) -> str:
        """The file's text with the entry as it ought to be."""
        lines = text.splitlines(keepends=True)
        found = {number: entry for number, line in enumerate(lines) if (entry := _entry(line, own))}
        of_family = [number for number, entry in found.items() if _family(entry["address"]) == _family(address)]
        chosen = next((number for number in of_family if found[number]["address"] == address), None)
        if chosen is None:
            chosen = next((number for number in of_family if not _is_shared(found[number], own)), None)
        for number, entry in found.items():
            if number == chosen:
                names = self._names(entry["names"].split(), own)
                if entry["address"] != address or entry["names"].split() != names:
                    lines[number] = f"{entry['before']}{address} {' '.join(names)}{entry['rest']}"
            elif not _is_real(entry["address"]):
                lines[number] = _without(entry, own)
        if chosen is None:
            if lines and not lines[-1].endswith("\n"):
                lines[-1] += "\n"
            lines.append(f"{address} {' '.join(self._names([own], own))}\n")
        return "".join(lines)

    def _names(self, names: list[str], own: str) -> list[str]:
        """The names of the entry: with a domain the full one first, then the short one, then the others as they are."""
        if self.domain is None:
            return names
        others = [name for name in names if name != own and not name.startswith(f"{own}.")]
        return [f"{own}.{self.domain}", own, *others]

    def change(self, facts: Facts) -> Iterator[Command]:
        seen = facts[_HOSTS]
        text, own = _text(seen), _own(facts)
        address = self._address(text, own, facts)
        if not own or not address or (seen is not None and seen.text is None):
            return
        if (wanted := self._wanted(text, own, address)) != text:
            owner, group, mode = (seen.owner, seen.group, seen.mode) if seen else ("root", "root", "0644")
            yield write(_PATH, wanted, seen, owner=owner, group=group, mode=mode)

    def verdict(self, facts: Facts) -> Verdict:
        seen = facts[_HOSTS]
        if seen is not None and seen.text is None:
            return Verdict(obstacles=(Obstacle(f"{_PATH} is a {seen.kind}, not a file", "Move it away."),))
        text, own = _text(seen), _own(facts)
        if not own:
            return Verdict(obstacles=(Obstacle("/etc/hostname names no host"),))
        address = self._address(text, own, facts)
        if not address:
            hint = "Declare network.interfaces."
            return Verdict(obstacles=(Obstacle(f"the node's address is not known, for {own} in /etc/hosts", hint),))
        return Verdict(reason="its entry differs", detail=difference(_PATH, text, self._wanted(text, own, address)))

    def __str__(self) -> str:
        return _PATH


def _entry(line: str, own: str) -> re.Match[str] | None:
    """A line of /etc/hosts that names this host."""
    found = _ENTRY.fullmatch(line)
    return found if found and any(_is_own(name, own) for name in found["names"].split()) else None


def _of_own_name(text: str, own: str) -> list[re.Match[str]]:
    return [found for line in text.splitlines(keepends=True) if (found := _entry(line, own))]


def _is_own(name: str, own: str) -> bool:
    return name == own or name.startswith(f"{own}.")


def _is_shared(entry: re.Match[str], own: str) -> bool:
    """Whether a line of the loopback names others, too, as ``127.0.0.1 localhost pve``."""
    return not _is_real(entry["address"]) and not all(_is_own(name, own) for name in entry["names"].split())


def _without(entry: re.Match[str], own: str) -> str:
    """The line without this host's names; empty when none is left."""
    names = [name for name in entry["names"].split() if not _is_own(name, own)]
    return f"{entry['before']}{entry['address']} {' '.join(names)}{entry['rest']}" if names else ""


def _is_real(address: str) -> bool:
    try:
        return not ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _family(address: str) -> int:
    return 6 if ":" in address else 4


def _own(facts: Facts) -> str:
    """The short name of the machine."""
    return _text(facts[_NAME]).strip().partition(".")[0]


def _text(seen: Seen | None) -> str:
    return (seen.text or "") if seen is not None else ""
