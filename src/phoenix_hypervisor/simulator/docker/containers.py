"""Containers of programs that run on: made, started, stopped, looked at, removed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from phoenix_hypervisor.simulator.docker import processes, store, volumes
from phoenix_hypervisor.simulator.docker.flags import Flags
from phoenix_hypervisor.simulator.docker.store import Record
from phoenix_hypervisor.simulator.docker.templates import filled, shown
from phoenix_hypervisor.simulator.process import Machine, Process

REFUSED = 125
_ERROR = "Error response from daemon: "
_POLICIES = ("no", "always", "unless-stopped", "on-failure")


def make(process: Process, given: Flags, content: str) -> int:
    """docker run --detach of an image that is there."""
    machine, name = process.machine, given.last("name") or f"nameless_{process.machine.entropy()[:8]}"
    if there := store.find(machine, name):
        why = f'Conflict. The container name "/{name}" is already in use by container "{there.id}".'
        return _refuse(process, f"{why} You have to remove (or rename) that container to be able to reuse that name.")
    if given.last("restart", "no") not in _POLICIES:
        return _refuse(process, f"invalid restart policy: unknown policy '{given.last('restart')}'")
    record = Record(
        name=name,
        id=machine.entropy(),
        image=given.words[0],
        image_id=store.image_id(content),
        command=given.words[1:],
        environment=[_variable(process, word) for word in given.all("env")],
        labels=dict(word.partition("=")[::2] for word in given.all("label")),
        binds=given.all("volume"),
        ports=dict(_port(word) for word in given.all("publish")),
        restart=given.last("restart", "no"),
    )
    _mount(machine, record)
    if status := _begin(process, record):
        return status
    process.say(f"{record.id}\n")
    return 0


def _refuse(process: Process, why: str) -> int:
    process.complain(f"docker: {_ERROR}{why}\n\nRun 'docker run --help' for more information\n")
    return REFUSED


def _variable(process: Process, word: str) -> str:
    """A variable with its value: the process's own, where none is given."""
    return word if "=" in word else f"{word}={process.environment.get(word, '')}"


def _port(word: str) -> tuple[str, list[str]]:
    """``[address:]port:port-of-the-container``."""
    outside, _, within = word.rpartition(":")
    address, _, port = outside.rpartition(":")
    return f"{within}/tcp", [address, port]


def _mount(machine: Machine, record: Record) -> None:
    """What is mounted and not there is made: a folder."""
    for bind in record.binds:
        source = bind.partition(":")[0]
        if not source.startswith("/"):
            volumes.make(machine, source)
        elif not machine.files.exists(source) and not source.endswith("/docker.sock"):
            machine.files.mkdir(source, parents=True)


def _begin(process: Process, record: Record) -> int:
    """Start it, or say why not; it is there in any case."""
    machine = process.machine
    if port := processes.taken(machine, record):
        store.keep(machine, record)
        why = "failed to set up container networking: driver failed programming external connectivity on endpoint "
        return _refuse(process, f"{why}{record.name}: Bind for 0.0.0.0:{port} failed: port is already allocated")
    processes.begin(machine, record)
    store.keep(machine, record)
    return 0


def _each(work: Callable[[Process, Record, Flags], int]) -> Callable[[Process, Flags], int]:
    """Do something with every container that is named."""

    def tool(process: Process, given: Flags) -> int:
        status = 0
        for name in given.words:
            record = store.find(process.machine, name)
            if record is None:
                process.complain(f"{_ERROR}No such container: {name}\n")
                status = 1
                continue
            failed = work(process, record, given)
            status = failed or status
            if not failed:
                process.say(f"{name}\n")
        return status

    return tool


def _start(process: Process, record: Record, _given: Flags) -> int:
    is_up = processes.since(process.machine, record) is not None
    return 0 if is_up else int(bool(_begin(process, record)))


def _stop(process: Process, record: Record, _given: Flags) -> int:
    record.started, record.changed = False, process.machine.clock
    store.keep(process.machine, record)
    return 0


def _restart(process: Process, record: Record, given: Flags) -> int:
    _stop(process, record, given)
    return int(bool(_begin(process, record)))


def _remove(process: Process, record: Record, given: Flags) -> int:
    if processes.since(process.machine, record) is not None and "force" not in given:
        why = f'cannot remove container "/{record.name}": container is running: stop the container before removing'
        process.complain(f"{_ERROR}{why} or force remove\n")
        return 1
    store.forget(process.machine, record)
    return 0


def listed(process: Process, given: Flags) -> int:
    """docker ps."""
    template = given.last("format") or "{{.ID}}   {{.Image}}   {{.Status}}   {{.Names}}"
    for record in store.containers(process.machine):
        is_up = processes.since(process.machine, record) is not None
        if not (is_up or "all" in given):
            continue
        status = "Up" if is_up else f"Exited ({record.status})"
        fields = {"ID": record.id[:12], "Image": record.image, "Status": status, "Names": record.name}
        process.say(filled(template, fields) + "\n")
    return 0


def inspect(process: Process, given: Flags) -> int:
    """docker container inspect."""
    found, status = [], 0
    for name in given.words:
        record = store.find(process.machine, name)
        if record is None:
            process.complain(f"{_ERROR}No such container: {name}\n")
            status = 1
        else:
            found.append(_told(process.machine, record))
    return shown(process, given, found) or status


def _told(machine: Machine, record: Record) -> dict[str, Any]:
    is_up = processes.since(machine, record) is not None
    ports = {inner: [{"HostIp": address, "HostPort": port}] for inner, (address, port) in record.ports.items()}
    return {
        "Id": record.id,
        "Name": f"/{record.name}",
        "Image": record.image_id,
        "State": {"Status": "running" if is_up else "exited", "Running": is_up, "ExitCode": record.status},
        "Config": {
            "Image": record.image,
            "Cmd": record.command or None,
            "Env": record.environment,
            "Labels": record.labels,
        },
        "HostConfig": {
            "Binds": record.binds or None,
            "PortBindings": ports,
            "RestartPolicy": {"Name": record.restart, "MaximumRetryCount": 0},
        },
    }


def logs(process: Process, given: Flags) -> int:
    record = store.find(process.machine, "".join(given.words[:1]))
    if record is None:
        process.complain(f"{_ERROR}No such container: {''.join(given.words[:1])}\n")
        return 1
    process.complain(f"{record.log}\n" if record.log else "")
    return 0


start, stop, restart, remove = map(_each, (_start, _stop, _restart, _remove))
