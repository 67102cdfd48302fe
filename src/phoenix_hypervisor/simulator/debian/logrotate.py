"""logrotate, as far as it judges its configuration: what it does not understand, it says and ends with 1."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from phoenix_hypervisor.simulator.coreutils.common import Fault, Options, Tool, absolute
from phoenix_hypervisor.simulator.debian import accountfiles as book
from phoenix_hypervisor.simulator.process import Process

_PLAIN = frozenset(
    [
        "compress",
        "nocompress",
        "delaycompress",
        "nodelaycompress",
        "copy",
        "nocopy",
        "copytruncate",
        "nocopytruncate",
        "renamecopy",
        "norenamecopy",
        "dateext",
        "nodateext",
        "dateyesterday",
        "datehourago",
        "hourly",
        "daily",
        "weekly",
        "monthly",
        "yearly",
        "ifempty",
        "notifempty",
        "missingok",
        "nomissingok",
        "ignoreduplicates",
        "nocreate",
        "noolddir",
        "mail",
        "nomail",
        "mailfirst",
        "maillast",
        "sharedscripts",
        "nosharedscripts",
        "shred",
        "noshred",
        "createolddir",
        "nocreateolddir",
        "allowhardlink",
        "noallowhardlink",
    ]
)
_NUMBERS = frozenset(["rotate", "maxage", "minage", "start", "shredcycles"])
_SIZES = frozenset(["size", "minsize", "maxsize"])
_TEXTS = frozenset(
    [
        "addextension",
        "extension",
        "compresscmd",
        "uncompresscmd",
        "compressext",
        "compressoptions",
        "dateformat",
        "olddir",
        "mail",
        "include",
        "taboopat",
        "tabooext",
    ]
)
_SCRIPTS = frozenset(["prerotate", "postrotate", "firstaction", "lastaction", "preremove"])
_OWNERS = frozenset(["create", "su", "createolddir"])
_TABOO = (".rpmorig", ".rpmsave", ".dpkg-dist", ".dpkg-old", ".dpkg-new", ".disabled", ",v", ".swp", ".rpmnew", "~",
          ".cfsaved", ".bak", ".orig", ".ucf-dist", ".ucf-old", ".ucf-new")  # fmt: skip


@dataclass
class _Reading:
    process: Process
    errors: list[str] = field(default_factory=list)
    logs: int = 0

    def wrong(self, path: str, number: int, text: str) -> None:
        self.errors.append(f"error: {path}:{number} {text}\n")

    def file(self, path: str) -> None:
        """Read a file; an error in a block leaves out that block."""
        files = self.process.files
        entry = files.stat(path)
        if entry is None:
            self.errors.append(f"error: cannot stat {path}: No such file or directory\n")
            return
        if entry.kind == "directory":
            for name in files.list(path):
                if not name.startswith(".") and not name.endswith(_TABOO) and not files.is_dir(f"{path}/{name}"):
                    self.file(f"{path}/{name}")
            return
        if entry.mode & 0o022 or entry.uid:
            what = (
                "because of bad file mode - must be 0644 or 0444"
                if entry.mode & 0o022
                else "because the file owner is wrong (should be root or user with uid 0)"
            )
            self.errors.append(f"error: Ignoring {path} {what}.\n")
            return
        self._lines(path, entry.data.splitlines())

    def _lines(self, path: str, lines: list[str]) -> None:
        inside, script, opened = False, "", 0
        for number, line in enumerate(lines, 1):
            text = line.strip()
            if script:
                script = "" if text == "endscript" else script
            elif not text or text.startswith("#"):
                continue
            elif text == "}":
                if not inside:
                    self.wrong(path, number, "unexpected } (missing previous '{')")
                inside = False
            elif text.startswith(("/", '"', "'", "{")) or text.endswith("{"):
                if inside:
                    self.wrong(path, number, "unexpected log file name" if not text.endswith("{") else "missing '}'")
                elif text.endswith("{"):
                    inside, opened = True, number
                    self.logs += 1
            else:
                script = self._directive(path, number, text)
        if script:
            self.errors.append(f"error: {path}:{len(lines)} prerotate, postrotate or preremove without endscript\n")
        elif inside:
            self.wrong(path, opened, "missing '}' at end of file")

    def _directive(self, path: str, number: int, text: str) -> str:
        name, *values = re.split(r"\s*=\s*|\s+", text, maxsplit=1)
        value = values[0].strip() if values else ""
        if name in _SCRIPTS:
            return name
        if name == "include":
            self.file(value)
        elif name in _NUMBERS and not re.fullmatch(r"-1|[0-9]+", value):
            self.wrong(path, number, f"bad {'rotation count' if name == 'rotate' else name} '{value}'")
        elif name in _SIZES and not re.fullmatch(r"[0-9]+[kMG]?", value):
            self.wrong(path, number, f"unknown unit '{value[-1:]}'" if value[:1].isdigit() else f"bad size '{value}'")
        elif name in _OWNERS:
            self._owner(path, number, value)
        elif name not in _PLAIN | _NUMBERS | _SIZES | _TEXTS:
            self.wrong(path, number, f"unknown option '{name}' -- ignoring line")
        return ""

    def _owner(self, path: str, number: int, value: str) -> None:
        words = value.split()
        if words and re.fullmatch(r"[0-7]{3,4}", words[0]):
            words = words[1:]
        files = self.process.files
        if words and not words[0].isdecimal() and book.row(files, book.PASSWD, words[0]) is None:
            self.wrong(path, number, f"unknown user '{words[0]}'")
        if words[1:] and not words[1].isdecimal() and book.row(files, book.GROUP, words[1]) is None:
            self.wrong(path, number, f"unknown group '{words[1]}'")


def _logrotate(process: Process, words: list[str]) -> int:
    long = {"debug": "d", "force": "f", "verbose": "v", "state": "s", "log": "l", "mail": "m"}
    options = Options("logrotate", words, "dfv", "slm", long)
    if not options.operands:
        raise Fault("3.22.0 - Copyright (C) 1995-2001 Red Hat, Inc.\nUsage: logrotate [-dfv?] [OPTION...] <configfile>")
    reading = _Reading(process)
    if "d" in options:
        process.complain("warning: logrotate in debug mode does nothing except printing debug messages!\n\n")
    for name in options.operands:
        path = absolute(process, name)
        if {"d", "v"} & options.given.keys():
            process.complain(f"reading config file {name}\n")
        reading.file(path)
    process.complain("".join(reading.errors))
    if {"d", "v"} & options.given.keys():
        process.complain(f"\nHandling {reading.logs} logs\n")
    return int(bool(reading.errors))


TOOLS: dict[str, Tool] = {"logrotate": _logrotate}
