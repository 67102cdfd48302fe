"""The everyday programs of a Debian system, over simulated files."""

from __future__ import annotations

from phoenix_hypervisor.simulator.coreutils import (
    changing,
    common,
    find,
    looking,
    running,
    searching,
    sed,
    sums,
    system,
    text,
)
from phoenix_hypervisor.simulator.process import Program

_TOOLS = changing.TOOLS | looking.TOOLS | text.TOOLS | sums.TOOLS | searching.TOOLS | sed.TOOLS | system.TOOLS
_RUNNING = find.PROGRAMS | running.PROGRAMS
PROGRAMS: dict[str, Program] = {
    **{name: common.program(name, tool) for name, tool in _TOOLS.items()},
    **{name: common.running(name, program) for name, program in _RUNNING.items()},
}
