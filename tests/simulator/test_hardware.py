"""Cards, modules and kernels of a simulated node: lspci, lsmod, modprobe, update-initramfs, dkms, mokutil."""

from __future__ import annotations

from pathlib import Path

import pytest

from phoenix_hypervisor.simulator.debian import dpkg
from phoenix_hypervisor.simulator.hardware import kernels
from phoenix_hypervisor.simulator.node import Node
from simulator.asking import ok, refused

VGA = "VGA compatible controller [0300]: NVIDIA Corporation"
BLACKLIST = "/etc/modprobe.d/blacklist-nouveau.conf"


def loaded(node: Node) -> list[str]:
    """The names that lsmod shows."""
    return [line.split()[0] for line in ok(node, "lsmod").splitlines()[1:]]


def test_lspci_shows_cards_and_their_drivers() -> None:
    node = Node.new()
    node.add_gpu(1)
    node.add_gpu(2, device="2684", nouveau=None)
    first = f"01:00.0 {VGA} GB202 [GeForce RTX 5090] [10de:2b85] (rev a1)\n"
    second = f"02:00.0 {VGA} AD102 [GeForce RTX 4090] [10de:2684] (rev a1)\n"
    modules = "\tKernel modules: nvidiafb, nouveau\n"
    shown = ok(node, "lspci", "-nnk", "-d", "10de:")
    assert shown == first + "\tKernel driver in use: nouveau\n" + modules + second + modules
    assert ok(node, "lspci", "-n", "-s", "02:00") == "02:00.0 0300: 10de:2684 (rev a1)\n"
    assert ok(node, "lspci", "-D", "-d", ":2684").startswith("0000:02:00.0 VGA compatible controller: NVIDIA")
    assert ok(node, "lspci", "-mm", "-n", "-s", "1:").startswith('01:00.0 "0300" "10de" "2b85"')
    assert ok(node, "lspci", "-d", "8086:") == ""
    assert "Invalid slot number" in refused(node, "lspci", "-s", "xyz")
    assert "invalid option -- 'y'" in refused(node, "lspci", "-y")


def test_nouveau_goes_when_nothing_uses_it_and_is_back_after_a_restart() -> None:
    node = Node.new()
    node.add_gpu()
    assert "nouveau" in loaded(node)
    ok(node, "modprobe", "-r", "nouveau")
    assert not {"nouveau", "mxm_wmi"} & set(loaded(node))
    assert not node.files.exists("/sys/bus/pci/devices/0000:01:00.0/driver")
    node.reboot()
    assert "nouveau" in loaded(node)


def test_nouveau_with_the_console_stays_until_a_restart_without_it() -> None:
    node = Node.new()
    node.add_gpu(nouveau="in use")
    assert refused(node, "modprobe", "-r", "nouveau") == "modprobe: FATAL: Module nouveau is in use.\n"
    assert refused(node, "rmmod", "nouveau") == "rmmod: ERROR: Module nouveau is in use\n"
    node.files.write(BLACKLIST, "blacklist nouveau\noptions nouveau modeset=0\n")
    node.reboot()
    assert "nouveau" in loaded(node), "the initramfs is older than the file"
    said = ok(node, "update-initramfs", "-u", "-k", "all")
    assert said.startswith("update-initramfs: Generating /boot/initrd.img-6.17.2-1-pve\n")
    node.reboot()
    assert "nouveau" not in loaded(node)


def test_a_file_that_is_gone_from_modprobe_d_counts_until_the_initramfs_is_made_again() -> None:
    node = Node.new()
    node.add_gpu()
    node.files.write(BLACKLIST, "blacklist nouveau\n")
    ok(node, "update-initramfs", "-u")
    node.files.remove(BLACKLIST)
    node.reboot()
    assert "nouveau" in loaded(node), "udev loads it from the root file system"


def test_vfio_takes_a_card_before_nouveau() -> None:
    node = Node.new()
    node.add_gpu()
    node.files.write("/etc/modprobe.d/vfio.conf", "options vfio-pci ids=10de:2b85\nsoftdep nouveau pre: vfio-pci\n")
    ok(node, "update-initramfs", "-u")
    node.reboot()
    assert "Kernel driver in use: vfio-pci\n" in ok(node, "lspci", "-k")


def test_modprobe_minds_its_configuration() -> None:
    node = Node.new()
    missing = "modprobe: FATAL: Module nosuchmodule not found in directory /lib/modules/6.17.2-1-pve\n"
    assert refused(node, "modprobe", "nosuchmodule") == missing
    assert refused(node, "modprobe", "-n", "nosuchmodule") == missing
    assert refused(node, "modprobe", "-r", "nosuchmodule") == "modprobe: FATAL: Module nosuchmodule not found.\n"
    assert refused(node, "modprobe", "-r", "kvm") == "modprobe: FATAL: Module kvm is builtin.\n"
    ok(node, "modprobe", "-n", "wireguard")
    assert "wireguard" not in loaded(node)
    node.files.write(
        "/etc/modprobe.d/own.conf", "blacklist wireguard\ninstall nfs /bin/false\noptions loop max_loop=64\nbad line\n"
    )
    assert "ignoring bad line starting with 'bad'" in node.run(("modprobe", "wireguard")).stderr
    assert "wireguard" in loaded(node), "a blacklist is for aliases, not for names"
    assert "could not insert 'nfs': Invalid argument" in refused(node, "modprobe", "nfs")
    ok(node, "modprobe", "loop", "max_part=4")
    assert node.files.read("/sys/module/loop/parameters/max_loop") == "64\n"
    assert node.files.read("/sys/module/loop/parameters/max_part") == "4\n"
    assert "Module sunrpc is in use by: nfsd" in refused(node, "rmmod", "sunrpc")
    assert refused(node, "rmmod", "cifs") == "rmmod: ERROR: Module cifs is not currently loaded\n"
    assert " 1 nfsd, Live " in ok(node, "grep", "^sunrpc ", "/proc/modules")


def test_modules_of_modules_load_d_are_there_after_a_restart() -> None:
    node = Node.new()
    node.files.write("/etc/modules-load.d/own.conf", "# comment\nbr_netfilter\noverlay\n")
    node.files.write("/etc/modules", "wireguard\n")
    node.files.write("/etc/modprobe.d/own.conf", "blacklist overlay\n")
    node.reboot()
    assert {"br_netfilter", "wireguard"} <= set(loaded(node))
    assert "overlay" not in loaded(node)


def test_the_limit_of_the_arc_comes_from_the_initramfs() -> None:
    node = Node.new()
    limit = ("cat", "/sys/module/zfs/parameters/zfs_arc_max")
    ok(node, "sh", "-c", f"echo 4294967296 > {limit[1]}")
    node.files.write("/etc/modprobe.d/zfs.conf", "options zfs zfs_arc_max=8589934592\n")
    assert ok(node, *limit) == "4294967296\n"
    node.reboot()
    assert ok(node, *limit) == "0\n"
    ok(node, "update-initramfs", "-u", "-k", "all")
    node.reboot()
    assert ok(node, *limit) == "8589934592\n"


SOURCE = """Types: deb
URIs: http://download.proxmox.com/debian/pve
Suites: trixie
Components: pve-no-subscription
Signed-By: /usr/share/keyrings/proxmox-archive-keyring.gpg
"""


def test_headers_come_and_go_with_their_package() -> None:
    node = Node.new()
    for name in ("pve-enterprise", "ceph"):
        node.files.remove(f"/etc/apt/sources.list.d/{name}.sources")
    node.files.write("/etc/apt/sources.list.d/proxmox.sources", SOURCE)
    ok(node, "apt-get", "update")
    ok(node, "apt-get", "install", "-y", "proxmox-headers-6.17.2-1-pve")
    assert kernels.has_headers(node.files, "6.17.2-1-pve")
    assert ok(node, "readlink", "/lib/modules/6.17.2-1-pve/build") == "/usr/src/linux-headers-6.17.2-1-pve\n"
    ok(node, "apt-get", "remove", "-y", "proxmox-headers-6.17.2-1-pve")
    assert not node.files.exists("/usr/src/linux-headers-6.17.2-1-pve")


def test_a_kernel_that_apt_brings_has_its_modules_and_runs_after_a_restart() -> None:
    node = Node.new()
    node.add_gpu(driver=True)
    names = ("dkms", "proxmox-headers-6.17.4-2-pve")
    dpkg.write(node.files, dpkg.read(node.files) | {name: dpkg.entry(name, "1.0-1") for name in names})
    kernels.add_headers(node, "6.17.4-2-pve")
    node.files.write("/boot/vmlinuz-6.17.4-2-pve", "kernel\n")
    node.run(("apt-get", "upgrade", "-y"))
    assert "nvidia/580.105.08, 6.17.4-2-pve, x86_64: installed\n" in ok(node, "dkms", "status")
    assert ok(node, "uname", "-r") == "6.17.2-1-pve\n"
    node.reboot()
    assert ok(node, "uname", "-r") == "6.17.4-2-pve\n"
    ok(node, "nvidia-smi")


def test_modinfo_reads_the_file_of_a_module() -> None:
    node = Node.new()
    assert ok(node, "modinfo", "-n", "zfs") == "/lib/modules/6.17.2-1-pve/kernel/zfs/zfs.ko\n"
    assert ok(node, "modinfo", "-F", "depends", "zfs") == "spl\n"
    assert ok(node, "modinfo", "zfs").startswith("filename:       /lib/modules/6.17.2-1-pve/kernel/zfs/zfs.ko\n")
    assert refused(node, "modinfo", "nvidia") == "modinfo: ERROR: Module nvidia not found.\n"


def test_a_new_kernel_runs_after_a_restart() -> None:
    node = Node.new()
    kernels.add(node, "6.17.4-2-pve")
    assert ok(node, "uname", "-r") == "6.17.2-1-pve\n"
    assert "6.17.4-2-pve\n" in ok(node, "proxmox-boot-tool", "kernel", "list")
    node.reboot()
    assert ok(node, "uname", "-r") == "6.17.4-2-pve\n"
    ok(node, "proxmox-boot-tool", "kernel", "pin", "6.17.2-1-pve")
    node.reboot()
    assert ok(node, "uname", "-r") == "6.17.2-1-pve\n"
    assert "no such kernel-version" in refused(node, "proxmox-boot-tool", "kernel", "pin", "1.2.3-1-pve")


@pytest.mark.parametrize("words", [(), ("-c", "-u"), ("-u", "more")])
def test_update_initramfs_wants_one_action(words: tuple[str, ...]) -> None:
    assert "You must specify at least one of -c, -u, or -d." in refused(Node.new(), "update-initramfs", *words)


def test_update_initramfs_refuses_a_kernel_that_is_not_there() -> None:
    wrong = refused(Node.new(), "update-initramfs", "-u", "-k", "6.0.0-1-pve")
    assert wrong == "/boot/initrd.img-6.0.0-1-pve does not exist. Cannot update.\n"


def test_secure_boot_is_told_and_lasts(tmp_path: Path) -> None:
    node = Node.new()
    assert ok(node, "mokutil", "--sb-state") == "SecureBoot disabled\n"
    node.set_secure_boot(True)
    node.save(tmp_path / "node.json")
    assert ok(Node.load(tmp_path / "node.json"), "mokutil", "--sb-state") == "SecureBoot enabled\n"


def test_a_key_is_there_then_enrolled() -> None:
    node, key = Node.new(), "/var/lib/dkms/mok.pub"
    assert refused(node, "mokutil", "--test-key", key) == f"Failed to open {key}\n"
    node.files.mkdir("/var/lib/dkms", parents=True)
    node.files.write(key, "somebody's\n")
    assert node.run(["mokutil", "--test-key", key]).stdout == f"{key} is not enrolled\n"
    node.enroll_key()
    assert ok(node, "mokutil", "--test-key", key) == f"{key} is already enrolled\n"


def test_what_is_loaded_lasts(tmp_path: Path) -> None:
    node = Node.new()
    node.add_gpu()
    ok(node, "modprobe", "wireguard")
    node.save(tmp_path / "node.json")
    again = Node.load(tmp_path / "node.json")
    assert ok(again, "lsmod") == ok(node, "lsmod")
    assert ok(again, "lspci", "-nnk") == ok(node, "lspci", "-nnk")
