"""getent: accounts and hosts by name or number."""

from __future__ import annotations

from phoenix_hypervisor.simulator.coreutils.common import Fault, Tool
from phoenix_hypervisor.simulator.debian import accountfiles as book
from phoenix_hypervisor.simulator.debian import network
from phoenix_hypervisor.simulator.process import Process

_MISSING, _NOT_ENUMERABLE = 2, 3
_ACCOUNTS = {"passwd": book.PASSWD, "group": book.GROUP, "shadow": book.SHADOW, "gshadow": book.GSHADOW}
_FIELDS = {"passwd": 7, "group": 4, "shadow": 9, "gshadow": 4}


def _getent(process: Process, words: list[str]) -> int:
    database, names = (words[0], words[1:]) if words else ("", [])
    if database in _ACCOUNTS:
        return _account(process, database, names)
    if database not in ("hosts", "ahosts", "ahostsv4", "ahostsv6"):
        text = f"Unknown database: {database}" if database else "wrong number of arguments"
        raise Fault(f"{text}\nTry `getent --help' for more information.", 1)
    if not names:
        entry = process.files.stat("/etc/hosts") if database == "hosts" else None
        rows = (line.partition("#")[0].split() for line in (entry.data if entry else "").splitlines())
        process.say("".join(f"{row[0]:<15} {' '.join(row[1:])}\n" for row in rows if len(row) > 1))
        return 0 if database == "hosts" else _NOT_ENUMERABLE
    status = 0
    for name in names:
        found = network.address_of(process, name)
        if not found:
            status = _MISSING
        elif database == "hosts":
            process.say(f"{found:<15} {name}\n")
        else:
            process.say("".join(f"{found:<15} {kind:<6} {name}\n" for kind in ("STREAM", "DGRAM", "RAW")))
    return status


def _account(process: Process, database: str, names: list[str]) -> int:
    rows = [row for row in book.rows(process.files, _ACCOUNTS[database]) if len(row) == _FIELDS[database]]
    if not names:
        process.say("".join(":".join(row) + "\n" for row in rows))
        return 0
    status, numbered = 0, database in ("passwd", "group")
    for name in names:
        row = next((row for row in rows if row[0] == name or (numbered and name.isdecimal() and row[2] == name)), None)
        if row is None:
            status = _MISSING
        else:
            process.say(":".join(row) + "\n")
    return status


TOOLS: dict[str, Tool] = {"getent": _getent}
