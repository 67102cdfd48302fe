"""The everyday programs of a Debian system, over simulated files."""

from __future__ import annotations

from phoenix_hypervisor.simulator.coreutils import changing, find, looking, running, searching, sed, sums, system, text
from phoenix_hypervisor.simulator.coreutils.common import program
from phoenix_hypervisor.simulator.process import Program

_TOOLS = changing.TOOLS | looking.TOOLS | text.TOOLS | sums.TOOLS | searching.TOOLS | sed.TOOLS | system.TOOLS
PROGRAMS: dict[str, Program] = {
    **{name: program(name, tool) for name, tool in _TOOLS.items()},
    **find.PROGRAMS,
    **running.PROGRAMS,
}
