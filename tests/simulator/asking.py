"""Short ways to ask a simulated node."""

from __future__ import annotations

from phoenix_hypervisor.proxmox.guest import GuestConfig, parse
from phoenix_hypervisor.simulator.node import Node


def ok(node: Node, *argv: str) -> str:
    """What a command says that succeeds."""
    result = node.run(argv)
    assert result.ok, result.stderr
    return result.stdout


def refused(node: Node, *argv: str) -> str:
    """The complaint of a command that fails."""
    result = node.run(argv)
    assert not result.ok, result.stdout
    return result.stderr


def inside(node: Node, script: str, ctid: str = "101") -> str:
    """What a script says in a running container: in the one of the small node, where no other is named."""
    return ok(node, "lxc-attach", "-n", ctid, "--clear-env", "--", "sh", "-c", script)


def read(node: Node, ctid: str) -> GuestConfig:
    return parse(node.files.read(f"/etc/pve/lxc/{ctid}.conf"))


def held(node: Node, ctid: str) -> dict[str, str]:
    """The options of the current section."""
    return dict(read(node, ctid).current.options)


def datasets(node: Node, ctid: str) -> list[str]:
    """The last names of a container's datasets."""
    return [name.rpartition("/")[2] for name in sorted(node.zfs.datasets) if f"-{ctid}-" in name]
