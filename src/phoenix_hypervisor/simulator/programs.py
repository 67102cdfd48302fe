"""The programs in the PATH of the node and of its containers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator import (
    coreutils,
    debian,
    docker,
    durations,
    hardware,
    lxc,
    models,
    pveam,
    pvesh,
    pvesm,
    python,
    sharing,
    shell,
    tool,
)
from phoenix_hypervisor.simulator.access import commands as pveum
from phoenix_hypervisor.simulator.disks import tools as disk_tools
from phoenix_hypervisor.simulator.findmnt import findmnt
from phoenix_hypervisor.simulator.hardware.nvidia import inside as nvidia_inside
from phoenix_hypervisor.simulator.pct import commands as pct
from phoenix_hypervisor.simulator.process import Program
from phoenix_hypervisor.simulator.zfs import commands as zfs
from phoenix_hypervisor.simulator.zfs import zpool

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node


_DEBIAN: Mapping[str, Program] = {
    **coreutils.PROGRAMS,
    **shell.PROGRAMS,
    **debian.PROGRAMS,
    **sharing.PROGRAMS,
    **models.PROGRAMS,
    **python.PROGRAMS,
    "findmnt": findmnt,
}


def of_guest(node: Node) -> Mapping[str, Program]:
    """What a Debian or Ubuntu container of the node has."""
    return {**_DEBIAN, **docker.PROGRAMS, **nvidia_inside.programs(node)}


def of_node(node: Node) -> Mapping[str, Program]:
    """What the node has: Debian's programs, and Proxmox's over this node."""
    return {
        **_DEBIAN,
        "zfs": zfs.program(node.zfs),
        "zpool": zpool.program(node.zfs),
        "pct": tool.program(node, "pct", durations.PCT, pct.HANDLERS),
        "pvesm": tool.program(node, "pvesm", durations.PVESM, pvesm.HANDLERS),
        "pveum": tool.program(node, "pveum", durations.PVESH, pveum.HANDLERS),
        "pveam": tool.program(node, "pveam", durations.PVEAM, pveam.HANDLERS),
        "pvesh": pvesh.program(node),
        "pveversion": pveam.version(node),
        **lxc.programs(node),
        **disk_tools.of_node(node),
        **hardware.programs(node),
    }
