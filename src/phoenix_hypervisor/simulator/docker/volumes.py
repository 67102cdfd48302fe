"""docker volume: named volumes, which outlive the containers that use them."""

from __future__ import annotations

from phoenix_hypervisor.simulator.docker import store
from phoenix_hypervisor.simulator.docker.flags import Flags
from phoenix_hypervisor.simulator.docker.templates import shown
from phoenix_hypervisor.simulator.process import Machine, Process


def make(machine: Machine, name: str) -> None:
    machine.files.mkdir(store.volume(name), parents=True)


def create(process: Process, given: Flags) -> int:
    for name in given.words:
        make(process.machine, name)
        process.say(f"{name}\n")
    return 0


def listed(process: Process, _given: Flags) -> int:
    rows = "".join(f"local     {name}\n" for name in store.volumes(process.machine))
    process.say(f"DRIVER    VOLUME NAME\n{rows}")
    return 0


def inspect(process: Process, given: Flags) -> int:
    there = store.volumes(process.machine)
    known = [name for name in given.words if name in there]
    status = shown(process, given, [{"Name": name, "Mountpoint": store.volume(name)} for name in known])
    for name in given.words:
        if name not in there:
            process.complain(f"Error response from daemon: get {name}: no such volume\n")
            status = 1
    return status


def remove(process: Process, given: Flags) -> int:
    machine = process.machine
    for name in given.words:
        users = [each for each in store.containers(machine) if store.volume(name) in store.sources(each).values()]
        if name not in store.volumes(machine):
            process.complain(f"Error response from daemon: get {name}: no such volume\n")
            return 1
        if users:
            process.complain(f"Error response from daemon: remove {name}: volume is in use - [{users[0].id}]\n")
            return 1
        machine.files.remove(f"{store.VOLUMES}/{name}", recursive=True)
        process.say(f"{name}\n")
    return 0
