"""Whether guests run on KVM here: only a guest that really ran shows it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

LIMIT = 15
"""Seconds; on a working KVM the probe takes two. Where KVM is offered and does not work, it may hang."""


def accelerator(image: Path) -> tuple[str, str]:
    """`kvm` or `tcg` (software emulation), and why."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg", "software emulation: /dev/kvm cannot be used here"
    if _ran(image):
        return "kvm", "KVM: a probe guest ran on it"
    return "tcg", "software emulation: /dev/kvm is there, but a probe guest did not run on it"


def _ran(image: Path) -> bool:
    argv = (
        *("timeout", "--signal=KILL", str(LIMIT), "qemu-system-x86_64", "-accel", "kvm", "-cpu", "host", "-m", "512"),
        *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio"),
        *("-kernel", str(image / "vmlinuz"), "-initrd", str(image / "initrd.img")),
        *("-append", "console=ttyS0 panic=-1 rdinit=/probe"),
    )
    return b"the probe guest ran" in subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True).stdout
