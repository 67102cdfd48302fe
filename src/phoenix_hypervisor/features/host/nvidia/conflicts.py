"""What keeps NVIDIA's driver from being installed, or from having its cards."""

from __future__ import annotations

from collections.abc import Iterator

from phoenix_hypervisor.features.host.nvidia import support
from phoenix_hypervisor.features.host.nvidia.state import (
    DEBIAN,
    KEY,
    SECURE_BOOT,
    SIGNED,
    STATE,
    Enrolment,
    State,
)
from phoenix_hypervisor.machine import Facts
from phoenix_hypervisor.resource import Obstacle
from phoenix_hypervisor.resources.kernel import KERNELS

_CONFIRM = "reboot, and enroll the key on the console"
_IMPORT = f"mokutil --import {KEY}; then {_CONFIRM}."
_MAKE = (
    f"mkdir -p {KEY.rpartition('/')[0]}; openssl req -new -x509 -nodes"
    " -newkey rsa:2048 -days 36500 -subj '/CN=DKMS module signing key' -outform DER"
    f" -keyout {KEY.removesuffix('.pub')}.key -out {KEY}"
)
_ENROLL = {
    Enrolment.REQUESTED: f"It waits for you: {_CONFIRM}.",
    Enrolment.OPEN: f"Run: {_IMPORT}",
    Enrolment.NO_KEY: f"Run: {_MAKE}; {_IMPORT}",
    Enrolment.UNKNOWN: "Run: apt-get install mokutil; then this again.",
}


def obstacles(version: str, facts: Facts) -> Iterator[Obstacle]:
    """Everything that stands in the way of this version."""
    state = facts[STATE]
    if not state.cards:
        yield Obstacle("the node has no NVIDIA card", "Set nvidia_driver.install to false.")
        return
    yield from _claims(state)
    yield from _cards(version, state)
    if facts[SECURE_BOOT] and facts[SIGNED] is not Enrolment.DONE:
        reason = f"secure boot is on, and the key that signs modules built here is not enrolled ({KEY})"
        yield Obstacle(reason, _ENROLL[facts[SIGNED]])
    if packages := sorted(facts[DEBIAN]):
        reason = f"a driver is installed from packages: {', '.join(packages)}"
        yield Obstacle(reason, f"Run: apt-get purge {' '.join(packages)}")
    kernel = facts[KERNELS].running
    if not support.builds(version, kernel):
        reason = f"the modules of {version} do not build for kernel {kernel}"
        yield Obstacle(reason, "Declare a newer driver, or boot an older kernel (proxmox-boot-tool kernel pin).")
    if state.refused:
        yield Obstacle(f"the module is kept from being loaded, {state.refused}", "Remove the line.")
    if state.holders and state.running not in ("", version):
        names = ", ".join(map(str, state.holders))
        reason = f"running containers use driver {state.running}: {names}"
        yield Obstacle(reason, "Stop them, then run again.")


def _claims(state: State) -> Iterator[Obstacle]:
    """Cards that are passed through to virtual machines: an obstacle where none is left."""
    if state.own_cards:
        return
    for card in state.cards:
        why = f"{card.claim} gives it to vfio-pci" if card.claim else "vfio-pci has it"
        yield Obstacle(f"no card is left for containers: {card.address}, {why}", "Take it from vfio-pci, then reboot.")


def _cards(version: str, state: State) -> Iterator[Obstacle]:
    for card in state.own_cards:
        if fault := support.card_fault(version, card.device):
            reason = f"driver {version} does not know card {card.address}: it is {fault}"
            yield Obstacle(reason, "Declare another version.")
    devices = [card.device for card in state.own_cards]
    if any(map(support.needs_open, devices)) and not all(map(support.takes_open, devices)):
        reason = "one card takes the open modules only, another the proprietary ones only"
        yield Obstacle(reason, "Pass one of them through to a virtual machine, or take it out.")


def notes(version: str, cuda: str | None, facts: Facts) -> Iterator[str]:
    """What people must know of it beside."""
    state, kernels = facts[STATE], facts[KERNELS]
    if state.own_cards:
        for card in state.cards:
            if card.is_of_guests:
                yield f"NVIDIA card {card.address} is vfio-pci's: containers do not count it."
    if kernels.next != kernels.running and not support.builds(version, kernels.next):
        yield f"driver {version} does not build for kernel {kernels.next}, which the next boot brings."
    if cuda and (oldest := support.cuda_fault(version, cuda)):
        yield f"CUDA {cuda} is made for driver {oldest} and later; {version} is declared."
