"""One call of a stand-in: ``python3 -m standin TOOL ARGUMENTS``."""

from __future__ import annotations

import socket
import sys
from collections.abc import Mapping, Sequence

from phoenix_hypervisor.command import Result
from phoenix_hypervisor.simulator import pveam, pvesm, tool
from phoenix_hypervisor.simulator.access import commands as pveum
from phoenix_hypervisor.simulator.call import Handler
from phoenix_hypervisor.simulator.pct import commands as pct
from phoenix_hypervisor.simulator.process import Program

from . import containers
from .node import LabNode

_HANDLERS: Mapping[str, Mapping[str, Handler]] = {
    "pct": {**pct.HANDLERS, **containers.HANDLERS},
    "pveam": pveam.HANDLERS,
    "pvesm": pvesm.HANDLERS,
    "pveum": pveum.HANDLERS,
}
TOOLS = (*_HANDLERS, "pveversion")


def call(node: LabNode, argv: Sequence[str], stdin: str = "") -> Result:
    """Run one command of Proxmox's over the machine; what simulated time it would spend is not waited for."""
    process = node.start(argv, stdin)
    running = _program(node, argv[0])(process)
    try:
        while True:
            next(running)
    except StopIteration as end:
        rc = int(end.value)
    return Result(rc, "".join(process.out), "".join(process.err))


def _program(node: LabNode, name: str) -> Program:
    return tool.program(node, name, 0.0, _HANDLERS[name]) if name in _HANDLERS else pveam.version(node)


def main(words: Sequence[str]) -> int:
    node = LabNode(socket.gethostname().partition(".")[0])
    done = call(node, words)
    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr)
    return done.rc
