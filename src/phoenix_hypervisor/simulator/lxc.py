"""lxc-attach, lxc-ls, lxc-info: the C programs under Proxmox's containers."""

from __future__ import annotations

import getopt
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator import durations
from phoenix_hypervisor.simulator.container import Container
from phoenix_hypervisor.simulator.process import Process, Program, Run, execute, find

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_COLUMNS = ("NAME", "STATE", "AUTOSTART", "GROUPS", "IPV4", "IPV6", "UNPRIVILEGED")


def attach(container: Container, outer: Process, argv: Sequence[str], environment: Mapping[str, str]) -> Run:
    """Run a program inside of a container, with the standard streams of the process that asked for it."""
    inner = Process(
        container,
        list(argv),
        outer.stdin,
        {"PATH": _PATH, **environment, "container": "lxc", "TERM": "linux"},
        "/",
        outer.out,
        outer.err,
    )
    if find(inner) is None:
        inner.complain(
            f"lxc-attach: {container.ctid}: ../src/lxc/attach.c: lxc_attach_run_command: 1841 "
            f'No such file or directory - Failed to exec "{argv[0]}"\n'
        )
        return 127
    return (yield from execute(inner))


def programs(node: Node) -> Mapping[str, Program]:
    """The programs over the containers of one node."""
    return {"lxc-attach": partial(_attach, node), "lxc-ls": partial(_ls, node), "lxc-info": partial(_info, node)}


def _attach(node: Node, process: Process) -> Run:
    yield durations.LXC_ATTACH
    try:
        given, rest = getopt.getopt(process.argv[1:], "n:e", ["name=", "clear-env", "keep-env", "set-var="])
    except getopt.GetoptError as wrong:
        process.complain(f"lxc-attach: {wrong}\n")
        return 1
    options = {name.lstrip("-"): value for name, value in given}
    name = options.get("n") or options.get("name") or (rest.pop(0) if rest else "")
    container = node.container(int(name)) if name.isdigit() else None
    if container is None:
        process.complain(
            f"lxc-attach: {name}: ../src/lxc/attach.c: get_attach_context: 406 Connection refused - "
            f"Failed to get init pid\nlxc-attach: {name}: ../src/lxc/attach.c: lxc_attach: 1470 "
            f"Connection refused - Failed to get attach context\n"
        )
        return 1
    environment = {} if "clear-env" in options else dict(process.environment)
    environment |= dict(value.split("=", 1) for key, value in given if key == "--set-var" and "=" in value)
    return (yield from attach(container, process, rest or ["sh"], environment))


def _ls(node: Node, process: Process) -> Run:
    yield durations.LXC_TOOL
    longs = ["running", "stopped", "active", "fancy", "fancy-format=", "line", "defined"]
    try:
        given, _rest = getopt.gnu_getopt(process.argv[1:], "1fF:", longs)
    except getopt.GetoptError as wrong:
        process.complain(f"lxc-ls: {wrong}\n")
        return 1
    options = dict(given)
    running = node.guests.running
    ids = [path.split("/")[4] for path in node.files.glob("/var/lib/lxc/*/config")]
    if "--running" in options or "--active" in options:
        ids = [name for name in ids if int(name) in running]
    if "--stopped" in options:
        ids = [name for name in ids if int(name) not in running]
    if "-f" in options or "--fancy" in options:
        wanted = options.get("-F") or options.get("--fancy-format") or ",".join(_COLUMNS)
        columns = [column.upper() for column in wanted.split(",")]
        process.say(_table([columns, *([_cell(node, name, column) for column in columns] for name in ids)]))
    elif ids:
        process.say(("\n" if "-1" in options or "--line" in options else " ").join(ids) + "\n")
    return 0


def _info(node: Node, process: Process) -> Run:
    yield durations.LXC_TOOL
    given, _rest = getopt.gnu_getopt(process.argv[1:], "n:sipH", ["name=", "state", "ips", "pid", "no-humanize"])
    options = dict(given)
    name = options.get("-n") or options.get("--name") or ""
    if not name.isdigit() or not node.guests.exists(int(name)):
        process.complain(f"{name} doesn't exist\n")
        return 1
    one = node.guests.running.get(int(name))
    state = "RUNNING" if one else "STOPPED"
    if "-s" in options or "--state" in options:
        process.say(f"{state}\n" if "-H" in options else f"State:          {state}\n")
        return 0
    process.say(f"Name:           {name}\nState:          {state}\n")
    if one:
        process.say(f"PID:            {one.pid}\n")
    return 0


def _cell(node: Node, name: str, column: str) -> str:
    container = node.container(int(name))
    options = node.guests.load(int(name)).current.options
    addresses = [one.cidr.partition("/")[0] for one in container.addresses if one.cidr] if container else []
    cells = {
        "NAME": name,
        "STATE": "RUNNING" if container else "STOPPED",
        "PID": str(container.running.pid) if container else "-",
        "AUTOSTART": "0",
        "IPV4": ", ".join(addresses) or "-",
        "UNPRIVILEGED": "true" if options.get("unprivileged") == "1" else "false",
    }
    return cells.get(column, "-")


def _table(lines: list[list[str]]) -> str:
    """The columns of lxc-ls, each padded, the last one too."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "".join(
        "".join(f"{cell:<{width}} " for cell, width in zip(line, widths, strict=True)) + "\n" for line in lines
    )
