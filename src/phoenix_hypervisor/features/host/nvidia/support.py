"""Which driver goes with which card, kernel and CUDA."""

from __future__ import annotations

import re

Numbers = tuple[int, ...]
TURING, GRACE_HOPPER, BLACKWELL = 0x1E00, range(0x2342, 0x2349), 0x2900
"""PCI device ids ascend with the architecture (pci.ids): TU102 begins at 1e02, GB100 at 2901."""
_CARDS = ((BLACKWELL, 570, "Blackwell"), (0x2600, 520, "Ada"), (0x2200, 455, "Ampere"))
"""From which device id on a card needs which branch: "Supported NVIDIA GPU Products" of the drivers' READMEs."""
_LAST_OF_VOLTA = 580
"""The last branch for Maxwell, Pascal and Volta: NVIDIA's "UNIX graphics feature deprecation schedule"."""
_FAILS = (
    ((6, 14), (0,), (550, 144)),
    ((6, 14), (570,), (570, 144)),
    ((6, 17), (0,), (570,)),
    ((7, 0), (0,), (580, 142)),
    ((7, 0), (590,), (595,)),
)
"""From which kernel on modules do not build, of drivers from the one version to below the other.

Sources: NVIDIA's release notes ("fixed kernel module build issue"); NVIDIA/open-gpu-kernel-modules#1143 (550.163.01 and
555.58.02 on 6.17-pve); void-linux/void-packages#54925 (570.133.07 on 6.14); anomixer/proxmox-vgpu-installer#18
(535.230.02 on 6.14-pve); Frogging-Family/nvidia-all#379 (580.119.02 on 7.0). What is not listed may build.
"""
_CUDA = (
    ((13, 0), (580, 65)), ((12, 9), (575, 51)), ((12, 8), (570, 26)), ((12, 6), (560, 28)), ((12, 5), (555, 42)),
    ((12, 4), (550, 54)), ((12, 2), (535, 54)), ((12, 0), (525, 60)),
)  # fmt: skip
"""The oldest driver of a CUDA toolkit: CUDA release notes, table "CUDA Toolkit and Corresponding Driver Versions"."""


def numbers(version: str) -> Numbers:
    """The numbers of a version of a driver, a kernel, CUDA."""
    return tuple(int(each) for each in re.findall(r"[0-9]+", version.partition("-")[0]))


def builds(version: str, kernel: str) -> bool:
    """Whether nothing is known against the modules of this driver for this kernel."""
    wanted, release = numbers(version), numbers(kernel)
    return not any(since <= release and first <= wanted < end for since, first, end in _FAILS)


def needs_open(device: int) -> bool:
    """Whether only the open modules know the card."""
    return device >= BLACKWELL or device in GRACE_HOPPER


def takes_open(device: int) -> bool:
    return device >= TURING


def card_fault(version: str, device: int) -> str:
    """Why a card does not go with a driver; empty when it does."""
    wanted = numbers(version)
    if device < TURING:
        return "older than Turing, whose last branch is 580" if wanted[0] > _LAST_OF_VOLTA else ""
    for since, first, name in _CARDS:
        if device >= since:
            return f"of {name}, whose first branch is {first}" if first > wanted[0] else ""
    return ""


def cuda_fault(version: str, cuda: str) -> str:
    """The oldest driver for a CUDA version, where this one is older; empty otherwise."""
    oldest = next((driver for since, driver in _CUDA if numbers(cuda) >= since), ())
    return ".".join(map(str, oldest)) if oldest > numbers(version) else ""


def installer_options(version: str, devices: list[int]) -> tuple[str, ...]:
    """What tells the installer which module sources to take: there are two from 515 on, and an option from 560 on.

    Below 560 the open ones are finished for cards of data centers alone: on others they take no work without
    ``NVreg_OpenRmEnableUnsupportedGpus``. Source: "Open Linux Kernel Modules" of the drivers' READMEs.
    """
    is_open = all(map(takes_open, devices))
    if numbers(version) >= (560,):
        return (f"--kernel-module-type={'open' if is_open else 'proprietary'}",)
    return ("-m=kernel-open",) if is_open and any(map(needs_open, devices)) and numbers(version) >= (515,) else ()
