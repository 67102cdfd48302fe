"""What the node computes in files: control groups of the running containers, uptime, swap; its time zones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator.debian.zones import mount_zones
from phoenix_hypervisor.simulator.filesystem import Generated
from phoenix_hypervisor.simulator.hardware.modules import ProcModules
from phoenix_hypervisor.simulator.hardware.nvidia.driver import ProcVersion
from phoenix_hypervisor.simulator.zfs.arc import mount_arc

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

_KNOBS = {
    "cgroup.controllers": "cpuset cpu io memory hugetlb pids rdma misc\n",
    "cgroup.events": "populated 1\nfrozen 0\n",
    "cgroup.freeze": "0\n",
    "cgroup.kill": "",
    "cgroup.max.depth": "max\n",
    "cgroup.max.descendants": "max\n",
    "cgroup.procs": "",
    "cgroup.subtree_control": "cpuset cpu io memory pids\n",
    "cgroup.type": "domain\n",
}


class _Text(Generated):
    def __init__(self, text: str) -> None:
        self._text = text

    def read(self) -> str:
        return self._text


class _Folder(Generated):
    def __init__(self, content: Mapping[str, Generated]) -> None:
        self._content = content

    def children(self) -> Mapping[str, Generated]:
        return self._content


_EMPTY_GROUP = {name: _Text(text) for name, text in _KNOBS.items()}
_GROUP = _Folder({**_EMPTY_GROUP, "ns": _Folder(_EMPTY_GROUP)})


class _Groups(Generated):
    """``/sys/fs/cgroup/lxc``: one group for each running container."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def children(self) -> Mapping[str, Generated]:
        running: dict[str, Generated] = {str(ctid): _GROUP for ctid in self._node.guests.running}
        return {**running, **_EMPTY_GROUP}


class _Uptime(Generated):
    def __init__(self, node: Node) -> None:
        self._node = node

    def read(self) -> str:
        up = self._node.clock - self._node.started
        return f"{up:.2f} {up:.2f}\n"


class _Swaps(Generated):
    def __init__(self, node: Node) -> None:
        self._node = node

    def read(self) -> str:
        lines = "".join(
            f"{device.path:<40}partition\t{device.size // 1024 - 4:<16}0\t\t-2\n"
            for device in self._node.disks.every()
            if device.swapping
        )
        return f"{'Filename':<40}Type\t\tSize\t\tUsed\t\tPriority\n{lines}"


def mount_kernel(node: Node) -> None:
    """Show the computed files of /proc and /sys, and of tzdata."""
    node.files.generate("/sys/fs/cgroup/lxc", _Groups(node))
    node.files.generate("/sys/fs/cgroup/lxc.monitor", _Folder(_EMPTY_GROUP))
    node.files.generate("/proc/uptime", _Uptime(node))
    node.files.generate("/proc/swaps", _Swaps(node))
    mount_arc(node)
    mount_zones(node.files)
    node.files.generate("/proc/modules", ProcModules(node.modules))
    node.files.generate("/proc/driver/nvidia/version", ProcVersion(node))
