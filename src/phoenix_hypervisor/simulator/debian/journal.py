"""journalctl, for the words of units that ended: what their programs wrote to standard output and error."""

from __future__ import annotations

from phoenix_hypervisor.simulator.coreutils.common import Fault, Options
from phoenix_hypervisor.simulator.debian.units import full
from phoenix_hypervisor.simulator.process import Machine, Process

FOLDER = "/run/log/journal"
_LONG = {
    "unit": "u", "lines": "n", "output": "o", "no-pager": "p", "boot": "b", "follow": "f", "reverse": "r",
    "pager-end": "e", "catalog": "x", "quiet": "q",
}  # fmt: skip


def write(machine: Machine, unit: str, text: str) -> None:
    """Add lines to what a unit has said."""
    path = f"{FOLDER}/{unit}"
    machine.files.mkdir(FOLDER, parents=True)
    before = machine.files.stat(path)
    machine.files.write(path, (before.data if before else "") + text)


def _journalctl(process: Process, words: list[str]) -> int:
    options = Options("journalctl", words, "pbfrexq", "uno", _LONG)
    if options.operands or "f" in options:
        raise Fault(f"Failed to add match '{' '.join(options.operands)}': Invalid argument")
    if options.last("o", "short") not in ("short", "cat"):
        raise Fault(f"Unknown output format '{options.last('o')}'.")
    entry = process.files.stat(f"{FOLDER}/{full(options.last('u'))}") if "u" in options else None
    lines = entry.data.splitlines() if entry else []
    count = options.last("n", str(len(lines)) or "0")
    if not count.isdecimal():
        raise Fault(f"Failed to parse lines '{count}'")
    shown = lines[-int(count) :] if int(count) else []
    process.say("".join(f"{line}\n" for line in shown) or "-- No entries --\n")
    return 0


TOOLS = {"journalctl": _journalctl}
