"""NVIDIA's driver: the runfile, what it installs, the programs that come with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator.process import Program

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node


def programs(node: Node) -> dict[str, Program]:
    """The runfile's payload, and the programs that are there once it has installed them."""
    from phoenix_hypervisor.simulator.hardware.nvidia import installer, smi

    return {**installer.programs(node), **smi.programs(node)}
