"""The passwords of Proxmox's users: those of realm pve in ``priv/shadow.cfg``, those of realm pam in /etc/shadow."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator.coreutils.accounts import table
from phoenix_hypervisor.simulator.failures import PveError

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

FILE, SYSTEM = "/etc/pve/priv/shadow.cfg", "/etc/shadow"
_NO_SUCH_USER = 6


def hashed(password: str) -> str:
    """What stands for the hash of a password."""
    return "$5$simulated$" + hashlib.sha256(password.encode()).hexdigest()[:43]


def store(node: Node, user: str, password: str) -> None:
    """Set a user's password where its realm keeps it. Raises PveError."""
    name, _, realm = user.rpartition("@")
    if realm == "pve":
        _replace(node, FILE, name, f"{name}:{hashed(password)}:")
    elif realm == "pam":
        if name not in [row[0] for row in table(node.files, "/etc/passwd")]:
            raise PveError(f"change password failed: usermod: user '{name}' does not exist", _NO_SUCH_USER)
        _replace(node, SYSTEM, name, f"{name}:{hashed(password)}:{int(node.clock) // 86_400}:0:99999:7:::")
    else:
        raise PveError(f"auth domain '{realm}' does not exist")


def forget(node: Node, user: str) -> None:
    """Take away the password of a user of realm pve."""
    name, _, realm = user.rpartition("@")
    if realm == "pve" and node.files.exists(FILE):
        _replace(node, FILE, name, "")


def matches(node: Node, user: str, password: str) -> bool:
    """Whether a password is the one that was stored."""
    name, _, realm = user.rpartition("@")
    entry = node.files.stat(FILE if realm == "pve" else SYSTEM)
    rows = [line.split(":") for line in (entry.data if entry else "").splitlines()]
    return [hashed(password)] == [row[1] for row in rows if row[0] == name]


def _replace(node: Node, path: str, name: str, line: str) -> None:
    entry = node.files.stat(path)
    lines = [one for one in (entry.data if entry else "").splitlines() if one.partition(":")[0] != name]
    node.files.mkdir(path.rpartition("/")[0], parents=True)
    node.files.write(path, "".join(f"{one}\n" for one in [*lines, *([line] if line else [])]), mode=0o600)
