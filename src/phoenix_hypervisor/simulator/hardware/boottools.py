"""update-initramfs, proxmox-boot-tool, mokutil."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator.coreutils.common import Fault, Options, absolute
from phoenix_hypervisor.simulator.hardware import kernels, keys, kmod
from phoenix_hypervisor.simulator.process import Process, Program, Run

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

_AGAIN = "Re-executing '{}' in new private mount namespace..\n"
_HOOK = "/etc/kernel/postinst.d/zz-proxmox-boot"
INITRAMFS_SECONDS = 12.0
_NO_MODULES = "W: Ensure all necessary drivers are built into the linux image!\n"
SECURE_BOOT = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"


def _esps(node: Node) -> list[str]:
    entry = node.files.stat("/etc/kernel/proxmox-boot-uuids")
    return entry.data.split() if entry else []


def _sync(node: Node, process: Process) -> None:
    process.say("Running hook script 'zz-proxmox-boot'..\n" + _AGAIN.format(_HOOK))
    if not _esps(node):
        process.say("No /etc/kernel/proxmox-boot-uuids found, skipping ESP sync.\n")
    for esp in _esps(node):
        process.say(f"Copying and configuring kernels on /dev/disk/by-uuid/{esp}\n")
        for kernel in kernels.installed(node.files):
            process.say(f"\tCopying kernel and creating boot-entry for {kernel}\n")


def _update_initramfs(node: Node, process: Process, /) -> Run:
    yield 0.05
    options = Options("update-initramfs", process.argv[1:], "cudvth", "kb", {})
    modes = [letter for letter in "cud" if letter in options]
    if len(modes) != 1 or options.operands:
        process.complain("You must specify at least one of -c, -u, or -d.\n\nUsage: update-initramfs "
                         "{-c|-d|-u} [-k version] [-v] [-b directory]\n\n")  # fmt: skip
        return 1
    wanted = options.last("k")
    there = kernels.installed(node.files)
    chosen = there if wanted == "all" else [wanted] if wanted else there[-1:]
    for kernel in reversed(chosen):
        path = f"/boot/initrd.img-{kernel}"
        if modes == ["d"]:
            if not node.files.exists(path):
                process.complain(f"{path} does not exist. Cannot delete.\n")
                return 1
            process.say(f"update-initramfs: Deleting {path}\n")
            node.files.remove(path)
            continue
        if modes == ["u"] and not node.files.exists(path):
            process.complain(f"{path} does not exist. Cannot update.\n")
            return 1
        if not node.files.is_dir(f"/lib/modules/{kernel}"):
            process.complain(f"W: missing /lib/modules/{kernel}\n{_NO_MODULES}{kmod.NO_FOLDER.format(kernel)}")
            return 1
        process.say(f"update-initramfs: Generating {path}\n")
        yield INITRAMFS_SECONDS
        kernels.write_initramfs(node, kernel)
        _sync(node, process)
    return 0


def _boot_tool(node: Node, process: Process, /) -> Run:
    yield 0.2
    words = process.argv[1:]
    match words:
        case ["refresh"]:
            process.say("Running hook script 'proxmox-auto-removal'..\n")
            yield 3.0
            _sync(node, process)
        case ["status", *_]:
            process.say(_AGAIN.format("/usr/sbin/proxmox-boot-tool") + "System currently booted with uefi\n")
            for esp in _esps(node):
                process.say(f"{esp} is configured with: uefi (versions: {', '.join(kernels.installed(node.files))})\n")
        case ["kernel", "list"]:
            _list(node, process)
        case ["kernel", "pin", kernel, *_]:
            return _pin(node, process, kernel)
        case ["kernel", "unpin", *_]:
            if node.files.exists("/etc/kernel/proxmox-boot-pin"):
                node.files.remove("/etc/kernel/proxmox-boot-pin")
            process.say("Removed /etc/kernel/proxmox-boot-pin.\n")
        case _:
            process.complain("USAGE: /usr/sbin/proxmox-boot-tool <commands> [ARGS]\n")
            return 1
    return 0


def _list(node: Node, process: Process) -> None:
    process.say("Manually selected kernels:\nNone.\n\nAutomatically selected kernels:\n")
    process.say("".join(f"{kernel}\n" for kernel in kernels.installed(node.files)))
    pin = node.files.stat("/etc/kernel/proxmox-boot-pin")
    if pin:
        process.say(f"\nPinned kernel:\n{pin.data}")


def _pin(node: Node, process: Process, kernel: str) -> int:
    if kernel not in kernels.installed(node.files):
        process.complain(f"E: no such kernel-version '{kernel}'\n")
        return 1
    node.files.write("/etc/kernel/proxmox-boot-pin", f"{kernel}\n")
    process.say(f"Setting '{kernel}' as grub default entry and running update-grub.\n")
    _sync(node, process)
    return 0


def _mokutil(node: Node, process: Process, /) -> Run:
    yield 0.01
    match process.argv[1:]:
        case ["--sb-state"]:
            process.say(f"SecureBoot {'enabled' if node.secure_boot else 'disabled'}\n")
            return 0
        case ["--test-key", name]:
            return _test_key(node, process, name)
    raise Fault("Usage:\n  mokutil OPTIONS [ARGS...]", 1)


def _test_key(node: Node, process: Process, name: str) -> int:
    entry = node.files.stat(absolute(process, name))
    if entry is None:
        process.complain(f"Failed to open {name}\n")
        return 255
    if entry.data.strip() in keys.enrolled(node):
        process.say(f"{name} is already enrolled\n")
        return 0
    process.say(f"{name} is not enrolled\n")
    return 1


def programs(node: Node) -> dict[str, Program]:
    return {
        "update-initramfs": partial(_update_initramfs, node),
        "proxmox-boot-tool": partial(_boot_tool, node),
        "mokutil": partial(_mokutil, node),
    }
