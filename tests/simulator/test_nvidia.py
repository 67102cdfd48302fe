"""NVIDIA's runfile, DKMS and the driver's programs on a simulated node."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from phoenix_hypervisor.simulator.debian import dpkg
from phoenix_hypervisor.simulator.hardware import kernels
from phoenix_hypervisor.simulator.hardware.nvidia import runfile, support
from phoenix_hypervisor.simulator.node import Node
from simulator.asking import ok, refused

VERSION, KERNEL = "580.105.08", "6.17.2-1-pve"
RUN = f"/root/NVIDIA-Linux-x86_64-{VERSION}.run"
SILENT = ("sh", RUN, "--silent", "--dkms")


def add_packages(node: Node, *names: str) -> None:
    """Let dpkg know packages as installed."""
    dpkg.write(node.files, dpkg.read(node.files) | {name: dpkg.entry(name, "1.0-1") for name in names})


def ready(version: str = VERSION, cards: int = 2) -> Node:
    """A node with cards, without nouveau, with all that the runfile needs, and the runfile."""
    node = Node.new()
    for _ in range(cards):
        node.add_gpu()
    node.files.write("/etc/modprobe.d/own.conf", "blacklist nouveau\n")
    ok(node, "update-initramfs", "-u")
    node.reboot()
    add_packages(node, "gcc", "make", "dkms")
    kernels.add_headers(node, KERNEL)
    node.files.write(RUN, runfile.content(version))
    return node


def test_the_runfile_is_fetched_as_it_is() -> None:
    node = Node.new()
    url = node.add_runfile(VERSION)
    ok(node, "wget", "-q", "-O", RUN, url)
    wanted = hashlib.sha256(runfile.content(VERSION).encode()).hexdigest()
    assert ok(node, "sha256sum", RUN).split()[0] == wanted
    ok(node, "curl", "-fsSL", "-o", "/root/other", url)
    assert node.files.read("/root/other") == node.files.read(RUN)
    gone = url.replace("580", "999")
    assert node.run(("curl", "-fsS", "-o", "/root/x", gone)).rc == 22
    assert refused(node, "curl", "-fsS", gone) == "curl: (22) The requested URL returned error: 404\n"
    assert node.run(("curl", "-s", "-o", "/root/page", gone)).rc == 0, "without --fail the page of the error is kept"
    assert node.run(("wget", "-O", "/root/empty", gone)).rc == 8
    assert node.files.read("/root/empty") == ""
    assert node.run(("curl", "-s", "https://other.example/x")).rc == 6
    assert node.run(("wget", "-q", "https://other.example/x")).rc == 4
    assert node.run(("curl", "-fo", "/nowhere/x", url)).rc == 23
    assert (node.run(("curl", "--nope", url)).rc, node.run(("wget", "--nope", url)).rc) == (2, 2)


def test_the_runfile_installs_with_dkms() -> None:
    node = ready()
    assert node.run(SILENT).rc == 0
    assert ok(node, "dkms", "status") == f"nvidia/{VERSION}, {KERNEL}, x86_64: installed\n"
    assert ok(node, "modinfo", "-F", "version", "nvidia") == f"{VERSION}\n"
    assert not node.files.exists("/proc/driver/nvidia/version"), "nothing has loaded it yet"
    query = ("nvidia-smi", "--query-gpu=index,name,driver_version,pci.bus_id", "--format=csv,noheader")
    assert ok(node, *query) == (
        f"0, NVIDIA GeForce RTX 5090, {VERSION}, 00000000:01:00.0\n"
        f"1, NVIDIA GeForce RTX 5090, {VERSION}, 00000000:02:00.0\n"
    )
    assert VERSION in node.files.read("/proc/driver/nvidia/version")
    assert node.files.read("/sys/module/nvidia/version") == f"{VERSION}\n"
    assert node.files.glob("/dev/nvidia*") == ["/dev/nvidia0", "/dev/nvidia1", "/dev/nvidiactl"]
    ok(node, "nvidia-modprobe", "-u", "-c", "0")
    assert {"/dev/nvidia-uvm", "/dev/nvidia-uvm-tools"} <= set(node.files.glob("/dev/nvidia*"))
    assert "Installation of the NVIDIA Accelerated" in node.files.read("/var/log/nvidia-installer.log")
    node.reboot()
    assert node.files.glob("/dev/nvidia*") == []
    assert ok(node, "nvidia-smi", "-L").startswith("GPU 0: NVIDIA GeForce RTX 5090 (UUID: GPU-")


def test_what_is_missing_is_told_one_after_the_other() -> None:
    node = Node.new()
    node.add_gpu()
    node.files.write(RUN, runfile.content(VERSION))
    assert "ERROR: The Nouveau kernel driver is currently in use by your system." in refused(node, *SILENT)
    ok(node, "modprobe", "-r", "nouveau")
    for package, said in (
        ("gcc", "development tool `cc`"),
        ("make", "development tool `make`"),
        ("dkms", "Failed to find dkms on the system!"),
    ):
        assert said in refused(node, *SILENT)
        add_packages(node, package)
    assert "Unable to find the kernel source tree" in refused(node, *SILENT)
    kernels.add_headers(node, KERNEL)
    assert node.run(SILENT).rc == 0


def test_the_installer_turns_nouveau_off_when_told_to() -> None:
    node = Node.new()
    node.add_gpu(nouveau="in use")
    node.files.write(RUN, runfile.content(VERSION))
    assert node.run((*SILENT, "--disable-nouveau")).rc == 1
    assert "blacklist nouveau\n" in node.files.read("/etc/modprobe.d/nvidia-installer-disable-nouveau.conf")


def test_a_driver_that_does_not_build_leaves_its_files_without_a_module() -> None:
    node = ready("550.163.01")
    said = " ".join(refused(node, *SILENT).split())
    assert f"Failed to run `/usr/sbin/dkms build -m nvidia -v 550.163.01 -k {KERNEL}`" in said
    assert "Bad return status for module build on kernel" in said
    assert ok(node, "dkms", "status") == "nvidia/550.163.01: added\n"
    assert node.run(("nvidia-smi",)).rc == 9
    assert "NVIDIA-SMI has failed because it couldn't communicate" in node.run(("nvidia-smi",)).stdout


@pytest.mark.parametrize(
    ("version", "kernel", "builds"),
    [
        ("580.105.08", "6.8.12-9-pve", True),
        ("580.105.08", "6.17.2-1-pve", True),
        ("550.163.01", "6.14.8-2-pve", True),
        ("550.163.01", "6.17.13-2-pve", False),
        ("580.119.02", "7.0.2-1-pve", False),
        ("580.142", "7.0.2-1-pve", True),
        ("580.142", "7.1.0-1-pve", False),
        ("580.159.04", "7.1.0-1-pve", True),
    ],
)
def test_the_table_of_kernels(version: str, kernel: str, builds: bool) -> None:
    assert support.builds(version, kernel) is builds


def test_a_driver_in_use_is_not_replaced() -> None:
    node = ready()
    ok(node, *SILENT)
    ok(node, "nvidia-persistenced", "--user", "root")
    node.files.write(RUN, runfile.content("580.142"))
    assert "An NVIDIA kernel module 'nvidia' appears to already be loaded" in " ".join(refused(node, *SILENT).split())
    assert refused(node, "modprobe", "-r", "nvidia") == "modprobe: FATAL: Module nvidia is in use.\n"
    ok(node, "sh", RUN, "--silent", "--no-kernel-modules")
    mismatch = node.run(("nvidia-smi",))
    assert (mismatch.rc, mismatch.stdout) == (
        18,
        "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 580.142\n",
    )


def test_a_newer_driver_replaces_the_old_one_when_nothing_uses_it() -> None:
    node = ready()
    ok(node, *SILENT)
    ok(node, "nvidia-smi")
    node.files.write(RUN, runfile.content("580.142"))
    ok(node, *SILENT)
    assert ok(node, "dkms", "status") == f"nvidia/580.142, {KERNEL}, x86_64: installed\n"
    assert ok(node, "nvidia-smi", "--query-gpu=driver_version", "--format=csv") == "driver_version\n580.142\n580.142\n"
    ok(node, "nvidia-uninstall", "--silent")
    assert node.run(("nvidia-smi",)).rc == 127
    assert ok(node, "dkms", "status") == ""


def test_other_conflicts_are_refused() -> None:
    node = ready()
    node.files.write("/tmp/.X0-lock", "1\n")
    assert "You appear to be running an X server" in refused(node, *SILENT)
    node.files.remove("/tmp/.X0-lock")
    add_packages(node, "nvidia-driver")
    assert node.run(SILENT).rc == 1
    assert "using a different installer" in node.files.read("/var/log/nvidia-installer.log")


def test_options_are_the_real_ones() -> None:
    node = ready()
    assert 'unrecognized option: "--nonsense"' in refused(node, "sh", RUN, "-s", "--nonsense")
    assert "invalid value" in refused(node, "sh", RUN, "-s", "-M", "closed")
    assert f"version {VERSION}" in ok(node, "sh", RUN, "--version")
    assert ok(node, "sh", RUN, "--check") == "Verifying archive integrity... OK\n"
    assert f"x86_64 {VERSION}" in ok(node, "sh", RUN, "--info")
    node.files.write(RUN, runfile.content(VERSION)[:-40])
    assert "Error in MD5 checksums" in refused(node, "sh", RUN, "--check")


def test_blackwell_takes_only_the_open_modules() -> None:
    node = ready()
    ok(node, *SILENT, "--kernel-module-type=proprietary")
    assert refused(node, "modprobe", "nvidia") == "modprobe: ERROR: could not insert 'nvidia': No such device\n"
    ok(node, *SILENT, "-M", "open")
    ok(node, "modprobe", "nvidia")


def test_below_560_the_sources_are_named_by_their_folder() -> None:
    node = ready()
    for words, license_ in ((("-m=kernel-open",), "Dual MIT/GPL"), (("-m=kernel",), "NVIDIA")):
        ok(node, *SILENT, *words)
        assert ok(node, "modinfo", "-F", "license", "nvidia") == f"{license_}\n"


def test_secure_boot_rejects_what_dkms_signed_until_its_key_is_enrolled() -> None:
    node = ready()
    ok(node, *SILENT)
    node.set_secure_boot(True)
    rejected = "modprobe: ERROR: could not insert 'nvidia': Key was rejected by service\n"
    assert refused(node, "modprobe", "nvidia") == rejected
    node.enroll_key()
    ok(node, "modprobe", "nvidia")


def test_without_dkms_a_new_kernel_has_no_driver_and_with_it_one_is_built() -> None:
    node = ready()
    ok(node, "sh", RUN, "-s")
    assert ok(node, "dkms", "status") == ""
    ok(node, "nvidia-smi")
    kernels.add(node, "6.17.4-2-pve")
    node.reboot()
    assert node.run(("nvidia-smi",)).rc == 9
    kernels.add_headers(node, "6.17.4-2-pve")
    ok(node, *SILENT)
    ok(node, "nvidia-smi")


def test_dkms_as_its_manual_says() -> None:
    node = ready()
    ok(node, *SILENT)
    new, module = "6.17.4-2-pve", f"nvidia/{VERSION}"
    kernels.add(node, new)
    assert f"Your kernel headers for kernel {new} cannot be found" in refused(
        node, "dkms", "install", module, "-k", new
    )
    kernels.add_headers(node, new)
    ok(node, "dkms", "build", "-m", "nvidia", "-v", VERSION, "-k", new)
    assert f"{module}, {new}, x86_64: built\n" in ok(node, "dkms", "status")
    ok(node, "dkms", "autoinstall", "-k", new)
    assert f"{module}, {new}, x86_64: installed\n" in ok(node, "dkms", "status", "-k", new)
    assert "already contains" in refused(node, "dkms", "add", module)
    ok(node, "dkms", "remove", module, "--all")
    assert ok(node, "dkms", "status") == ""
    assert (
        refused(node, "modprobe", "nvidia")
        == f"modprobe: FATAL: Module nvidia not found in directory /lib/modules/{KERNEL}\n"
    )
    assert node.run(("dkms", "remove", module, "--all")).rc == 3


def test_persistence_is_told() -> None:
    node = ready(cards=1)
    ok(node, *SILENT)
    assert "Enabled persistence mode for GPU 00000000:01:00.0." in ok(node, "nvidia-smi", "-pm", "1")
    assert ok(node, "nvidia-smi", "--query-gpu=persistence_mode", "--format=csv,noheader") == "Enabled\n"
    assert (
        'Field "nonsense" is not a valid field to query.'
        in node.run(("nvidia-smi", "--query-gpu=nonsense", "--format=csv")).stdout
    )
    assert node.run(("nvidia-smi", "--nonsense")).rc == 1


def test_a_card_with_its_driver_is_complete_and_lasts(tmp_path: Path) -> None:
    node = Node.new()
    node.add_gpu(driver=True)
    node.add_gpu(driver=True)
    node.add_runfile("580.142")
    node.save(tmp_path / "node.json")
    again = Node.load(tmp_path / "node.json")
    assert again.internet == node.internet
    assert ok(again, "nvidia-smi", "-L") == ok(node, "nvidia-smi", "-L")
    assert len(ok(again, "nvidia-smi", "-L").splitlines()) == 2
    assert "/dev/nvidia1" in again.files.glob("/dev/nvidia*")
