"""What apt does on the node beyond packages: kernels and headers come and go, DKMS builds, initramfs are made."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator.debian import apt, dpkg
from phoenix_hypervisor.simulator.hardware import dkms, kernels
from phoenix_hypervisor.simulator.hardware.nvidia.driver import PROGRAMS as DRIVER
from phoenix_hypervisor.simulator.process import Process, Program, Run

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

NEEDED = {"dkms": "dkms", "gcc": "gcc", "cc": "gcc", "make": "make"}
"""Programs that the node has only with the package that brings them."""


def is_there(node: Node, name: str) -> bool:
    """Whether a program is on the node: with its package, or where the NVIDIA driver put it."""
    if name in DRIVER:
        return node.files.exists(f"/usr/bin/{name}")
    needed = NEEDED.get(name)
    return dpkg.brings(node.files, name) and (needed is None or needed in dpkg.installed(node.files))


def _apt(node: Node, inner: Program, process: Process, /) -> Run:
    before = kernels.packaged(node)
    status = yield from inner(process)
    yield from settle(node, process, before)
    return status


def settle(node: Node, process: Process, before: tuple[set[str], set[str]]) -> Run:
    """Put on the disk what the packages of kernels and headers hold that were not there before."""
    after = kernels.packaged(node)
    new = [one for one in {*after[0], *kernels.installed(node.files)} if not kernels.is_complete(node.files, one)]
    for kernel in sorted(new):
        yield 10.0
        kernels.add(node, kernel)
    for kernel in before[0] - after[0]:
        kernels.drop(node, kernel)
    for kernel in before[1] - after[1]:
        kernels.drop_headers(node, kernel)
    for kernel in after[1] - before[1]:
        kernels.add_headers(node, kernel)
    if "dkms" in dpkg.installed(node.files):
        for kernel in sorted({*new, *(after[1] - before[1])}):
            yield from dkms.autoinstall(node, process, kernel)
    return 0


def _nothing(_process: Process, /) -> Run:
    yield 0.01
    return 0


def programs(node: Node) -> dict[str, Program]:
    wrapped: dict[str, Program] = {name: partial(_apt, node, apt.PROGRAMS[name]) for name in ("apt-get", "apt")}
    return {**wrapped, **dict.fromkeys(("gcc", "cc", "make"), _nothing)}
