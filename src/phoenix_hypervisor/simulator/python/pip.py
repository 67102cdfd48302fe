"""pip install, list and freeze, strict about options, over the simulated index."""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass, field

from phoenix_hypervisor.simulator.coreutils.common import absolute
from phoenix_hypervisor.simulator.debian import network
from phoenix_hypervisor.simulator.process import Process
from phoenix_hypervisor.simulator.python.index import INDEX, PROGRAMS
from phoenix_hypervisor.simulator.python.venv import Place

_FLAGS = (
    "--disable-pip-version-check", "--no-input", "--no-cache-dir", "--quiet", "-q", "--upgrade", "-U", "--no-deps",
    "--force-reinstall", "--pre", "-v", "--verbose",
)  # fmt: skip
_VALUES = ("--progress-bar", "--requirement", "-r", "--index-url", "-i", "--extra-index-url", "--timeout", "--retries",
           "--constraint", "-c")  # fmt: skip
_REQUIREMENT = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:==([A-Za-z0-9.+!]+))?")
_USAGE = 2


class Refusal(Exception):
    """What pip says when it cannot go on."""


@dataclass
class _Line:
    names: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    quiet: bool = False


def _parse(verb: str, words: list[str]) -> _Line:
    line, rest = _Line(), list(words)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if not word.startswith("-"):
            line.names.append(word)
        elif word in _FLAGS:
            line.quiet |= word in ("-q", "--quiet")
        elif name in _VALUES and (equals or rest):
            value = value if equals else rest.pop(0)
            if name in ("-r", "--requirement"):
                line.files.append(value)
        else:
            usage = f"\nUsage:   \n  pip {verb} [options] <requirement specifier> ...\n\n"
            raise Refusal(f"{usage}no such option: {word}\n")
    return line


def run(process: Process, place: Place, words: list[str]) -> Generator[float, None, int]:
    """``pip VERB …`` of an environment."""
    yield 0.4
    verb = "".join(words[:1])
    try:
        line = _parse(verb, words[1:])
        if verb == "install":
            return (yield from _install(process, place, line))
    except Refusal as refusal:
        process.complain(f"{refusal}")
        return _USAGE if "no such option" in str(refusal) else 1
    if verb in ("freeze", "list"):
        rows = {name: version for name, version in place.installed().items() if verb == "list" or name != "pip"}
        process.say("".join(f"{name}=={version}\n" for name, version in sorted(rows.items())))
        return 0
    process.complain(f'ERROR: unknown command "{verb}"\n')
    return 1


def _install(process: Process, place: Place, line: _Line) -> Generator[float, None, int]:
    asked = list(line.names)
    for name in line.files:
        entry = process.files.stat(absolute(process, name))
        if entry is None:
            raise Refusal(f"ERROR: Could not open requirements file: [Errno 2] No such file or directory: '{name}'\n")
        asked += [row for row in entry.data.split("\n") if row and not row.startswith("#")]
    if not asked:
        raise Refusal('ERROR: You must give at least one requirement to install (see "pip help install")\n')
    wanted: dict[str, str] = {}
    for each in asked:
        _resolve(process, place, each, wanted)
    there = place.installed()
    missing = {name: version for name, version in wanted.items() if there.get(name) != version}
    for name, version in missing.items():
        yield INDEX[name][version].seconds
    for name, version in missing.items():
        yield 0.2
        place.put(name, version)
        if name in PROGRAMS:
            place.program(*PROGRAMS[name])
    if missing and not line.quiet:
        process.say(f"Successfully installed {' '.join(f'{n}-{v}' for n, v in sorted(missing.items()))}\n")
    return 0


def _resolve(process: Process, place: Place, requirement: str, wanted: dict[str, str]) -> None:
    """Choose a release, and what it needs. What is installed suits a requirement without a version."""
    found = _REQUIREMENT.fullmatch(requirement)
    if found is None:
        raise Refusal(f"ERROR: Invalid requirement: '{requirement}'\n")
    name, version = found[1].lower().replace("-", "_"), found[2] or place.installed().get(found[1])
    if wanted.get(name, version) != version:
        raise Refusal(f"ERROR: Cannot install {requirement} because these package versions have conflicting needs.\n")
    online = network.resolves(process.machine)
    all_of = INDEX.get(name, {}) if online else {}
    known = {number: release for number, release in all_of.items() if release.takes(place.version)}
    chosen = version or next(reversed(known), "")
    if chosen not in known and place.installed().get(name) != chosen:
        others = [f"{number} Requires-Python {release.requires}" for number, release in all_of.items()
                  if number not in known]  # fmt: skip
        ignored = "ERROR: Ignored the following versions that require a different python version: "
        raise Refusal(
            ("" if online else "WARNING: Retrying after connection broken: Temporary failure in name resolution\n")
            + (f"{ignored}{'; '.join(others)}\n" if others else "")
            + f"ERROR: Could not find a version that satisfies the requirement {requirement} (from versions: "
            + f"{', '.join(known) or 'none'})\nERROR: No matching distribution found for {requirement}\n"
        )
    if name in wanted or chosen not in all_of:
        return
    wanted[name] = chosen
    for other, number in all_of[chosen].needs.items():
        if other not in wanted:
            _resolve(process, place, f"{other}=={number}", wanted)
