"""What Debian and Ubuntu answer beyond the everyday programs: packages, services, network, locales."""

from __future__ import annotations

from phoenix_hypervisor.simulator.coreutils.common import program, running
from phoenix_hypervisor.simulator.debian import (
    apt,
    chrony,
    clock,
    dpkg,
    groupadd,
    hostname,
    locale,
    logrotate,
    names,
    network,
    passwords,
    setup,
    sysctl,
    systemctl,
    useradd,
    usermod,
    visudo,
)
from phoenix_hypervisor.simulator.debian.packages import PACKAGED
from phoenix_hypervisor.simulator.process import Process, Program

__all__ = ["PACKAGED", "PROGRAMS"]


def _detect_virt(process: Process, words: list[str]) -> int:
    container = process.files.exists("/dev/lxd") or getattr(process.machine, "ctid", None) is not None
    if "-q" not in words:
        process.say("lxc\n" if container else "none\n")
    return 0 if container else 1


_ROOMS = (
    chrony,
    dpkg,
    groupadd,
    hostname,
    locale,
    logrotate,
    names,
    network,
    passwords,
    sysctl,
    useradd,
    usermod,
    visudo,
)
_TOOLS = {name: tool for room in _ROOMS for name, tool in room.TOOLS.items()}
_RUNNING = apt.PROGRAMS | clock.PROGRAMS | network.PROGRAMS | setup.PROGRAMS | systemctl.PROGRAMS
PROGRAMS: dict[str, Program] = {
    **{name: program(name, tool) for name, tool in (_TOOLS | {"systemd-detect-virt": _detect_virt}).items()},
    **{name: running(name, started) for name, started in _RUNNING.items()},
}
