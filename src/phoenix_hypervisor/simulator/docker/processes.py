"""Which containers run, since when, and what answers on a port of a machine."""

from __future__ import annotations

import re
from collections.abc import Iterator

from phoenix_hypervisor.simulator.debian import units
from phoenix_hypervisor.simulator.docker import daemon, hub, store
from phoenix_hypervisor.simulator.docker.store import Record
from phoenix_hypervisor.simulator.process import Machine
from phoenix_hypervisor.simulator.serving import Answer, Inside, Request

_READY = 2.0
"""Seconds until a program answers."""
_URL = re.compile(r"(?P<scheme>https?|tcp)://(?P<host>\[[^]]*\]|[^/:]*)(?::(?P<port>\d+))?(?P<path>/.*)?")
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_ALWAYS, _UNLESS = "always", "unless-stopped"


def _daemon_up(machine: Machine) -> float:
    """Since when the daemon runs."""
    told = units.record(machine, daemon.UNIT).get("since")
    running = getattr(machine, "running", None)
    booted = running.started + running.init_done if running else 0.0
    return max(float(told or 0.0), booted)


def since(machine: Machine, record: Record) -> float | None:
    """Since when it runs; None when it does not."""
    if not daemon.is_running(machine):
        return None
    up = _daemon_up(machine)
    if up > record.changed:
        again = record.restart == _ALWAYS or (record.restart == _UNLESS and record.started)
        return up if again and not _fault(machine, record, up) else None
    return record.changed if record.started else None


def inside(machine: Machine, record: Record, began: float) -> Inside:
    """The surroundings of the container's program; what it kept of another start is gone."""
    kept = record.kept if record.kept.get("since") == str(began) else {"since": str(began)}
    record.kept = kept
    environment = dict(word.partition("=")[::2] for word in record.environment)
    tag, binds = hub.split(record.image)[1], store.sources(record)

    def ask(url: str, request: Request) -> Answer | None:
        return at(machine, url, request)

    return Inside(machine, record.name, tag, record.command, environment, binds, began, ask, kept)


def _fault(machine: Machine, record: Record, began: float) -> str:
    service = hub.service(record.image)
    return service.fault(inside(machine, record, began)) if service else ""


def begin(machine: Machine, record: Record) -> None:
    """Start its program; it may end at once."""
    record.started, record.changed, record.status = True, machine.clock, 0
    service = hub.service(record.image)
    if service is None:
        record.started = False
        return
    surroundings = inside(machine, record, record.changed)
    if wrong := service.fault(surroundings):
        record.started, record.status, record.log = False, 1, wrong
    else:
        service.begin(surroundings)


def taken(machine: Machine, record: Record) -> str:
    """The first of its ports that another running container has; empty where all are free."""
    others = [each for each in store.containers(machine) if each.name != record.name]
    used = {port for each in others if since(machine, each) is not None for _, port in each.ports.values()}
    return next((port for _, port in record.ports.values() if port in used), "")


def _machines(machine: Machine) -> Iterator[Machine]:
    """The running containers of the node that it is on."""
    node = getattr(machine, "node", None)
    if node is not None:
        yield from filter(None, map(node.container, list(node.guests.running)))


def machine_at(machine: Machine, url: str) -> Machine | None:
    """The machine that an address names: itself, or another container of its node."""
    found = _URL.fullmatch(url)
    host = found["host"] if found else ""
    if host in (*_LOOPBACK, machine.hostname):
        return machine
    for other in _machines(machine):
        if host.strip("[]") in {each.cidr.partition("/")[0] for each in other.addresses if each.cidr}:
            return other
    return None


def port_of(url: str) -> int:
    found = _URL.fullmatch(url)
    return int(found["port"] or (443 if found["scheme"] == "https" else 80)) if found else 0


def serves(machine: Machine, port: int, local: bool) -> Record | None:
    """The running container that a port of the machine leads to; one for the machine itself only for it."""
    for record in store.containers(machine):
        open_to = [address for address, published in record.ports.values() if published == str(port)]
        if open_to and (local or "127.0.0.1" not in open_to) and since(machine, record) is not None:
            return record
    return None


def at(machine: Machine, url: str, request: Request) -> Answer | None:
    """What answers there; None where nothing listens, or not yet."""
    there = machine_at(machine, url)
    record = serves(there, port_of(url), there is machine) if there else None
    service = hub.service(record.image) if record else None
    began = since(there, record) if there and record else None
    if there is None or record is None or service is None or began is None or there.clock < began + _READY:
        return None
    if url.startswith("http://"):
        return Answer(400, "Client sent an HTTP request to an HTTPS server.\n")
    answer = service.answer(inside(there, record, began), request)
    store.keep(there, record)
    return answer
