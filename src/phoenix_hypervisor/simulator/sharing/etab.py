"""The exports in force: ``/var/lib/nfs/etab``, made from ``/etc/exports`` and ``/etc/exports.d/*.exports``."""

from __future__ import annotations

import errno
import ipaddress
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from phoenix_hypervisor.simulator.filesystem import Filesystem
from phoenix_hypervisor.simulator.process import Machine
from phoenix_hypervisor.simulator.sharing.exports import (
    Export,
    ExportFault,
    Line,
    added,
    escaped,
    lines,
)  # fmt: skip

ETAB, MAIN, FOLDER = "/var/lib/nfs/etab", "/etc/exports", "/etc/exports.d"
Complain = Callable[[str], None]


def in_force(files: Filesystem) -> list[Export]:
    """The exports of etab, in exportfs's order."""
    entry = files.stat(ETAB)
    found = [
        Export(line.words[0], client, flags=0).with_options(options)
        for line in lines(entry.data if entry else "")
        for client, _, options in (word.rstrip(")").partition("(") for word in line.words[1:])
    ]
    return added(found)


def write(files: Filesystem, exports: list[Export]) -> None:
    """Put the exports into etab."""
    files.mkdir(ETAB.rpartition("/")[0], parents=True)
    files.write(ETAB, "".join(f"{escaped(one.path)}\t{one.client}({one.record})\n" for one in exports))


class Reader:
    """Reads the files of exports; ``failed`` tells whether something in them was wrong enough for exit status 1."""

    def __init__(self, machine: Machine, complain: Complain) -> None:
        self._machine, self._files = machine, machine.files
        self._complain = complain
        self._found: dict[tuple[str, str], Export] = {}
        self.failed = False

    def read(self) -> list[Export]:
        """The exports of all the files, in exportfs's order."""
        for path in [MAIN, *self._files.glob(f"{FOLDER}/*.exports")]:
            entry = self._files.stat(path)
            if entry is None or entry.kind != "file":
                self._complain(f"can't open {path} for reading\n")
                continue
            for export in self._of_file(path, entry.data):
                self._add(export)
        return added(list(self._found.values()))

    def _of_file(self, path: str, text: str) -> Iterator[Export]:
        """The exports of a file up to the first mistake: what follows one is not read."""
        for line in lines(text):
            try:
                yield from self._of_line(line)
            except ExportFault as fault:
                place = f"{path}: {line.number}:" if str(fault).startswith(" ") else f"{path}:{line.number}: "
                self._complain(f"{'' if str(fault).startswith('unknown flavor') else place}{fault}\n")
                self.failed = True
                return

    def _of_line(self, line: Line) -> Iterator[Export]:
        folder, clients = line.words[0], list(line.words[1:])
        default = Export(self._real(folder), "")
        if clients and clients[0].startswith("-"):
            default = default.with_options(clients.pop(0)[1:])
        defaulted = default != Export(default.path, "")
        for word in clients or [""]:
            client, parenthesis, options = word.partition("(")
            if parenthesis and not client:
                self._complain(f"No host name given with {folder} {word}, suggest *{word} to avoid warning\n")
                client = "*"
            if parenthesis and not re.fullmatch(r"[^)]*\)", options):
                raise ExportFault("syntax error: bad option list")
            if not parenthesis and not defaulted:
                self._complain(f"No options for {folder} {word}: suggest {word}(sync) to avoid warning\n")
            yield replace(default, client=client).with_options(options.removesuffix(")"))

    def _real(self, path: str) -> str:
        return self._files.resolve(path) if self._files.exists(path) else path

    def _add(self, export: Export) -> None:
        if problem := client_problem(self._machine, export):
            self._complain(f"{problem}\n")
            self._complain(f"{problem}\n")
            return
        before = self._found.get((export.client, export.path))
        if before is None:
            self._found[export.client, export.path] = export
            return
        self.failed = True
        where = f"\t{export.client}:{export.path}"
        if before.flags == export.flags:
            for text in ("duplicated export entries:", where, where):
                self._complain(f"{text}\n")
        else:
            self._complain("incompatible duplicated export entries:\n")
            self._complain(f"{where} (0x{export.flags:x}) [IGNORED]\n")
            self._complain(f"{where} (0x{before.flags:x})\n")


def path_problem(files: Filesystem, path: str) -> str:
    """Why nobody will be able to mount a path; empty when somebody will."""
    entry = files.stat(path)
    if entry is None:
        return f"Failed to stat {path}: {os.strerror(errno.ENOENT)}"
    return "" if entry.kind == "directory" else f"{path} is not a directory. Remote access will fail"


def client_problem(machine: Machine, export: Export) -> str:
    """Why a client is nobody; empty when it is somebody."""
    client = export.client
    if export.kind == 1:
        address, _, prefix = client.partition("/")
        try:
            ipaddress.ip_address(address)
        except ValueError:
            return f"Invalid IP address: {address}"
        try:
            ipaddress.ip_network(client, strict=False)
        except ValueError:
            return f"Invalid prefix '{prefix}' for {address}"
    if export.kind == 0 and address_of(machine, client) is None:
        return f"Failed to resolve {client}"
    return ""


def address_of(machine: Machine, name: str) -> str | None:
    """The address of a host: its own when it is one, that of /etc/hosts; None where nobody knows it."""
    try:
        return str(ipaddress.ip_address(name.strip("[]")))
    except ValueError:
        pass
    entry = machine.files.stat("/etc/hosts")
    for line in (entry.data if entry else "").splitlines():
        words = line.partition("#")[0].split()
        if name.lower() in [word.lower() for word in words[1:]]:
            return words[0]
    return "127.0.0.1" if name in ("localhost", machine.hostname) else None
