"""exportfs(8)."""

from __future__ import annotations

from dataclasses import dataclass

from phoenix_hypervisor.simulator.process import Process
from phoenix_hypervisor.simulator.sharing import etab
from phoenix_hypervisor.simulator.sharing.exports import Export, ExportFault, added, escaped

_USAGE = "usage: exportfs [-adfhioruvs] [host:/path]\n"
_WIDE = 14
"""A path that is longer has a line of its own."""


@dataclass
class _Call:
    process: Process
    flags: set[str]
    options: str
    operands: list[str]
    failed: bool = False

    def complain(self, text: str) -> None:
        self.process.complain(f"exportfs: {text}")

    def tell(self, what: str, export: Export) -> None:
        if "v" in self.flags:
            self.process.say(f"{what} {export.client or '*'}:{export.path}\n")


def exportfs(process: Process, words: list[str]) -> int:
    call = _parsed(process, words)
    if call is None:
        process.complain(_USAGE)
        return 1
    if "h" in call.flags:
        process.complain(_USAGE)
        return 0
    if problem := _conflict(call):
        call.complain(f"{problem}\n")
        return 1
    if not call.operands and not call.flags & {"a", "r"}:
        if "f" not in call.flags:
            process.say("".join(_shown(export, call.flags) for export in etab.in_force(process.files)))
        return 0
    etab.write(process.files, _after(call))
    return int(call.failed)


def _parsed(process: Process, words: list[str]) -> _Call | None:
    call = _Call(process, set(), "", [])
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-") or word == "-":
            call.operands.append(word)
            continue
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter in "do":
                if not letters and not rest:
                    return None
                value, letters = letters or rest.pop(0), ""
                call.options = value if letter == "o" else call.options
            elif letter not in "afhirsuv":
                return None
            call.flags.add(letter)
    return call


def _conflict(call: _Call) -> str:
    everything = call.flags & {"a", "r"}
    if call.operands and everything:
        return "extra arguments are not permitted with -a or -r"
    if "i" in call.flags and (everything or "u" in call.flags):
        return "-i not meaningful with -a, -r or -u"
    return "-r and -u are incompatible" if {"r", "u"} <= call.flags else ""


def _shown(export: Export, flags: set[str]) -> str:
    if "s" in flags:
        return f"{escaped(export.path)} {export.client or '*'}({export.options})\n"
    client = "<world>" if export.kind == 4 else export.client
    gap = "\n\t\t" if len(export.path) > _WIDE else "\t"
    return f"{export.path:<{_WIDE}}{gap}{client}{f'({export.options})' if 'v' in flags else ''}\n"


def _after(call: _Call) -> list[Export]:
    """What is in force afterwards."""
    before = etab.in_force(call.process.files)
    if "u" in call.flags:
        if "a" in call.flags:
            return []
        return _without(call, before)
    reader = etab.Reader(call.process.machine, call.complain)
    declared = reader.read() if "i" not in call.flags else []
    call.failed |= reader.failed
    chosen = declared if call.flags & {"a", "r"} else _chosen(call, declared)
    valid = [export for export in chosen if _is_valid(call, export)]
    kept = [] if "r" in call.flags else before
    named = {(export.client, export.path) for export in chosen}
    return added([*valid, *(one for one in kept if (one.client, one.path) not in named)])


def _is_valid(call: _Call, export: Export) -> bool:
    call.tell("exporting", export)
    problem = etab.path_problem(call.process.files, export.path)
    if problem:
        call.complain(f"{problem}\n")
        call.failed = True
    return not problem


def _target(call: _Call, word: str) -> Export | None:
    """The client and the path of an operand; complains where it is none."""
    client, _, path = word.partition(":/")
    if client.startswith("[") and client.endswith("]"):
        client = client[1:-1]
    if not path and not word.endswith(":/"):
        call.complain(f"Invalid export syntax: {word}\n")
        call.failed = True
        return None
    return Export(f"/{path}".rstrip("/") or "/", client)


def _chosen(call: _Call, declared: list[Export]) -> list[Export]:
    """The exports of the operands: a declared one with more options, or a new one."""
    found: list[Export] = []
    for target in filter(None, [_target(call, word) for word in call.operands]):
        known = [one for one in declared if (one.client, one.path) == (target.client, target.path)]
        if problem := etab.client_problem(call.process.machine, target):
            call.complain(f"{problem}\n")
            continue
        try:
            found.append((known[0] if known else target).with_options(call.options))
        except ExportFault as fault:
            call.complain(f"command line:0: {fault}\n")
            call.failed = True
    return found


def _without(call: _Call, before: list[Export]) -> list[Export]:
    gone: list[Export] = []
    for target in filter(None, [_target(call, word) for word in call.operands]):
        found = [one for one in before if (one.client.lower(), one.path) == (target.client.lower(), target.path)]
        if not found:
            call.complain(f"Could not find '{target.client}:{target.path}' to unexport.\n")
            call.failed = True
        for export in found:
            call.tell("unexporting", export)
        gone += found
    return [export for export in before if export not in gone]
