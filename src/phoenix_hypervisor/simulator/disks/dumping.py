"""``od`` of block devices: whether a part of one holds anything. Source: coreutils 9.7, od(1)."""

from __future__ import annotations

from phoenix_hypervisor.simulator.disks.devices import Disks
from phoenix_hypervisor.simulator.disks.wording import Given, Refused, guarded
from phoenix_hypervisor.simulator.process import Process, Program, Run

_SECONDS = 0.002
_ZEROS = " 000000" * 8 + "\n*\n"
_BYTES = " 000000" * 7 + " 101733\n"


def od(disks: Disks) -> Program:
    """``od -An [-j SKIP] -N COUNT DEVICE``; what is not zero is shown as one line."""

    def run(process: Process, /) -> Run:
        yield _SECONDS
        given = Given(process, "A:j:N:", {})
        if len(given.names) != 1 or given.last("A") != "n" or not given.has("N"):
            raise Refused("od: only od -An -N COUNT DEVICE is simulated")
        device = disks.at(given.names[0])
        if device is None:
            raise Refused(f"od: {given.names[0]}: No such file or directory")
        process.say(_BYTES if device.signatures or device.residue else _ZEROS)
        return 0

    return guarded(run)
