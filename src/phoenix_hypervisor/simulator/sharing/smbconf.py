"""smb.conf as Samba reads it: sections, parameters, ``include``; what it takes and what it does not.

Source: Samba 4.22, lib/util/tini.c, lib/param/loadparm.c, source3/param/loadparm.c.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from phoenix_hypervisor.simulator.filesystem import Filesystem
from phoenix_hypervisor.simulator.sharing.parameters import (
    Parameter,
    boolean,
    printed,
    squeezed,
    table,
    value_problem,
)  # fmt: skip

MAIN = "/etc/samba/smb.conf"
GLOBAL = ("global", "globals")
_DEEPEST = 100


class ConfigurationFault(Exception):
    """What is wrong ends the reading: Samba's own words, empty where it has none."""


@dataclass
class Service:
    """A section: the values by the parameter's own name, as they were written; parametric ones by theirs."""

    name: str
    values: dict[str, str] = field(default_factory=dict)
    parametric: dict[str, str] = field(default_factory=dict)


@dataclass
class Configuration:
    """What Samba has loaded. ``sections`` are the shares in their order, ``warnings`` what it said on the way."""

    globals: Service = field(default_factory=lambda: Service("global"))
    sections: dict[str, Service] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    text: str = ""
    """All of it in one file, without comments and includes."""

    def value(self, name: str, share: Service | None = None) -> str:
        """What holds for a parameter: in the share, else in the global section, else by default."""
        parameter = table()[squeezed(name)]
        places = [share.values] if share is not None else []
        found = next((one[parameter.name] for one in [*places, self.globals.values] if parameter.name in one), None)
        return parameter.default if found is None else found

    def holds(self, name: str, share: Service | None = None) -> bool:
        """Whether a boolean parameter is set."""
        return bool(boolean(self.value(name, share)))

    def find(self, name: str) -> Service | None:
        return self.sections.get(squeezed(name))

    def shares(self) -> list[Service]:
        """The shares that are offered: those with a path that are not switched off."""
        return [
            one
            for one in self.sections.values()
            if self.holds("available", one) and (self.value("path", one) or squeezed(one.name) == "homes")
        ]


def load(files: Filesystem, path: str) -> Configuration:
    """The configuration of a file with what it includes. Raises ConfigurationFault where Samba would not load it."""
    reading = _Reading(files)
    entry = files.stat(path)
    if entry is None or entry.kind != "file":
        raise ConfigurationFault("")
    try:
        reading.read(entry.data, 0)
        reading.finish()
    except ConfigurationFault as fault:
        raise ConfigurationFault(
            "".join(f"{line}\n" for line in [*reading.found.warnings, *fault.args]).strip("\n")
        ) from fault
    reading.found.text = "".join(reading.lines)
    return reading.found


class _Reading:
    """One reading: the section that it is in goes on through the files that are included."""

    def __init__(self, files: Filesystem) -> None:
        self._files = files
        self.found = Configuration()
        self.lines: list[str] = []
        self._section: Service = self.found.globals

    def read(self, text: str, depth: int) -> None:
        for line in logical_lines(text):
            if line.startswith("["):
                name, bracket, _rest = line[1:].partition("]")
                if not bracket:
                    raise ConfigurationFault()
                self._begin(name)
                continue
            name, equals, value = line.partition("=")
            if not equals:
                continue
            if not name.strip():
                raise ConfigurationFault()
            if squeezed(name) == "include":
                self._include(value.strip(), depth)
            else:
                self._set(name.strip(), value.strip())

    def _include(self, path: str, depth: int) -> None:
        if depth >= _DEEPEST:
            raise ConfigurationFault(f"Error: Maximum include depth ({_DEEPEST}) exceeded!")
        entry = self._files.stat(path)
        if entry is not None and entry.kind == "file":
            self.read(entry.data, depth + 1)

    def _begin(self, name: str) -> None:
        self.finish()
        self.lines.append(f"[{name}]\n")
        if squeezed(name) in GLOBAL:
            self._section = self.found.globals
        else:
            self._section = self.found.sections.setdefault(squeezed(name), Service(name.strip()))

    def finish(self) -> None:
        """What Samba says about a section at its end."""
        section = self._section
        if section is self.found.globals:
            return
        if not squeezed(section.name):
            raise ConfigurationFault(
                "The following message indicates an internal error:\nNo service name in service entry."
            )
        if squeezed(section.name) == "printers" and not self.found.holds("printable", section):
            self.found.warnings.append(f"WARNING: [{section.name}] service MUST be printable!")
            section.values["printable"] = "yes"
        if not self.found.value("path", section) and squeezed(section.name) != "homes":
            self.found.warnings.append(f"WARNING: No path in service {section.name} - making it unavailable!")
            section.values["available"] = "no"
        if not self.found.holds("available", section):
            self.found.warnings.append(f"NOTE: Service {section.name} is flagged unavailable.")

    def _set(self, name: str, value: str) -> None:
        self.lines.append(f"\t{name} = {value}\n")
        if ":" in name:
            self._section.parametric[name] = value
            return
        parameter = table().get(squeezed(name))
        if parameter is None:
            self.found.warnings += [
                f'Unknown parameter encountered: "{name}"',
                f'Ignoring unknown parameter "{name}"',
            ]
            return
        if not parameter.of_shares and self._section is not self.found.globals:
            self.found.warnings.append(f"Global parameter {name} found in service section!")
            return
        if problem := value_problem(parameter, value):
            raise ConfigurationFault(problem)
        if parameter.name == "copy":
            self._copy(value)
        self._section.values[parameter.name] = _turned(value) if parameter.inverse else value

    def _copy(self, name: str) -> None:
        source = self.found.find(name)
        if source is None or source is self._section:
            raise ConfigurationFault(f"Unable to copy service - source not found: {name}")
        self._section.values.update({key: value for key, value in source.values.items() if key != "copy"})


def _turned(value: str) -> str:
    return "no" if boolean(value) else "yes"


def logical_lines(text: str) -> Iterator[str]:
    """The lines that say something: continued ones joined, blanks squeezed, comments left out."""
    pending = ""
    for raw in text.split("\n"):
        line = raw if pending else raw.lstrip()
        if not pending and line[:1] in ("", "#", ";"):
            continue
        pending = re.sub(r"\s\s+", lambda found: found[0][0], pending + line)
        if re.search(r"\\\s?$", pending):
            pending = re.sub(r"\\\s?$", "", pending)
            continue
        yield pending
        pending = ""
    if pending:
        yield pending


def dump(configuration: Configuration, name: str | None = None, parameter: Parameter | None = None) -> str:
    """What testparm prints: everything, or one section."""
    if parameter is not None:
        share = None if name is None else configuration.find(name)
        return f"{printed(parameter, configuration.value(parameter.name, share))}\n"
    if name is not None and squeezed(name) not in GLOBAL:
        share = configuration.find(name)
        return _section(configuration, share) if share is not None else ""
    main = configuration.globals
    own = {key: value for key, value in main.values.items() if not table()[squeezed(key)].of_shares}
    of_shares = {key: value for key, value in main.values.items() if key not in own}
    parametric = {"idmap config * : backend": "tdb"} | {_spaced(key): value for key, value in main.parametric.items()}
    body = "".join(_lines(own, {})) + "".join(f"\t{key} = {value}\n" for key, value in sorted(parametric.items()))
    text = f"# Global parameters\n[global]\n{body}{''.join(_lines(of_shares, {}))}"
    if name is not None:
        return text
    return text + "".join(f"\n\n{_section(configuration, one)}" for one in configuration.sections.values())


def _section(configuration: Configuration, share: Service) -> str:
    lines = "".join(_lines(share.values, configuration.globals.values))
    parametric = "".join(f"\t{_spaced(key)} = {value}\n" for key, value in sorted(share.parametric.items()))
    return f"[{share.name}]\n{lines}{parametric}"


def _spaced(name: str) -> str:
    """A parametric name as testparm has it: the backend of idmap with blanks around the colon, others without."""
    kind, _, option = (part.strip() for part in name.partition(":"))
    return f"{kind} : {option}" if kind.startswith("idmap config") else f"{kind}:{option}"


def _lines(values: Mapping[str, str], outer: Mapping[str, str]) -> Iterator[str]:
    """The values that differ from what would hold without them, by name."""
    for name in sorted(values):
        parameter = table()[squeezed(name)]
        default = outer.get(name, parameter.default)
        if name != "copy" and printed(parameter, values[name]) != (printed(parameter, default) if default else ""):
            yield f"\t{name} = {printed(parameter, values[name])}\n"
