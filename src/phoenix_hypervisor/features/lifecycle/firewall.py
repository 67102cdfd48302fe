"""A container's firewall file, ``/etc/pve/firewall/ID.fw``. Source: pve-firewall, PVE::Firewall (parse_fw_rule)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePosixPath

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.features.lifecycle.marks import MARK

FOLDER = "etc/pve/firewall"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, as declared: ``type`` in, out, forward or group; what is None is not said."""

    type: str
    action: str
    source: str | None = None
    dest: str | None = None
    proto: str | None = None
    port: str | None = None
    comment: str | None = None

    def __str__(self) -> str:
        options = {"source": self.source, "dest": self.dest, "p": self.proto, "dport": self.port}
        words = [f"-{key} {value}" for key, value in options.items() if value is not None]
        comment = [f"# {self.comment}"] if self.comment else []
        return " ".join([self.type.upper(), self.action, *words, *comment])


def render(enabled: bool, rules: Iterable[Rule]) -> str:
    """The whole file."""
    lines = [f"# {MARK}", "[OPTIONS]", "", f"enable: {int(enabled)}", "", "[RULES]", "", *map(str, rules)]
    return "\n".join(lines) + "\n"


_SPELLINGS = {"proto": "p", "iface": "i"}


def same(one: str | None, other: str | None) -> bool:
    """Whether two files mean the same: Proxmox writes a file anew at each change, without comment lines, its options
    in any order (PVE::Firewall, save_vmfw_conf)."""
    if one is None or other is None:
        return one is other
    return _meaning(one) == _meaning(other)


def _meaning(text: str) -> tuple[frozenset[str], tuple[tuple[str, ...], ...]]:
    """The options in no order, everything else in its order with its section."""
    options, rest, section = set(), [], ""
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("["):
            section = line.upper()
        elif section == "[OPTIONS]" and not line.startswith("#"):
            options.add("".join(line.split()))
        elif not line.startswith("#"):
            rest.append((section, *_rule(line)))
    return frozenset(options), tuple(rest)


def _rule(line: str) -> tuple[str, ...]:
    """A rule's words: type and action, the options in no order, the comment."""
    head, _, comment = line.partition("#")
    kind, *words = head.split()
    first = next((place for place, word in enumerate(words) if word.startswith("-")), len(words))
    names = (word.lstrip("-") for word in words[first::2])
    pairs = sorted(zip((_SPELLINGS.get(name, name) for name in names), words[first + 1 :: 2], strict=False))
    return (kind.upper(), *words[:first], *(f"{name}={value}" for name, value in pairs), comment.strip())


class Owner(Enum):
    """Whose a container's firewall file is."""

    NOBODY = "nobody"
    OURS = "ours"
    OTHERS = "others"


def is_ours(text: str) -> bool:
    return f"# {MARK}" in text.splitlines()


def owner_of(text: str | None, recorded: bool) -> Owner:
    """``recorded``: the container's record says that we set it. Proxmox's interface drops the comment that says so."""
    if recorded or (text is not None and is_ours(text)):
        return Owner.OURS
    return Owner.NOBODY if text is None else Owner.OTHERS


def texts(files: dict[str, str]) -> dict[str, str]:
    """``cluster`` or CTID to the text of its file."""
    return {PurePosixPath(path).stem: text for path, text in files.items()}


def is_enabled(cluster: str) -> bool:
    """Whether the datacenter's firewall is on; without it no rule of a container acts."""
    section = ""
    for line in cluster.splitlines():
        if line.startswith("["):
            section = line.strip().upper()
        elif section == "[OPTIONS]" and line.partition(":")[0].strip() == "enable":
            return line.partition(":")[2].strip() not in ("", "0")
    return False


_WRITE = 'mkdir -p "${1%/*}" && printf %s "$2" >"$1.tmp.phoenix" && mv "$1.tmp.phoenix" "$1"\n'


def write(ctid: int, text: str) -> Command:
    return Command("sh", "-s", "--", f"/{FOLDER}/{ctid}.fw", text, stdin=_WRITE)


def remove(ctid: int) -> Command:
    return Command("rm", "-f", f"/{FOLDER}/{ctid}.fw")
