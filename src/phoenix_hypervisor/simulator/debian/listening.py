"""What answers on a port of the machine itself: the services that run, by the ports that they are known or told to use.

A stand-in: whatever is asked for there, the answer is an empty page, but Ollama's.
"""

from __future__ import annotations

import re

from phoenix_hypervisor.simulator.debian import unitfile, units
from phoenix_hypervisor.simulator.models import ollama
from phoenix_hypervisor.simulator.process import Machine

_KNOWN = {"nginx.service": 80, "apache2.service": 80, "lighttpd.service": 80, "ollama.service": 11434}
_LOADS = {"vllm": 45.0, "llama-server": 15.0}
"""Seconds from the start of a program until it is ready, where that is not at once."""
_SAYS_SO = ("llama-server",)
"""Those that listen meanwhile, and answer that they are not ready (its README, GET /health)."""
LOADING = '{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}'
_TOLD = re.compile(r"--port[ =](\d+)|OLLAMA_HOST=\S*?:(\d+)")
_HERE = ("localhost", "127.0.0.1", "[::1]", "0.0.0.0")  # noqa: S104 - compared with, not bound to
_URL = re.compile(r"(?P<scheme>https?)://(?P<host>\[[^]]*\]|[^/:]*)(?::(?P<port>\d+))?(?:/.*)?")


def local_port(machine: Machine, url: str) -> int | None:
    """The port of this very machine that the address names; None when it names another."""
    found = _URL.fullmatch(url if "://" in url else f"http://{url}")
    own = {*_HERE, machine.hostname, *(str(address.cidr).partition("/")[0] for address in machine.addresses)}
    if found is None or found["host"] not in own:
        return None
    return int(found["port"] or (443 if found["scheme"] == "https" else 80))


def answers(machine: Machine, port: int) -> bool:
    """Whether a service that runs uses the port."""
    return any(port == used and _has_loaded(machine, unit) for unit, used in _used(machine))


def is_loading(machine: Machine, port: int) -> bool:
    """Whether a service that runs listens there and is not ready."""
    found = [unit for unit, used in _used(machine) if port == used and units.state(machine, unit) == "active"]
    return any(_program(machine, unit) in _SAYS_SO and not _has_loaded(machine, unit) for unit in found)


def _has_loaded(machine: Machine, unit: str) -> bool:
    """Whether a service runs, and has for as long as it takes to get ready."""
    if units.state(machine, unit) != "active":
        return False
    booted = getattr(getattr(machine, "running", None), "started", 0.0)
    since = float(units.record(machine, unit).get("since") or booted)
    return machine.clock >= since + _LOADS.get(_program(machine, unit), 0.0)


def _program(machine: Machine, unit: str) -> str:
    words = " ".join(_commands(machine, unit)).split()
    return words[0].rpartition("/")[2] if words else ""


def _used(machine: Machine) -> list[tuple[str, int]]:
    folder = "/etc/systemd/system"
    names = machine.files.list(folder) if machine.files.is_dir(folder) else []
    told = [
        (name, int(port))
        for name in names
        if name.endswith(".service")
        for port in map("".join, _TOLD.findall(_text(machine, name)))
    ]
    known = [(unit, port) for unit, port in _KNOWN.items() if unit not in dict(told)]
    return [*known, *told]


def page(machine: Machine, port: int, url: str) -> str:
    """What is answered there."""
    if not any(unit == ollama.UNIT and port == used for unit, used in _used(machine)):
        return ""
    return ollama.answer(machine, "/" + url.rpartition("://")[2].partition("/")[2])


def _text(machine: Machine, unit: str) -> str:
    """What a unit's file says of its program and of its variables."""
    told = unitfile.parse(unit, unitfile.text_of(machine, unit))
    return " ".join((*told.all("Service", "ExecStart"), *told.all("Service", "Environment")))


def _commands(machine: Machine, unit: str) -> list[str]:
    return unitfile.parse(unit, unitfile.text_of(machine, unit)).all("Service", "ExecStart")
