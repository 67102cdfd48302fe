"""The everyday programs of a Debian system, over simulated files."""

from __future__ import annotations

from phoenix_hypervisor.simulator.coreutils import (
    changing,
    common,
    dates,
    find,
    keys,
    looking,
    moving,
    ordering,
    owning,
    running,
    searching,
    sed,
    sums,
    system,
    text,
)
from phoenix_hypervisor.simulator.process import Program

_ROOMS = (changing, dates, keys, looking, moving, ordering, owning, searching, sed, sums, system, text)
_TOOLS = {name: tool for room in _ROOMS for name, tool in room.TOOLS.items()}
_RUNNING = find.PROGRAMS | running.PROGRAMS
PROGRAMS: dict[str, Program] = {
    **{name: common.program(name, tool) for name, tool in _TOOLS.items()},
    **{name: common.running(name, program) for name, program in _RUNNING.items()},
}
