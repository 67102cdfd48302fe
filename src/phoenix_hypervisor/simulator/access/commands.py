"""The verbs of ``pveum``. Source: PVE::CLI::pveum, PVE::API2::AccessControl."""

from __future__ import annotations

from collections.abc import Mapping

from phoenix_hypervisor.simulator.access import grants, passwords, users
from phoenix_hypervisor.simulator.access.changing import listing, read
from phoenix_hypervisor.simulator.access.listing import Row
from phoenix_hypervisor.simulator.access.usercfg import REALMS, UserCfg
from phoenix_hypervisor.simulator.call import Call, Handler, Steps
from phoenix_hypervisor.simulator.failures import ParameterError, PveError


def _realms(_call: Call, _found: UserCfg) -> list[Row]:
    return [{"realm": name, "type": name, "comment": comment} for name, comment in REALMS.items()]


def _passwd(call: Call) -> Steps:
    """The password comes from the terminal, twice; here from standard input."""
    yield 0.0
    name = call.parameters["userid"]
    password = call.get("password")
    if not password:
        first, second = [*call.process.stdin.split("\n"), "", ""][:2]
        call.process.say("Enter new password: \nRetype new password: \n")
        if first != second:
            raise PveError("Passwords do not match!")
        password = first
    if len(password) < 8:
        raise ParameterError({"password": "value must be at least 8 characters long"})
    if name not in read(call).users:
        raise PveError(f"no such user ('{name}')")
    passwords.store(call.node, name, password)


HANDLERS: Mapping[str, Handler] = {
    **users.HANDLERS,
    **grants.HANDLERS,
    "realm list": listing("realm list", _realms),
    "passwd": _passwd,
}
