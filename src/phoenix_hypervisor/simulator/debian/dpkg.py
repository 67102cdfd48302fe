"""dpkg's status file, and the programs that read it."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from phoenix_hypervisor.simulator.coreutils.common import Fault, Options, Tool
from phoenix_hypervisor.simulator.filesystem import Filesystem
from phoenix_hypervisor.simulator.process import Process

STATUS = "/var/lib/dpkg/status"
Fields = dict[str, str]


def read(files: Filesystem) -> dict[str, Fields]:
    """The packages that dpkg knows, by name."""
    entry = files.stat(STATUS)
    found: dict[str, Fields] = {}
    for block in re.split(r"\n\s*\n", entry.data if entry else ""):
        fields: Fields = {}
        for line in block.splitlines():
            if not line.startswith(" "):
                key, _, value = line.partition(":")
                fields[key] = value.strip()
        if "Package" in fields:
            found[fields["Package"]] = fields
    return found


def write(files: Filesystem, packages: dict[str, Fields]) -> None:
    """Put the packages into the status file, sorted by name."""
    blocks = ("".join(f"{key}: {value}\n" for key, value in packages[name].items()) for name in sorted(packages))
    files.mkdir("/var/lib/dpkg", parents=True)
    files.write(STATUS, "\n".join(blocks))


def is_installed(fields: Fields) -> bool:
    return fields.get("Status", "").endswith(" installed")


def installed(files: Filesystem) -> dict[str, str]:
    """The versions of what is installed, by name."""
    return {name: fields.get("Version", "") for name, fields in read(files).items() if is_installed(fields)}


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
    long = {"show": "W", "showformat": "f", "list": "l", "status": "s", "admindir": "A"}
    options = Options("dpkg-query", words, "Wls", "fA", long, usage=2)
    if "s" in options:
        return _status(process, options.operands)
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
            process.say("".join(f"{key}: {value}\n" for key, value in known[name].items()) + "\n")
        else:
            process.complain(f"dpkg-query: package '{name}' is not installed and no information is available\n")
            status = 1
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
    if first == "--print-foreign-architectures" or first == "--configure":
        return 0
    if first in ("-l", "--list", "-s", "--status", "-W"):
        return _dpkg_query(process, words)
    if first == "--compare-versions" and len(words) == 4:
        return int(not _compare(words[1], words[2], words[3]))
    raise Fault("error: need an action option", 2)


def _order(version: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.findall(r"[0-9]+|[^0-9]+", version)]


def _compare(left: str, operator: str, right: str) -> bool:
    first, second = _order(left), _order(right)
    return {
        "lt": first < second,
        "le": first <= second,
        "eq": first == second,
        "ne": first != second,
        "ge": first >= second,
        "gt": first > second,
    }.get(operator, False)


TOOLS: dict[str, Tool] = {"dpkg-query": _dpkg_query, "dpkg": _dpkg}
