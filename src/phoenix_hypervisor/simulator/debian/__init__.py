"""What Debian and Ubuntu answer beyond the everyday programs: packages, services, network, locales."""

from __future__ import annotations

from phoenix_hypervisor.simulator.coreutils.common import program, running
from phoenix_hypervisor.simulator.debian import apt, clock, dpkg, locale, network, systemctl
from phoenix_hypervisor.simulator.process import Process, Program


def _detect_virt(process: Process, words: list[str]) -> int:
    container = process.files.exists("/dev/lxd") or getattr(process.machine, "ctid", None) is not None
    if "-q" not in words:
        process.say("lxc\n" if container else "none\n")
    return 0 if container else 1


_TOOLS = dpkg.TOOLS | network.TOOLS | locale.TOOLS | {"systemd-detect-virt": _detect_virt}
PROGRAMS: dict[str, Program] = {
    **{name: program(name, tool) for name, tool in _TOOLS.items()},
    **{name: running(name, started) for name, started in (apt.PROGRAMS | clock.PROGRAMS | systemctl.PROGRAMS).items()},
}
