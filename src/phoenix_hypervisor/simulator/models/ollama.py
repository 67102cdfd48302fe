"""ollama: its version, its server and what that answers, models that are pulled. Source: docs.ollama.com."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Generator

from phoenix_hypervisor.simulator.debian import network, units
from phoenix_hypervisor.simulator.process import Machine, Process, Run

UNIT = "ollama.service"
_MANIFESTS = "manifests/registry.ollama.ai/library"
_NAME = re.compile(r"(?P<name>[a-z0-9][a-z0-9._-]*)(?::(?P<tag>[A-Za-z0-9._-]+))?")
_UNKNOWN = "no-such-model"
_HOST = re.compile(r"(?:https?://)?(?:[^:/]*|\[[^]]*\])(?::(?P<port>\d+))?")
_PORT = 11434
_PULLS = 40.0


def ollama(process: Process, /) -> Run:
    """``ollama --version | serve | pull NAME``; the first two words are its version and its path."""
    yield 0.05
    version, words = process.argv[1], process.argv[3:]
    if not process.environment.get("HOME"):
        process.complain("panic: $HOME is not defined\n")
        return 2
    if words in (["--version"], ["-v"]):
        return _version(process, version)
    if words == ["serve"]:
        return (yield from _serve(process))
    if words[:1] == ["pull"] and len(words) == 2:
        return (yield from _pull(process, words[1]))
    process.complain(f'Error: unknown command "{" ".join(words)}" for "ollama"\n')
    return 1


def environment(machine: Machine) -> dict[str, str]:
    """What the unit's server was started with."""
    told = units.loaded(machine, UNIT)
    words = (word for value in told.all("Service", "Environment") for word in shlex.split(value))
    return dict(word.split("=", 1) for word in words if "=" in word)


def port_of(host: str) -> int:
    """The port of OLLAMA_HOST."""
    found = _HOST.fullmatch(host)
    return int(found["port"] or _PORT) if found else _PORT


def answer(machine: Machine, path: str) -> str:
    """What its server answers."""
    if path == "/api/tags":
        return json.dumps({"models": [{"name": name, "model": name} for name in _models(machine)]})
    if path == "/api/version":
        return json.dumps({"version": _running(machine)})
    return "Ollama is running"


def _running(machine: Machine) -> str:
    """The version that the unit's program is."""
    line = shlex.split(units.loaded(machine, UNIT).last("Service", "ExecStart") or "-")[0]
    entry = machine.files.stat(line)
    return entry.data.split()[1] if entry is not None and len(entry.data.split()) > 1 else ""


def _folder(machine: Machine) -> str:
    told = environment(machine)
    return f"{told.get('OLLAMA_MODELS') or told.get('HOME', '/root') + '/.ollama/models'}/{_MANIFESTS}"


def _models(machine: Machine) -> list[str]:
    found = machine.files.glob(f"{_folder(machine)}/*/*")
    return sorted(":".join(path.split("/")[-2:]) for path in found)


def _answers(process: Process) -> bool:
    asked = port_of(process.environment.get("OLLAMA_HOST", ""))
    serves = port_of(environment(process.machine).get("OLLAMA_HOST", ""))
    return units.is_active(process.machine, UNIT) and asked == serves


def _version(process: Process, version: str) -> int:
    if not _answers(process):
        process.say(f"Warning: could not connect to a running Ollama instance\nWarning: client version is {version}\n")
        return 0
    server = _running(process.machine)
    process.say(f"ollama version is {server}\n")
    if server != version:
        process.say(f"Warning: client version is {version}\n")
    return 0


def _serve(process: Process) -> Generator[float, None, int]:
    host = process.environment.get("OLLAMA_HOST", "")
    if _HOST.fullmatch(host) is None:
        process.complain(f"Error: invalid host {host}\n")
        return 1
    while True:
        yield 1.0


def _pull(process: Process, name: str) -> Generator[float, None, int]:
    if not _answers(process):
        process.complain("Error: ollama server not responding - could not find ollama app\n")
        return 1
    found = _NAME.fullmatch(name)
    if found is None:
        process.complain("Error: invalid model name\n")
        return 1
    if not network.resolves(process.machine):
        process.complain(f"Error: pull model manifest: dial tcp: lookup registry.ollama.ai: no such host ({name})\n")
        return 1
    yield 0.5
    if found["name"] == _UNKNOWN:
        process.complain("Error: pull model manifest: file does not exist\n")
        return 1
    yield _PULLS
    folder = f"{_folder(process.machine)}/{found['name']}"
    process.files.mkdir(folder, parents=True)
    process.files.write(f"{folder}/{found['tag'] or 'latest'}", '{"schemaVersion":2}\n')
    process.say("success\n")
    return 0
