"""mount and umount as a container has them: overlays, where the container may mount at all."""

from __future__ import annotations

from phoenix_hypervisor.proxmox.properties import parse_properties
from phoenix_hypervisor.simulator.coreutils.common import Options, absolute
from phoenix_hypervisor.simulator.process import Machine, Process

_MOUNTED = "/run/mounted-overlays"
_USAGE, _FAILED = 1, 32
_LONG = {"types": "t", "options": "o", "lazy": "l"}


def may_mount(machine: Machine) -> bool:
    """Whether AppArmor lets a container mount: with nesting."""
    running = getattr(machine, "running", None)
    if running is None:
        return True
    return parse_properties(running.options.get("features", "")).get("nesting") == "1"


def mount(process: Process, words: list[str]) -> int:
    """``mount -t overlay SOURCE -o lowerdir=…,upperdir=…,workdir=… TARGET``."""
    options = Options("mount", words, "", "to", _LONG)
    if len(options.operands) != 2 or "t" not in options:
        process.complain("mount: bad usage\nTry 'mount --help' for more information.\n")
        return _USAGE
    target = absolute(process, options.operands[1])
    if not process.files.is_dir(target):
        process.complain(f"mount: {options.operands[1]}: mount point does not exist.\n")
        return _FAILED
    if options.last("t") != "overlay" or not may_mount(process.machine):
        process.complain(f"mount: {options.operands[1]}: permission denied.\n")
        return _FAILED
    layers = dict(word.partition("=")[::2] for word in options.last("o").split(","))
    folders = [absolute(process, layers.get(name, "")) for name in ("lowerdir", "upperdir", "workdir")]
    if len(layers) < len(folders) or not all(process.files.is_dir(folder) for folder in folders):
        process.complain(f"mount: {options.operands[1]}: special device overlay does not exist.\n")
        return _FAILED
    for name in process.files.list(folders[0]):
        process.files.write(f"{target}/{name}", process.files.read(f"{folders[0]}/{name}"))
    process.files.write(_MOUNTED, "".join(f"{path}\n" for path in [*_mounted(process), target]))
    return 0


def umount(process: Process, words: list[str]) -> int:
    """``umount [-l] TARGET``: what lies in the upper folder of an overlay is not seen at its target any more."""
    options = Options("umount", words, "l", "", _LONG)
    if len(options.operands) != 1:
        process.complain("umount: bad usage\nTry 'umount --help' for more information.\n")
        return _USAGE
    target, there = absolute(process, options.operands[0]), _mounted(process)
    if target not in there:
        process.complain(f"umount: {options.operands[0]}: not mounted.\n")
        return _FAILED
    for name in process.files.list(target):
        process.files.remove(f"{target}/{name}", recursive=True)
    process.files.write(_MOUNTED, "".join(f"{path}\n" for path in there if path != target))
    return 0


def _mounted(process: Process) -> list[str]:
    entry = process.files.stat(_MOUNTED)
    return entry.data.splitlines() if entry else []
