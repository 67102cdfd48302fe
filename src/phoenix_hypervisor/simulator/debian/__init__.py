"""What Debian and Ubuntu answer beyond the everyday programs: packages, services, network, locales.

Every module here that has ``TOOLS`` or ``PROGRAMS`` brings programs.
"""

from __future__ import annotations

import importlib
import pkgutil

from phoenix_hypervisor.simulator.coreutils.common import program, running
from phoenix_hypervisor.simulator.debian.packages import PACKAGED
from phoenix_hypervisor.simulator.process import Process, Program

__all__ = ["PACKAGED", "PROGRAMS"]


def _detect_virt(process: Process, words: list[str]) -> int:
    container = process.files.exists("/dev/lxd") or getattr(process.machine, "ctid", None) is not None
    if "-q" not in words:
        process.say("lxc\n" if container else "none\n")
    return 0 if container else 1


_ROOMS = [vars(importlib.import_module(each.name)) for each in pkgutil.iter_modules(__path__, f"{__name__}.")]
PROGRAMS: dict[str, Program] = {
    "systemd-detect-virt": program("systemd-detect-virt", _detect_virt),
    **{name: program(name, tool) for room in _ROOMS for name, tool in room.get("TOOLS", {}).items()},
    **{name: running(name, started) for room in _ROOMS for name, started in room.get("PROGRAMS", {}).items()},
}
