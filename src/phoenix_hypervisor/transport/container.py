"""A container as a machine: every command goes through ``lxc-attach`` on its node."""

from __future__ import annotations

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.transport.base import Transport

_ENVIRONMENT = ("HOME=/root", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive")


def inside(ctid: int, command: Command) -> Command:
    """The node's command that runs ``command`` in the container, with nothing of the node's environment."""
    argv = ("lxc-attach", "-n", str(ctid), "--clear-env", "--", "env", *_ENVIRONMENT, *command.argv)
    return Command(*argv, stdin=command.stdin, timeout=command.timeout, confidential=command.confidential)


class ContainerTransport(Transport):
    """A container of a node that another transport reaches; the trips are that one's and counted there."""

    def __init__(self, node: Transport, ctid: int) -> None:
        super().__init__()
        self.node = node
        self.ctid = ctid
        self.label = f"CT {ctid}"
        self.stats = node.stats

    def expected(self, command: Command) -> float:
        return self.node.expected(inside(self.ctid, command))

    async def _trip(self, command: Command, commands: int, looks: bool = False) -> Result:
        return await self.node._trip(inside(self.ctid, command), commands, looks)

    async def _send(self, command: Command) -> Result:
        return await self.node._send(inside(self.ctid, command))
