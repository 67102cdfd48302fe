"""The stanzas of /etc/network/interfaces as text (interfaces(5))."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass

_HEADS = ("iface", "auto", "mapping", "source", "source-directory", "no-auto-down", "no-scripts", "rename", "template")
_OPTION = re.compile(r"(?P<indent>[ \t]*)(?P<key>[^\s#]\S*)(?:[ \t]+(?P<value>[^\n]*?))?[ \t]*\n?")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a stanza ought to say; None and nothing leave what is there."""

    address: str
    gateway: str | None = None


@dataclass(frozen=True, slots=True)
class Stanza:
    """An ``iface`` stanza: the line of its head, the line after its last option, and its options in their order."""

    name: str
    family: str
    method: str
    first: int
    end: int
    options: tuple[tuple[int, str, str], ...]

    def values(self, key: str) -> list[str]:
        return [value for _, name, value in self.options if name == key]

    @property
    def addresses(self) -> tuple[str, ...]:
        """With their prefix, however it was said."""
        masks = self.values("netmask")
        whole = [f"{each}/{masks[0]}" if "/" not in each and masks else each for each in self.values("address")]
        return tuple(normal(each) for each in whole)

    @property
    def gateway(self) -> str:
        return next(iter(self.values("gateway")), "")

    @property
    def is_continued(self) -> bool:
        return any(value.endswith("\\") for _, _, value in self.options)


def family_of(address: str) -> str:
    return "inet6" if ":" in address else "inet"


def normal(address: str) -> str:
    """An address with its prefix, in its one spelling; as it is when it is none."""
    try:
        return str(ipaddress.ip_interface(address))
    except ValueError:
        return address


def normal_address(address: str) -> str:
    """The same for one without a prefix."""
    return normal(address).partition("/")[0]


def stanzas(text: str) -> Iterator[Stanza]:
    """Every ``iface`` stanza of a file; a head without family is taken for inet, as ifupdown2 does."""
    head: tuple[str, str, str, int] | None = None
    options: list[tuple[int, str, str]] = []
    for number, line in enumerate(text.splitlines(keepends=True)):
        found = _OPTION.fullmatch(line)
        if found is None:
            continue
        key, value = found["key"], found["value"] or ""
        if key in _HEADS or key.startswith("allow-"):
            if head:
                yield _stanza(head, options)
            words = [*value.split(), "", ""]
            head = (words[0], words[1] or "inet", words[2], number) if key == "iface" and words[0] else None
            options = []
        elif head:
            options.append((number, key, value))
    if head:
        yield _stanza(head, options)


def _stanza(head: tuple[str, str, str, int], options: list[tuple[int, str, str]]) -> Stanza:
    end = options[-1][0] + 1 if options else head[3] + 1
    return Stanza(*head, end, tuple(options))


def merged(text: str, stanza: Stanza, wanted: Wanted) -> str:
    """The file's text with the stanza as wanted; every other line of it, and of the file, stays byte for byte."""
    if stanza.is_continued:
        return text
    lines = text.splitlines(keepends=True)
    if stanza.end == len(lines) and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    before = "".join(lines)
    indent = next((_indent(lines[number]) for number, _, _ in stanza.options), "\t")
    added = [*_address(lines, stanza, wanted, indent)]
    if wanted.gateway and normal_address(stanza.gateway) != normal_address(wanted.gateway):
        added += _put(lines, stanza, "gateway", wanted.gateway, indent)
    place = max((number for number, key, _ in stanza.options if key in ("address", "gateway")), default=stanza.first)
    lines.insert(place + 1, "".join(added))
    after = "".join(lines)
    return text if after == before else after


def _address(lines: list[str], stanza: Stanza, wanted: Wanted, indent: str) -> list[str]:
    added: list[str] = []
    if normal(wanted.address) not in stanza.addresses:
        for number, key, _ in stanza.options:
            if key == "netmask":
                lines[number] = ""
        added = _put(lines, stanza, "address", wanted.address, indent)
    if stanza.method != "static":
        head = f"iface {stanza.name} {stanza.family} static"
        lines[stanza.first] = f"{_indent(lines[stanza.first])}{head}\n"
    return added


def _put(lines: list[str], stanza: Stanza, key: str, value: str, indent: str) -> list[str]:
    """Put a value into the first line of that option; the line to be added when there is none.

    Further addresses stay, as a link may have several; of other options only one line is left.
    """
    numbers = [number for number, name, _ in stanza.options if name == key]
    if not numbers:
        return [f"{indent}{key} {value}\n"]
    lines[numbers[0]] = f"{_indent(lines[numbers[0]])}{key} {value}\n"
    for number in numbers[1:] if key != "address" else ():
        lines[number] = ""
    return []


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]
