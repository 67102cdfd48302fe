"""The driver on the disk and in the kernel: its files, its version, the device nodes that it needs."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator.filesystem import Generated
from phoenix_hypervisor.simulator.hardware import modules, pci
from phoenix_hypervisor.simulator.process import Machine

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

LIBRARY = "/usr/lib/x86_64-linux-gnu"
PROGRAMS = ("nvidia-smi", "nvidia-modprobe", "nvidia-persistenced", "nvidia-uninstall", "nvidia-installer",
            "nvidia-debugdump", "nvidia-cuda-mps-control", "nvidia-bug-report.sh", "nvidia-xconfig")  # fmt: skip
_LIBRARIES = ("libnvidia-ml.so", "libcuda.so", "libnvidia-ptxjitcompiler.so", "libnvidia-cfg.so")
_UVM, _FRONT = 511, 195


def installed(node: Machine) -> str:
    """The version of the user space driver; empty when there is none."""
    found = node.files.glob(f"{LIBRARY}/libnvidia-ml.so.*.*")
    return found[0].partition(".so.")[2] if found else ""


def loaded(node: Node) -> str:
    """The version of the loaded module; empty when none is loaded."""
    if "nvidia" not in node.modules.loaded():
        return ""
    entry = node.files.stat(f"{modules.FOLDER}/nvidia/version")
    return entry.data.strip() if entry else ""


def put(node: Machine, version: str) -> None:
    """Write the programs and libraries of a version."""
    for name in PROGRAMS:
        node.files.mkdir("/usr/bin", parents=True)
        node.files.write(f"/usr/bin/{name}", f"\x7fELF {name} {version}\n", mode=0o755)
    node.files.mkdir(LIBRARY, parents=True)
    for name in _LIBRARIES:
        node.files.write(f"{LIBRARY}/{name}.{version}", f"\x7fELF {name} {version}\n", mode=0o755)
        if node.files.stat(f"{LIBRARY}/{name}.1", follow=False) is not None:
            node.files.remove(f"{LIBRARY}/{name}.1")
        node.files.link(f"{name}.{version}", f"{LIBRARY}/{name}.1")
    node.files.mkdir("/var/lib/nvidia", parents=True)
    node.files.write("/var/lib/nvidia/log", f"NVIDIA Accelerated Graphics Driver for Linux-x86_64 ({version})\n")


def take_away(node: Machine) -> None:
    """Remove the programs and libraries."""
    paths = [f"/usr/bin/{name}" for name in PROGRAMS] + ["/var/lib/nvidia"]
    for path in [*paths, *(found for name in _LIBRARIES for found in node.files.glob(f"{LIBRARY}/{name}.*"))]:
        if node.files.stat(path, follow=False) is not None:
            node.files.remove(path, recursive=True)


def put_source(node: Node, version: str, *, is_open: bool) -> None:
    """Write the module's source for DKMS."""
    folder = f"/usr/src/nvidia-{version}"
    node.files.mkdir(folder, parents=True)
    lines = ['PACKAGE_NAME="nvidia"', f'PACKAGE_VERSION="{version}"', 'AUTOINSTALL="yes"']
    for number, name in enumerate(modules.NVIDIA):
        lines += [f'BUILT_MODULE_NAME[{number}]="{name}"', f'DEST_MODULE_LOCATION[{number}]="/kernel/drivers/video"']
    node.files.write(f"{folder}/dkms.conf", "".join(f"{line}\n" for line in lines))
    if is_open:
        node.files.write(f"{folder}/OPEN", "kernel-open\n")
    elif node.files.exists(f"{folder}/OPEN"):
        node.files.remove(f"{folder}/OPEN")


def cards(node: Node) -> list[str]:
    """The cards that the loaded driver has, in its order."""
    return [one for one in pci.cards(node.files) if pci.driver(node.files, one) == "nvidia"]


def make_nodes(node: Node, *, index: int | None = None, uvm: bool = False, modeset: bool = False) -> None:
    """Make the device nodes of the control device, of a card, of unified memory."""
    wanted = {"nvidiactl": f"c {_FRONT} 255"}
    if index is not None and index < len(cards(node)):
        wanted[f"nvidia{index}"] = f"c {_FRONT} {index}"
    if uvm:
        wanted |= {"nvidia-uvm": f"c {_UVM} 0", "nvidia-uvm-tools": f"c {_UVM} 1"}
    if modeset:
        wanted["nvidia-modeset"] = f"c {_FRONT} 254"
    for name, numbers in wanted.items():
        if not node.files.exists(f"/dev/{name}"):
            node.files.device(numbers, f"/dev/{name}", 0o666)


def uuid(node: Node, address: str) -> str:
    """The card's own number: of the machine and the slot."""
    digits = sha256(f"{node.seed}:{address}".encode()).hexdigest()
    return f"GPU-{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"


class ProcVersion(Generated):
    """``/proc/driver/nvidia/version``: there while the module is loaded."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def read(self) -> str | None:
        version = loaded(self._node)
        if not version:
            return None
        source = self._node.modules.find("nvidia")
        is_open = source is not None and "MIT" in source.get("license")
        kind = "NVIDIA UNIX Open Kernel Module for x86_64" if is_open else "NVIDIA UNIX x86_64 Kernel Module"
        return f"NVRM version: {kind}  {version}  Release Build  (dvs-builder)\nGCC version:  gcc version 14.2.0\n"
