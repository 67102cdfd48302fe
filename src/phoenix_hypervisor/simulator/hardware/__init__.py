"""What the node is built of: PCI cards, kernels and their modules, NVIDIA's driver, network links; how it boots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator.coreutils.common import program, running
from phoenix_hypervisor.simulator.debian import systemctl
from phoenix_hypervisor.simulator.hardware import boot, boottools, dkms, ifupdown, kmod, nvidia, packages, pci, timers
from phoenix_hypervisor.simulator.process import Program

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node


def programs(node: Node) -> Mapping[str, Program]:
    """The programs over one node's hardware."""
    started = {
        **kmod.programs(node),
        **boottools.programs(node),
        **boot.programs(node, systemctl.PROGRAMS["systemctl"]),
        **timers.programs(node),
        **ifupdown.programs(node),
        **dkms.programs(node),
        **packages.programs(node),
        **nvidia.programs(node),
    }
    tools = {**kmod.tools(node), "lspci": pci.lspci}
    return {
        **{name: program(name, tool) for name, tool in tools.items()},
        **{name: running(name, one) for name, one in started.items()},
    }
