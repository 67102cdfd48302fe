"""``pct`` exec, enter, push, pull. Source: PVE::CLI::pct."""

from __future__ import annotations

from collections.abc import Mapping

from phoenix_hypervisor.simulator.call import Call, Handler, Work
from phoenix_hypervisor.simulator.container import Container
from phoenix_hypervisor.simulator.failures import PveError
from phoenix_hypervisor.simulator.lxc import attach


def _running(call: Call) -> Container:
    call.guests.load(call.ctid)
    container = call.node.container(call.ctid)
    if container is None:
        raise PveError(f"container '{call.ctid}' not running!")
    return container


def execute(call: Call) -> Work:
    yield 0.0
    if not call.extra:
        raise PveError("missing command at /usr/share/perl5/PVE/CLI/pct.pm line 246.")
    container = _running(call)
    keep = call.get("keep-env", "1") == "1"
    return (yield from attach(container, call.process, call.extra, call.process.environment if keep else {}))


def enter(call: Call) -> Work:
    yield 0.0
    container = _running(call)
    return (yield from attach(container, call.process, ["sh"], call.process.environment))


def push(call: Call) -> Work:
    yield 0.0
    container = call.node.container(call.ctid)
    if container is None:
        raise PveError("can only push files to a running CT")
    source, target = call.parameters["file"], call.parameters["destination"]
    entry = call.node.files.stat(source)
    if entry is None or entry.kind != "file":
        call.complain(f"failed to open {source} for reading")
        return 0
    owner = {}
    for kind, file in (("user", "/etc/passwd"), ("group", "/etc/group")):
        found = _number(container, call.get(kind, "0"), file)
        if found is None:
            call.complain(f"failed to get {'uid' if kind == 'user' else 'gid'} for: {call.get(kind)}")
            return 0
        owner[kind] = found
    try:
        mode = int(call.get("perms"), 8) if call.get("perms") else 0o644
        container.files.write(target, entry.data, mode=mode, uid=owner["user"], gid=owner["group"])
    except OSError as failure:
        call.complain(f"failed to create file: {target}: {failure.strerror}")
    return 0


def _number(container: Container, name: str, file: str) -> int | None:
    if name.isdigit():
        return int(name)
    for line in container.files.read(file).splitlines() if container.files.exists(file) else ():
        fields = line.split(":")
        if fields[0] == name:
            return int(fields[2])
    return None


def pull(call: Call) -> Work:
    yield 0.0
    container = call.node.container(call.ctid)
    if container is None:
        raise PveError("can only pull files from a running VM at /usr/share/perl5/PVE/CLI/pct.pm line 664.")
    source, target = call.parameters["path"], call.parameters["destination"]
    try:
        text = container.files.read(source)
    except OSError as failure:
        call.complain(f"failed to open {source}: {failure.strerror}")
        return 0
    try:
        call.node.files.write(target, text, mode=int(call.get("perms"), 8) if call.get("perms") else None)
    except OSError as failure:
        call.complain(f"failed to create file: {target}: {failure.strerror}")
    return 0


HANDLERS: Mapping[str, Handler] = {
    "exec": execute,
    "enter": enter,
    "push": push,
    "pull": pull,
}
