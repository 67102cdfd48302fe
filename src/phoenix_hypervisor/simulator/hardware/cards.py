"""An NVIDIA card is put into the node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator.hardware import dkms, kernels, pci
from phoenix_hypervisor.simulator.hardware.modules import ModuleFault
from phoenix_hypervisor.simulator.hardware.nvidia import driver

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

SLOTS = range(1, 32)


def add(node: Node, slot: int | None, device: str, nouveau: str | None, version: str) -> str:
    """Put a card in; its address. Raises ValueError where it cannot be there."""
    used = {int(address[5:7], 16) for address in pci.devices(node.files)}
    number = next(free for free in SLOTS if free not in used) if slot is None else slot
    if number not in SLOTS:
        raise ValueError(f"GPU slot {number}: there are slots {SLOTS.start} to {SLOTS.stop - 1}")
    if number in used:
        raise ValueError(f"GPU slot {number}: there is a card in it already")
    address = f"0000:{number:02x}:00.0"
    facts = {"vendor": f"0x{pci.NVIDIA}", "class": "0x030000", "device": f"0x{device}"}
    facts |= {"boot_vga": "1" if nouveau == "in use" else "0", "nouveau": "" if nouveau is None else "known"}
    for name, text in facts.items():
        if text:
            node.files.mkdir(f"{pci.DEVICES}/{address}", parents=True)
            node.files.write(f"{pci.DEVICES}/{address}/{name}", f"{text}\n")
    if version:
        _with_driver(node, address, version)
    elif nouveau is not None:
        _with_nouveau(node, address)
    return address


def _with_nouveau(node: Node, address: str) -> None:
    config = node.modules.config()
    if "nouveau" in node.modules.loaded():
        pci.bind(node.files, address, "nouveau")
    elif "nouveau" not in config.blacklist and "nouveau" not in config.install:
        try:
            node.modules.load("nouveau", config)
        except ModuleFault as fault:
            raise ValueError(f"GPU {address}: {fault}") from fault


def _with_driver(node: Node, address: str, version: str) -> None:
    """The host's driver is there, built with DKMS, with nouveau off, and has the card."""
    kernel = node.kernel.release
    if driver.installed(node) != version:
        node.files.write("/etc/modprobe.d/blacklist-nouveau.conf", "blacklist nouveau\noptions nouveau modeset=0\n")
        kernels.write_initramfs(node, kernel)
        kernels.add_headers(node, kernel)
        driver.put(node, version)
        driver.put_source(node, version, is_open=True)
        try:
            dkms.add(node, ("nvidia", version))
            dkms.build(node, ("nvidia", version), kernel)
        except dkms.DkmsFault as fault:
            raise ValueError(f"GPU {address}: {fault}") from fault
        dkms.install(node, ("nvidia", version), kernel)
    try:
        node.modules.load("nvidia_uvm", node.modules.config())
    except ModuleFault as fault:
        raise ValueError(f"GPU {address}: {fault}") from fault
    if not pci.driver(node.files, address):
        pci.bind(node.files, address, "nvidia")
    driver.make_nodes(node, index=driver.cards(node).index(address), uvm=True, modeset=True)
