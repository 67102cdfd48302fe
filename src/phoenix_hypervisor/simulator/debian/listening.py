"""What answers on a port of the machine itself: the services that run, by the ports that they are known or told to use.

A stand-in: whatever is asked for there, the answer is an empty page.
"""

from __future__ import annotations

import re

from phoenix_hypervisor.simulator.debian import unitfile, units
from phoenix_hypervisor.simulator.process import Machine

_KNOWN = {"nginx.service": 80, "apache2.service": 80, "lighttpd.service": 80, "ollama.service": 11434}
_TOLD = re.compile(r"--port[ =](\d+)")
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
    return any(port == used and units.state(machine, unit) == "active" for unit, used in _used(machine))


def _used(machine: Machine) -> list[tuple[str, int]]:
    folder = "/etc/systemd/system"
    names = machine.files.list(folder) if machine.files.is_dir(folder) else []
    told = [
        (name, int(port))
        for name in names
        if name.endswith(".service")
        for port in _TOLD.findall(" ".join(_commands(machine, name)))
    ]
    return [*_KNOWN.items(), *told]


def _commands(machine: Machine, unit: str) -> list[str]:
    return unitfile.parse(unit, unitfile.text_of(machine, unit)).all("Service", "ExecStart")
