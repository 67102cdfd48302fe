"""How a verb of ``pveum`` reads and changes ``user.cfg``: checked, under its lock, failures told as Proxmox does."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

from phoenix_hypervisor.simulator.access import usercfg
from phoenix_hypervisor.simulator.access.listing import Row, show
from phoenix_hypervisor.simulator.access.privileges import privileges
from phoenix_hypervisor.simulator.access.usercfg import UserCfg, split
from phoenix_hypervisor.simulator.call import Call, Handler, Steps
from phoenix_hypervisor.simulator.contract import contract, verbs
from phoenix_hypervisor.simulator.failures import ParameterError, PveError

_LOCK = "/etc/pve/priv/lock/user_cfg"


def checked(call: Call, verb: str) -> None:
    """What the schema asks beyond single values. Raises ParameterError."""
    options = verbs("pveum")[verb].options
    missing = [name for name, one in options.items() if not one.get("optional") and name not in call.parameters]
    if missing:
        raise ParameterError(dict.fromkeys(missing, "property is missing and it is not optional"))
    for name, other in (("append", "groups"), ("append", "privs")):
        if name in call.parameters and other in options and other not in call.parameters:
            raise ParameterError({other: f"missing property - '{name}' requires this property"})
    for name in ("privs",) if "privs" in call.parameters else ():
        unknown = [one for one in split(call.get(name)) if one not in privileges(call.node.release.version)]
        if unknown:
            raise ParameterError({name: f"invalid format - invalid privilege '{unknown[0]}'\n"})


@contextmanager
def _failing(prefix: str) -> Generator[None, None, None]:
    try:
        yield
    except PveError as failure:
        raise PveError(f"{prefix}: {failure.text}", failure.rc) from failure


Change = Callable[[Call, UserCfg], None]


def changing(verb: str, prefix: str, change: Change) -> Handler:
    """A verb that reads the file, changes it and writes it, under its lock."""

    def run(call: Call) -> Steps:
        checked(call, verb)
        version = call.node.release.version
        with (yield from call.node.locks.wait(_LOCK)), _failing(prefix):
            found = read(call)
            change(call, found)
            call.node.files.write(usercfg.FILE, usercfg.render(found, version))

    return run


def read(call: Call) -> UserCfg:
    found = usercfg.read(call.node.files, call.node.release.version)
    for text in found.warnings:
        call.complain(text)
    return found


def listing(verb: str, rows: Callable[[Call, UserCfg], list[Row]]) -> Handler:
    def run(call: Call) -> Steps:
        yield 0.0
        show(call, rows(call, read(call)), contract()["columns"][verb])

    return run
