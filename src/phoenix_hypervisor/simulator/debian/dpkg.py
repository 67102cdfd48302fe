"""dpkg's status file, and the programs that read it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache

from phoenix_hypervisor.simulator.coreutils.common import Fault, Options, Tool
from phoenix_hypervisor.simulator.debian.packages import PACKAGED
from phoenix_hypervisor.simulator.debian.versions import order
from phoenix_hypervisor.simulator.filesystem import Filesystem
from phoenix_hypervisor.simulator.process import Process

STATUS = "/var/lib/dpkg/status"
LOCK = "/var/lib/dpkg/lock-frontend"
_JOURNAL = "/var/lib/dpkg/updates"
INTERRUPTED = "dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem."
Fields = dict[str, str]


def read(files: Filesystem) -> dict[str, Fields]:
    """The packages that dpkg knows, by name."""
    return {name: dict(fields) for name, fields in _known(files).items()}


def _known(files: Filesystem) -> Mapping[str, Mapping[str, str]]:
    entry = files.stat(STATUS)
    return _packages(entry.data if entry else "")


@lru_cache(maxsize=16)
def _packages(text: str) -> dict[str, Fields]:
    """The packages of a status file, which are not to be changed."""
    found: dict[str, Fields] = {}
    for block in re.split(r"\n\s*\n", text):
        fields: Fields = {}
        key = ""
        for line in block.splitlines():
            if line.startswith(" "):
                fields[key] = f"{fields.get(key, '')}\n{line}"
            else:
                key, _, value = line.partition(":")
                fields[key] = value.strip()
        if "Package" in fields:
            found[fields["Package"]] = fields
    return found


def write(files: Filesystem, packages: dict[str, Fields]) -> None:
    """Put the packages into the status file, sorted by name."""
    blocks = (_block(packages[name]) for name in sorted(packages))
    files.mkdir("/var/lib/dpkg", parents=True)
    files.write(STATUS, "\n".join(blocks))


def _block(fields: Fields) -> str:
    return "".join(f"{key}:{'' if value.startswith(chr(10)) else ' '}{value}\n" for key, value in fields.items())


def is_interrupted(files: Filesystem) -> bool:
    """Whether dpkg was ended amid its work: what it had noted of it is still there."""
    return bool(files.glob(f"{_JOURNAL}/[0-9]*"))


def finish(files: Filesystem) -> None:
    """What was noted is taken over."""
    for path in files.glob(f"{_JOURNAL}/[0-9]*"):
        files.remove(path)


def is_installed(fields: Mapping[str, str]) -> bool:
    return fields.get("Status", "").endswith(" installed")


def installed(files: Filesystem) -> dict[str, str]:
    """The versions of what is installed, by name."""
    return {name: fields.get("Version", "") for name, fields in _known(files).items() if is_installed(fields)}


def brings(files: Filesystem, program: str) -> bool:
    """Whether a program is there: what a package brings is there while that package is installed."""
    package = PACKAGED.get(program)
    if package is None:
        return True
    status = files.stat(STATUS)
    return status is not None and f"Package: {package}\nStatus: install ok installed\n" in status.data


def entry(name: str, version: str, status: str = "install ok installed") -> Fields:
    """The block of one package."""
    return {"Package": name, "Status": status, "Architecture": "amd64", "Version": version, "Description": name}


_DEFAULT = "${binary:Package}\t${Version}\n"


def _field(fields: Fields, name: str) -> str:
    words = fields.get("Status", "").split()
    if name in ("binary:Package", "Package"):
        return fields["Package"]
    if name == "db:Status-Status":
        return words[2] if len(words) > 2 else ""
    if name == "db:Status-Want":
        return words[0] if words else ""
    if name == "db:Status-Abbrev":
        return "ii " if is_installed(fields) else "rc " if words[2:] == ["config-files"] else "un "
    return fields.get(name, "")


def _formatted(format_: str, fields: Fields) -> str:
    plain = format_.replace("\\n", "\n").replace("\\t", "\t")
    return re.sub(r"\$\{([^};]+)(?:;(-?[0-9]+))?\}", lambda found: _padded(_field(fields, found[1]), found[2]), plain)


def _padded(text: str, width: str | None) -> str:
    if not width:
        return text
    size = int(width)
    return text[: abs(size)].ljust(-size) if size < 0 else text[:size].rjust(size)


def _dpkg_query(process: Process, words: list[str]) -> int:
    long = {"show": "W", "showformat": "f", "list": "l", "status": "s", "admindir": "A", "listfiles": "L"}
    options = Options("dpkg-query", words, "WlsL", "fA", long, usage=2)
    if "s" in options:
        return _status(process, options.operands)
    if "L" in options:
        return _files(process, options.operands)
    if "l" in options:
        return _list(process, options.operands)
    if "W" not in options:
        raise Fault("error: need an action option\n\nUse --help for help about querying packages.", 2)
    known = read(process.files)
    status = 0
    chosen: dict[str, Fields] = {}
    for pattern in options.operands or ["*"]:
        pattern = pattern.partition(":")[0]
        matching = {name: fields for name, fields in known.items() if fnmatchcase(name, pattern)}
        chosen |= matching
        if not matching:
            process.complain(f"dpkg-query: no packages found matching {pattern}\n")
            status = 1
    for name in sorted(chosen):
        process.say(_formatted(options.last("f", _DEFAULT).removeprefix("="), chosen[name]))
    return status


def _status(process: Process, names: list[str]) -> int:
    known, status = read(process.files), 0
    for name in names:
        if name in known:
            process.say(f"{_block(known[name])}\n")
        else:
            process.complain(f"dpkg-query: package '{name}' is not installed and no information is available\n")
            status = 1
    return status


def _files(process: Process, names: list[str]) -> int:
    known, status = read(process.files), 0
    for name in names:
        if name not in known:
            process.complain(f"dpkg-query: package '{name}' is not installed\n")
            status = 1
            continue
        conffiles = [line.split()[0] for line in known[name].get("Conffiles", "").splitlines() if line.strip()]
        process.say("".join(f"{path}\n" for path in ("/.", *conffiles)))
    return status


def _list(process: Process, names: list[str]) -> int:
    known, status = read(process.files), 0
    for pattern in names or ["*"]:
        chosen = [name for name in sorted(known) if fnmatchcase(name, pattern)]
        for name in chosen:
            abbreviation = _field(known[name], "db:Status-Abbrev")
            process.say(f"{abbreviation} {name} {known[name].get('Version', '')} amd64 {name}\n")
        if not chosen:
            process.complain(f"dpkg-query: no packages found matching {pattern}\n")
            status = 1
    return status


def _dpkg(process: Process, words: list[str]) -> int:
    first = words[0] if words else ""
    if first == "--print-architecture":
        process.say("amd64\n")
        return 0
    if first in ("--print-foreign-architectures", "--audit", "-C"):
        return 0
    if first in ("-l", "--list", "-s", "--status", "-W", "-L", "--listfiles"):
        return _dpkg_query(process, words)
    if first == "--compare-versions":
        if len(words) != 4:
            raise Fault("error: --compare-versions takes three arguments: <version> <relation> <version>", 2)
        return int(not _compare(words[1], words[2], words[3]))
    raise Fault("error: need an action option", 2)


_RELATIONS: dict[str, Callable[[int], bool]] = {
    "lt": lambda order: order < 0, "<<": lambda order: order < 0,
    "le": lambda order: order <= 0, "<=": lambda order: order <= 0, "<": lambda order: order <= 0,
    "eq": lambda order: order == 0, "=": lambda order: order == 0,
    "ne": lambda order: order != 0,
    "ge": lambda order: order >= 0, ">=": lambda order: order >= 0, ">": lambda order: order >= 0,
    "gt": lambda order: order > 0, ">>": lambda order: order > 0,
}  # fmt: skip


def _compare(left: str, relation: str, right: str) -> bool:
    if relation not in _RELATIONS:
        raise Fault("error: --compare-versions bad relation", 2)
    return _RELATIONS[relation](order(left, right))


TOOLS: dict[str, Tool] = {"dpkg-query": _dpkg_query}
"""``dpkg`` itself also sets packages up: see setup."""
answer = _dpkg
