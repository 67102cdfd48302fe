"""What apt knows from its lists: which versions there are and where; nothing of an archive before an update."""

from __future__ import annotations

import re
from dataclasses import dataclass

from phoenix_hypervisor.simulator.debian import archives, dpkg, sources, versions
from phoenix_hypervisor.simulator.debian.sources import Source
from phoenix_hypervisor.simulator.filesystem import Filesystem
from phoenix_hypervisor.simulator.process import Machine

FOLDER = "/var/lib/apt/lists"
STATES = "/var/lib/apt/extended_states"


@dataclass(frozen=True)
class Known:
    """A version of a package, and the source that has it."""

    version: str
    source: Source


def write(files: Filesystem, source: Source, packages: dict[str, str]) -> None:
    text = "\n".join(f"Package: {name}\nVersion: {version}\n" for name, version in packages.items())
    files.write(f"{FOLDER}/{source.index}", text)


def read(machine: Machine) -> dict[str, list[Known]]:
    """The versions in the lists of the sources in force, by name. Raises Fault where the sources cannot be read."""
    found: dict[str, list[Known]] = {}
    for source in sources.read(machine.files):
        entry = machine.files.stat(f"{FOLDER}/{source.index}")
        for name, version in re.findall(r"^Package: (.*)\nVersion: (.*)$", entry.data if entry else "", re.MULTILINE):
            found.setdefault(name, []).append(Known(version, source))
    return found


def candidate(lists: dict[str, list[Known]], name: str, installed: str = "") -> str:
    """The newest version that there is; what is installed counts."""
    known = [one.version for one in lists.get(name, ())]
    return versions.newest([*known, installed] if installed else known) if known or installed else ""


def release_of(machine: Machine, source: Source | None) -> str:
    """What ``apt-get -s`` names the release: ``Debian:13.7/stable``."""
    point = machine.files.stat("/etc/debian_version")
    number = point.data.strip() if point else ""
    if source is None:
        return "now"
    archive = archives.find(source)
    label = {"debian": "Debian", "pve": "Proxmox", "docker": "Docker CE"}.get(archive.collection if archive else "", "")
    if label != "Debian":
        return f"{label}:{source.suite}/{source.suite}"
    return f"Debian:{number}/{archives.DEBIAN_SUITES.get(source.suite, source.suite)}"


def automatic(files: Filesystem) -> set[str]:
    """The packages that came only because others need them."""
    entry = files.stat(STATES)
    blocks = re.split(r"\n\n", entry.data if entry else "")
    names = (re.search(r"^Package: (.*)$", block, re.MULTILINE) for block in blocks if "Auto-Installed: 1" in block)
    return {found[1] for found in names if found}


def set_automatic(files: Filesystem, names: set[str]) -> None:
    blocks = [f"Package: {name}\nArchitecture: amd64\nAuto-Installed: 1\n" for name in sorted(names)]
    files.mkdir("/var/lib/apt", parents=True)
    files.write(STATES, "\n".join(blocks))


def upgradable(machine: Machine) -> dict[str, str]:
    """The versions to which installed packages can be brought, by name; held ones are among them."""
    lists, present = read(machine), dpkg.installed(machine.files)
    newer = {name: candidate(lists, name, version) for name, version in present.items()}
    return {name: version for name, version in newer.items() if version != present[name]}


def held(files: Filesystem) -> set[str]:
    return {name for name, fields in dpkg.read(files).items() if fields.get("Status", "").startswith("hold ")}
