"""A command line of apt-get."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from phoenix_hypervisor.simulator.coreutils.common import Fault
from phoenix_hypervisor.simulator.process import Process

FAILED = 100
_WITH_VALUE = ("-o", "-t", "-c", "-a", "--option", "--target-release", "--config-file", "--default-release")
_LETTERS = "ymsqdfuVmb"
_LONG = frozenset(
    [
        "--yes",
        "--assume-yes",
        "--assume-no",
        "--simulate",
        "--dry-run",
        "--just-print",
        "--no-act",
        "--recon",
        "--quiet",
        "--download-only",
        "--no-install-recommends",
        "--install-recommends",
        "--no-install-suggests",
        "--install-suggests",
        "--fix-broken",
        "--fix-missing",
        "--purge",
        "--autoremove",
        "--auto-remove",
        "--allow-downgrades",
        "--allow-remove-essential",
        "--allow-change-held-packages",
        "--allow-unauthenticated",
        "--allow-releaseinfo-change",
        "--reinstall",
        "--no-upgrade",
        "--only-upgrade",
        "--no-download",
        "--show-upgraded",
        "--verbose-versions",
        "--with-new-pkgs",
        "--no-remove",
        "--trivial-only",
        "--force-yes",
        "--version",
        "--error-on=any",
        "--print-uris",
        "--ignore-hold",
        "--show-progress",
        "--no-list-cleanup",
    ]
)


@dataclass
class Call:
    """Verb, packages, configuration items by lower-case name, flags."""

    process: Process
    verb: str = ""
    names: list[str] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)

    @property
    def lock_timeout(self) -> float:
        text = self.options.get("dpkg::lock::timeout", "0")
        return float("inf") if text == "-1" else float(text) if text.isdecimal() else 0.0

    @property
    def simulates(self) -> bool:
        return bool(self.flags & {"s", "--simulate", "--dry-run", "--just-print", "--no-act", "--recon"})

    @property
    def agrees(self) -> bool:
        """Whether the question is answered beforehand; -qq does as well."""
        known = {"true", "yes", "1"}
        given = self.options.get("apt::get::assume-yes", "").lower() in known
        return given or bool(self.flags & {"y", "qq", "--yes", "--assume-yes"})

    @property
    def is_strict(self) -> bool:
        return self.options.get("apt::update::error-mode") == "any" or "--error-on=any" in self.flags

    @property
    def dpkg_options(self) -> list[str]:
        return self.lists.get("dpkg::options::", [])


def parse(process: Process) -> Call:
    """Read a command line. Raises Fault as apt refuses it."""
    call, words = Call(process), process.argv[1:]
    while words:
        word, words = words[0], words[1:]
        name, equals, value = word.partition("=")
        if name in _WITH_VALUE and not (equals and word.startswith("--")):
            if not words:
                raise Fault(f"Command line option '{word.lstrip('-')}' [from {word}] requires an argument.", FAILED)
            value, words = words[0], words[1:]
        if name in ("-o", "--option") or re.fullmatch(r"-o.+", word):
            _configure(call, value if name in ("-o", "--option") else word[2:])
        elif name in _WITH_VALUE:
            continue
        elif word.startswith("--"):
            if word not in _LONG:
                raise Fault(
                    f"Command line option {word} is not understood in combination with the other options", FAILED
                )
            call.flags.add(word)
        elif word.startswith("-") and len(word) > 1:
            _letters(call, word)
        elif not call.verb:
            call.verb = word
        else:
            call.names.append(word)
    return call


def _configure(call: Call, text: str) -> None:
    key, equals, setting = text.partition("=")
    if not equals:
        raise Fault("Option -o: Configuration item specification must have an =<val>.", FAILED)
    call.options[key.lower()] = setting
    call.lists.setdefault(key.lower(), []).append(setting)


def _letters(call: Call, word: str) -> None:
    unknown = next((letter for letter in re.sub(r"q=[0-9]$", "q", word[1:]) if letter not in _LETTERS), "")
    if unknown:
        raise Fault(
            f"Command line option '{unknown}' [from {word}] is not understood in combination with the other options.",
            FAILED,
        )
    call.flags |= set(word[1:])
    if word.count("q") > 1 or word.endswith("q=2") or ("q" in word and "q" in call.flags and "qq" in call.flags):
        call.flags.add("qq")
