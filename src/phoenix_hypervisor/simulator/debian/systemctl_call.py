"""A command line of systemctl."""

from __future__ import annotations

from fnmatch import fnmatchcase

from phoenix_hypervisor.simulator.coreutils.common import Fault
from phoenix_hypervisor.simulator.debian import systemctl_words, units
from phoenix_hypervisor.simulator.process import Machine, Process

_FLAGS = frozenset(
    [
        "--now",
        "-q",
        "--quiet",
        "--no-block",
        "--no-pager",
        "--wait",
        "--force",
        "-f",
        "--no-legend",
        "--plain",
        "--system",
        "--runtime",
        "--value",
        "-a",
        "--all",
        "--no-ask-password",
        "--full",
        "-l",
        "--failed",
        "--show-types",
        "--no-warn",
        "--no-reload",
        "--recursive",
        "-r",
        "--dry-run",
        "--global",
    ]
)
_VALUES = {
    "-p": "p", "--property": "p", "-P": "P", "-t": "t", "--type": "t", "--state": "state", "--job-mode": "j",
    "-s": "s", "--signal": "s", "-n": "n", "--lines": "n", "-o": "o", "--output": "o", "--kill-whom": "k",
}  # fmt: skip


class Call:
    """Verb, units, flags and properties; units have their full names, aliases those that they stand for."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.flags: set[str] = set()
        self.values: dict[str, list[str]] = {}
        self.words: list[str] = []
        rest = process.argv[1:]
        while rest:
            word, rest = rest[0], rest[1:]
            name, equals, value = word.partition("=")
            if name in _VALUES and not (name[1] != "-" and equals):
                if not equals:
                    if not rest:
                        raise Fault(f"option '{name}' requires an argument")
                    value, rest = rest[0], rest[1:]
                self.values.setdefault(_VALUES[name], []).extend(value.split(","))
            elif word[:2] in _VALUES and word[1:2] != "-" and len(word) > 2:
                self.values.setdefault(_VALUES[word[:2]], []).extend(word[2:].split(","))
            elif word in _FLAGS:
                self.flags.add(word)
            elif word.startswith("-") and word != "-":
                kind = "unrecognized option" if word.startswith("--") else "invalid option --"
                raise Fault(f"{kind} '{word if word.startswith('--') else word[1:2]}'")
            else:
                self.words.append(word)
        self.verb = self.words[0] if self.words else "list-units"
        self.given = [units.full(word) for word in self._globbed(self.words[1:])]
        self.units = [units.canonical(self.machine, unit) for unit in self.given]
        self.quiet = bool(self.flags & {"-q", "--quiet"})
        self.words_of_systemd = systemctl_words.of(self.machine)

    @property
    def machine(self) -> Machine:
        return self.process.machine

    @property
    def properties(self) -> list[str]:
        return self.values.get("p", []) + self.values.get("P", [])

    @property
    def bare(self) -> bool:
        """Whether values are shown without their names."""
        return "--value" in self.flags or "P" in self.values

    def _globbed(self, words: list[str]) -> list[str]:
        found: list[str] = []
        for word in words:
            if any(sign in word for sign in "*?["):
                found += [unit for unit in units.installed_units(self.machine) if fnmatchcase(unit, word)]
            else:
                found.append(word)
        return found

    def say(self, text: str) -> None:
        if not self.quiet:
            self.process.say(f"{text}\n")
