"""tar, as far as an archive of a few files goes to a pipe."""

from __future__ import annotations

from phoenix_hypervisor.simulator.coreutils.common import Fault, Options, absolute
from phoenix_hypervisor.simulator.process import Process

MAGIC = "ustar\x00"


def tar(process: Process, words: list[str]) -> int:
    """``tar -c [-h] -f - [-C FOLDER] FILE…``."""
    options = Options("tar", words, "ch", "fC", {"create": "c", "dereference": "h", "file": "f", "directory": "C"})
    if "c" not in options or options.last("f") != "-":
        raise Fault("You must specify one of the '-Acdtrux', '--delete' or '--test-label' options", 2)
    if not options.operands:
        raise Fault("Cowardly refusing to create an empty archive", 2)
    folder = absolute(process, options.last("C", "."))
    for name in options.operands:
        entry = process.files.stat(f"{folder}/{name}")
        if entry is None:
            raise Fault(f"{name}: Cannot stat: No such file or directory", 2)
        process.say(f"{MAGIC}{name}\n{entry.data}")
    return 0
