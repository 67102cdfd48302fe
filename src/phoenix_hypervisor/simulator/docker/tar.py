"""tar, as far as an archive of a few files goes to a pipe."""

from __future__ import annotations

from phoenix_hypervisor.simulator.coreutils.common import Fault, Options, absolute
from phoenix_hypervisor.simulator.debian import dpkg
from phoenix_hypervisor.simulator.models import archives
from phoenix_hypervisor.simulator.process import Process

MAGIC = "ustar\x00"
_LONG = {
    "create": "c",
    "dereference": "h",
    "directory": "C",
    "extract": "x",
    "file": "f",
    "no-same-owner": "o",
    "strip-components": "s",
}


def tar(process: Process, words: list[str]) -> int:
    """``tar -c [-h] -f - [-C FOLDER] FILE…``, ``tar -x -f ARCHIVE -C FOLDER``."""
    known = "ch" if "-" in words else "cxho"  # nothing is unpacked from a pipe here
    options = Options("tar", words, known, "fCs", _LONG)
    if "x" in options:
        return _extract(process, options)
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


def _extract(process: Process, options: Options) -> int:
    """Unpack an archive that its makers publish."""
    entry = process.files.stat(absolute(process, options.last("f")))
    folder = absolute(process, options.last("C", "."))
    if entry is None:
        raise Fault(f"{options.last('f')}: Cannot open: No such file or directory\ntar: Error is not recoverable", 2)
    if entry.data.startswith(archives.ZSTD) and "zstd" not in dpkg.installed(process.files):
        raise Fault("zstd: Cannot exec: No such file or directory\ntar: Error is not recoverable: exiting now", 2)
    try:
        found = archives.unpacked(entry.data)
    except ValueError as wrong:
        raise Fault("This does not look like a tar archive\ntar: Exiting with failure status", 2) from wrong
    for path, data in found.items():
        name = "/".join(path.split("/")[int(options.last("s", "0")) :])
        process.files.mkdir(f"{folder}/{name}".rpartition("/")[0], parents=True)
        process.files.write(f"{folder}/{name}", data, mode=0o755)
    return 0
