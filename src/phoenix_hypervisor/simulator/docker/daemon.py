"""dockerd: what it needs in order to start, and what it is set to."""

from __future__ import annotations

import json
from typing import Any

from phoenix_hypervisor.simulator.debian import units
from phoenix_hypervisor.simulator.docker.overlay import may_mount
from phoenix_hypervisor.simulator.process import Machine, Process

UNIT, FILE = "docker.service", "/etc/docker/daemon.json"
_KNOWN = """
bip bridge data-root debug default-address-pools default-runtime dns exec-opts experimental features group hosts
insecure-registries ip-forward iptables ip6tables ipv6 labels live-restore log-driver log-level log-opts mtu
registry-mirrors runtimes storage-driver storage-opts userland-proxy userns-remap
"""
_DIRECTIVES = frozenset(_KNOWN.split())
_DRIVERS = ("overlay2", "fuse-overlayfs", "btrfs", "zfs", "vfs")


class Refusal(Exception):
    """Why the daemon does not start, in its words."""


def settings(machine: Machine) -> dict[str, Any]:
    """What daemon.json says. Raises Refusal."""
    entry = machine.files.stat(FILE)
    if entry is None:
        return {}
    wrong = f"unable to configure the Docker daemon with file {FILE}"
    try:
        found = json.loads(entry.data)
    except ValueError as fault:
        raise Refusal(f"{wrong}: invalid character: {fault}") from fault
    if not isinstance(found, dict):
        raise Refusal(f"{wrong}: json: cannot unmarshal into Go value of type map[string]interface {{}}")
    unknown = [key for key in found if key not in _DIRECTIVES]
    if unknown:
        raise Refusal(f"{wrong}: the following directives don't match any configuration option: {', '.join(unknown)}")
    return found


def driver(machine: Machine) -> str:
    """The storage driver. Raises Refusal where the daemon does not start."""
    if not may_mount(machine):
        raise Refusal("failed to start daemon: Error initializing network controller: permission denied")
    wanted = str(settings(machine).get("storage-driver", ""))
    if wanted and wanted not in _DRIVERS:
        raise Refusal(f"failed to start daemon: error initializing graphdriver: {wanted}: driver not supported")
    return wanted or "overlay2"


def is_running(machine: Machine) -> bool:
    """Whether it answers."""
    try:
        driver(machine)
    except Refusal:
        return False
    return units.is_active(machine, UNIT)


def dockerd(process: Process, words: list[str]) -> int:
    """The start of the daemon: it goes on where nothing keeps it from that."""
    unknown = [word for word in words if word.startswith("-") and word not in ("-H", "--validate")]
    if unknown:
        process.complain(f"unknown flag: {unknown[0]}\nSee 'dockerd --help'.\n")
        return 125
    try:
        driver(process.machine)
    except Refusal as refusal:
        process.complain(f"{refusal}\n")
        return 1
    return 0
