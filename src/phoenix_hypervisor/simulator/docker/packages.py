"""Which packages bring which of the programs here: some are in one package or in another."""

from __future__ import annotations

import re

from phoenix_hypervisor.simulator.debian import dpkg
from phoenix_hypervisor.simulator.process import Machine

_BRING = {
    "docker": ("docker-ce-cli", "docker-cli"),
    "dockerd": ("docker-ce", "docker.io"),
    "gpg": ("gpg", "gnupg"),
    "nvidia-ctk": ("nvidia-container-toolkit",),
}
COMPOSE = ("docker-compose-plugin", "docker-compose-v2", "docker-compose")
_APART = re.compile(r"^VERSION_CODENAME=(trixie|forky|sid)$", re.MULTILINE)
"""Releases in which the command line is not in docker.io."""


def is_there(machine: Machine, name: str) -> bool:
    """Whether a program is there; true for those of others."""
    if name not in _BRING:
        return True
    present = dpkg.installed(machine.files)
    if name == "docker" and "docker.io" in present and not _is_apart(machine):
        return True
    return any(package in present for package in _BRING[name])


def compose(machine: Machine) -> str:
    """The version of the plugin, as it tells it; empty where there is none."""
    present = dpkg.installed(machine.files)
    found = [name for name in COMPOSE if name in present and (name != "docker-compose" or _is_apart(machine))]
    return re.split(r"[-+]", present[found[0]])[0] if found else ""


def engine(machine: Machine) -> str:
    """The version of the daemon, as it tells it; empty where there is none."""
    present = dpkg.installed(machine.files)
    found = present.get("docker-ce") or present.get("docker.io") or ""
    return re.split(r"[-~]", found.partition(":")[2] or found)[0]


def _is_apart(machine: Machine) -> bool:
    entry = machine.files.stat("/etc/os-release")
    return entry is not None and _APART.search(entry.data) is not None
