"""A container's firewall file, ``/etc/pve/firewall/ID.fw``. Source: pve-firewall, PVE::Firewall (parse_fw_rule)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
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


def is_ours(text: str) -> bool:
    return f"# {MARK}" in text.splitlines()


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
