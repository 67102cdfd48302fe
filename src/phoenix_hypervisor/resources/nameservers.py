"""The name servers of a machine, in /etc/resolv.conf (resolv.conf(5))."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.documents.types import Addresses
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.resource import Difference, Resource, Verdict
from phoenix_hypervisor.resources.file import Seen, content_of, difference, write

_PATH = "/etc/resolv.conf"
_FACT = content_of(_PATH)


class Nameservers(Resource):
    """The servers in their order; every other line stays. Proxmox VE itself keeps them in this file.

    Where the file is a link, some program makes it: it stays, and is told.
    """

    kind: ClassVar[str] = "nameservers"
    name: Literal["resolv.conf"] = "resolv.conf"
    servers: Addresses

    def facts(self) -> Iterator[Fact[Any]]:
        yield _FACT

    def _wanted(self, text: str) -> str:
        lines = text.splitlines(keepends=True)
        numbers = [number for number, line in enumerate(lines) if line.split()[:1] == ["nameserver"]]
        if [lines[number].split()[1:] for number in numbers] == [[server] for server in self.servers]:
            return text
        place = numbers[0] if numbers else len(lines)
        if place == len(lines) and lines and not lines[-1].endswith("\n"):
            lines[-1] += "\n"
        kept = [line for number, line in enumerate(lines) if number not in numbers]
        return "".join((*kept[:place], *(f"nameserver {server}\n" for server in self.servers), *kept[place:]))

    def change(self, facts: Facts) -> Iterator[Command]:
        seen = facts[_FACT]
        if _is_made(seen):
            return
        text = _text(seen)
        if (wanted := self._wanted(text)) != text:
            owner, group, mode = (seen.owner, seen.group, seen.mode) if seen else ("root", "root", "0644")
            yield write(_PATH, wanted, seen, owner=owner, group=group, mode=mode)

    def verdict(self, facts: Facts) -> Verdict:
        seen = facts[_FACT]
        if _is_made(seen):
            return Verdict(kept=(Difference(_PATH, "it is made by another program"),))
        text = _text(seen)
        return Verdict(reason="its servers differ", detail=difference(_PATH, text, self._wanted(text)))

    def __str__(self) -> str:
        return "name servers"


def _is_made(seen: Seen | None) -> bool:
    return seen is not None and seen.text is None


def _text(seen: Seen | None) -> str:
    return (seen.text or "") if seen is not None else ""
