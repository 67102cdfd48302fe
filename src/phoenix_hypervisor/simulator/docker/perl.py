"""perl as far as it only asks the kernel for a procfs of its own (fsopen, fsmount) and opens a file in it."""

from __future__ import annotations

import re

from phoenix_hypervisor.simulator.docker.overlay import may_mount
from phoenix_hypervisor.simulator.process import Process

_FSCONFIG = re.compile(r'if \(syscall\(431, [^)]*\)\) { print "(\w+)"; exit }')


def perl(process: Process, words: list[str]) -> int:
    """``perl -e PROGRAM``: a container that may not mount is told so at fsconfig; elsewhere everything is allowed."""
    program = words[1] if words[:1] == ["-e"] and len(words) == 2 else ""
    refused = _FSCONFIG.search(program)
    if refused is None:
        process.complain("perl: only the mounting of a procfs is simulated\n")
        return 2
    if not may_mount(process.machine):
        process.say(refused[1])
    return 0
