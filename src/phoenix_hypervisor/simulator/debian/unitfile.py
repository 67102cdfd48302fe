"""A systemd unit as its file and drop-ins say it. Source: systemd.unit(5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from phoenix_hypervisor.simulator.process import Machine

FOLDERS = ("/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system")


@dataclass(frozen=True)
class UnitFile:
    """What a unit is told; a setting that is given several times has several values, an empty one clears them."""

    name: str
    settings: Mapping[tuple[str, str], list[str]] = field(default_factory=dict)

    def all(self, section: str, key: str) -> list[str]:
        return self.settings.get((section, key), [])

    def last(self, section: str, key: str, default: str = "") -> str:
        return next(reversed(self.all(section, key)), default)

    def words(self, section: str, key: str) -> list[str]:
        """The words of all values."""
        return [word for value in self.all(section, key) for word in value.split()]

    @property
    def type(self) -> str:
        found = self.all("Service", "ExecStart")
        return self.last("Service", "Type") or ("simple" if found else "oneshot")

    @property
    def stays(self) -> bool:
        """Whether it is active after its programs ended."""
        return self.last("Service", "RemainAfterExit") in ("yes", "true", "on", "1")

    @property
    def is_installable(self) -> bool:
        return any(section == "Install" for section, _key in self.settings)

    @property
    def is_bad(self) -> bool:
        """A service without a program to run."""
        keys = ("ExecStart", "ExecStop") if self.type == "oneshot" else ("ExecStart",)
        wants = self.name.endswith(".service") and any(section in ("Service", "Unit") for section, _ in self.settings)
        return wants and not any(self.all("Service", key) for key in keys)


def parse(name: str, text: str) -> UnitFile:
    """Read the text of a unit file, with those of its drop-ins behind it. Lines that are no setting are passed over."""
    found: dict[tuple[str, str], list[str]] = {}
    section = ""
    for line in re.sub(r"\\\n", " ", text).splitlines():
        line = line.strip()
        if not line or line[0] in "#;":
            continue
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
            continue
        key, equals, value = line.partition("=")
        place = (section, key.strip())
        if not equals:
            continue
        if value.strip():
            found.setdefault(place, []).append(_specified(name, value.strip()))
        else:
            found[place] = []
    return UnitFile(name, found)


def _specified(name: str, value: str) -> str:
    stem, _, instance = name.rpartition(".")[0].partition("@")
    for sign, text in (("%n", name), ("%i", instance), ("%I", instance), ("%p", stem), ("%%", "%")):
        value = value.replace(sign, text)
    return value


def path_of(machine: Machine, unit: str) -> str:
    """Where a unit's file, or that of its template, is; empty when there is none."""
    stem, at, rest = unit.partition("@")
    names = [unit, f"{stem}@.{rest.rpartition('.')[2]}"] if at else [unit]
    for name in names:
        for folder in FOLDERS:
            if machine.files.stat(f"{folder}/{name}", follow=False) is not None:
                return f"{folder}/{name}"
    return ""


def drop_ins(machine: Machine, unit: str) -> list[str]:
    """The drop-ins in the order in which they are read; of two with one name that of the nearer folder counts."""
    found: dict[str, str] = {}
    for folder in FOLDERS:
        for path in machine.files.glob(f"{folder}/{unit}.d/*.conf"):
            found.setdefault(path.rpartition("/")[2], path)
    return [found[name] for name in sorted(found)]


def text_of(machine: Machine, unit: str) -> str:
    """The unit as it is on disk now."""
    paths = [path_of(machine, unit), *drop_ins(machine, unit)]
    return "\n".join(machine.files.read(path) for path in paths if path and machine.files.exists(path))


def changed_at(machine: Machine, unit: str) -> float:
    """When one of the unit's files was last written."""
    paths = [path for path in (path_of(machine, unit), *drop_ins(machine, unit)) if path]
    entries = (machine.files.stat(path) for path in paths)
    return max((entry.mtime for entry in entries if entry is not None), default=0.0)
