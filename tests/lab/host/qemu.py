"""QEMU's command line for a machine of the lab."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.host.disk import Disk
from lab.host.image import Image

KERNEL = "root=/dev/vda rw console=ttyS0 loglevel=4 panic=-1 mitigations=off random.trust_cpu=on systemd.show_status=0"


@dataclass(frozen=True)
class Hardware:
    """What a machine has besides its disks."""

    memory: int = 3072
    """Mebibytes."""
    processors: int = 2


def version() -> str:
    said = subprocess.run(("qemu-system-x86_64", "--version"), capture_output=True, text=True, check=True).stdout
    match = re.search(r"version (\S+)", said)
    return match[1] if match else said


def make_overlay(base: Path, path: Path) -> None:
    """A file that takes what the machine writes over the base, which may be an overlay itself."""
    kind = "raw" if base.suffix == ".raw" else "qcow2"
    argv = ("qemu-img", "create", "-q", "-f", "qcow2", "-F", kind, "-b", base.resolve(), path)
    subprocess.run(argv, check=True)


def command(image: Image, hardware: Hardware, folder: Path, port: int) -> tuple[str, ...]:
    """A machine without data disks. The port is that of this machine's loopback which leads to the guest's SSH."""
    return (
        *("qemu-system-x86_64", "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"),
        *("-machine", "q35", *image.processor, "-m", str(hardware.memory), "-smp", str(hardware.processors)),
        *("-kernel", str(image.kernel), "-initrd", str(image.initial), "-append", KERNEL),
        *("-chardev", f"file,id=console,path={folder / 'console.log'},append=on", "-serial", "chardev:console"),
        *("-qmp", f"unix:{folder / 'qmp.socket'},server=on,wait=off"),
        *("-device", "virtio-rng-pci"),
        *("-drive", f"if=virtio,format=qcow2,file={folder / 'root.qcow2'}"),
        *("-netdev", f"user,id=net,hostfwd=tcp:127.0.0.1:{port}-:22", "-device", "virtio-net-pci,netdev=net,addr=3"),
        *("-device", "virtio-scsi-pci,id=disks"),
    )


def with_disks(disks: Sequence[Disk], folder: Path) -> tuple[str, ...]:
    """What `command` is followed by for disks that are there from the start."""
    return tuple(argument for disk in disks for argument in _disk(disk, folder))


def from_memory(path: Path) -> tuple[str, ...]:
    """What `command` is followed by for a machine that goes on where a saved one stopped."""
    return ("-incoming", f"exec:cat {shlex.quote(str(path))}")


def _disk(disk: Disk, folder: Path) -> tuple[str, ...]:
    return ("-blockdev", json.dumps(disk.node(folder)), "-device", json.dumps(disk.device()))
