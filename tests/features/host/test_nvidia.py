"""NVIDIA's driver on the node: one version, after a reboot where it must be, and never over what is in its way."""

from __future__ import annotations

import hashlib

import pytest

from features.host.converging import changes, converge, look
from phoenix_hypervisor.features.host.nvidia import MODPROBE, Nvidia, resources, support
from phoenix_hypervisor.features.host.nvidia.driver import Driver
from phoenix_hypervisor.features.host.nvidia.nodes import UNIT, UNIT_FILE
from phoenix_hypervisor.features.host.nvidia.state import STATE
from phoenix_hypervisor.resource import Resource, Verdict
from phoenix_hypervisor.resources.repository import Repository
from phoenix_hypervisor.simulator.hardware import kernels
from phoenix_hypervisor.simulator.hardware.boot import reboot
from phoenix_hypervisor.simulator.node import Node

VERSION, OLDER = "580.105.08", "580.76.05"
CACHE = f"/var/cache/phoenix_hypervisor/NVIDIA-Linux-x86_64-{VERSION}.run"
PIECE = Nvidia(install=True, version=VERSION)
NODES = {"nvidia0", "nvidiactl", "nvidia-uvm", "nvidia-uvm-tools"}


def fresh(version: int = 9, runfile: str = VERSION) -> Node:
    node = Node.new(version=version)
    node.add_runfile(runfile)
    converge(node, [Repository(name="no-subscription")])
    return node


def wanted(piece: Nvidia = PIECE) -> list[Resource]:
    return list(resources(piece))


def verdict(node: Node, piece: Nvidia = PIECE) -> Verdict:
    driver = next(each for each in wanted(piece) if isinstance(each, Driver))
    return driver.verdict(look(node, [driver]))


def installs(node: Node) -> bool:
    return any("--dkms" in command.stdin for command in changes(node, wanted()))


@pytest.mark.parametrize("version", [8, 9])
def test_a_fresh_node_gets_the_driver_and_has_its_nodes_after_a_reboot_too(version: int) -> None:
    node = fresh(version)
    node.add_gpu()
    converge(node, wanted())
    assert node.run(["nvidia-smi", "--query-gpu=driver_version,persistence_mode", "--format=csv,noheader"]).stdout == (
        f"{VERSION}, Enabled\n"
    )
    reboot(node)
    assert look(node, wanted())[STATE].nodes >= NODES and changes(node, wanted()) == []
    assert node.run(["systemctl", "is-active", UNIT]).ok


def test_from_wherever_a_run_was_cut_off_the_next_one_goes_on() -> None:
    node = fresh()
    node.add_gpu()
    count = len(changes(node, wanted()))
    for cut in range(1, count):
        node = fresh()
        node.add_gpu()
        for command in changes(node, wanted())[:cut]:
            assert node.run(command.argv, command.stdin).ok
        converge(node, wanted())
        assert look(node, wanted())[STATE].nodes >= NODES


def test_every_card_has_its_node() -> None:
    node = fresh()
    for _ in range(3):
        node.add_gpu()
    converge(node, wanted())
    assert look(node, wanted())[STATE].nodes >= NODES | {"nvidia1", "nvidia2"}
    node.files.remove("/dev/nvidia1")
    assert [command.argv[:2] for command in converge(node, wanted())] == [("systemctl", "restart")]


def test_nouveau_in_use_waits_for_a_reboot_and_the_run_after_it_goes_on() -> None:
    node = fresh()
    node.add_gpu(nouveau="in use")
    assert installs(node) is False
    assert "nouveau" in verdict(node).reboot
    converge(node, wanted())
    assert changes(node, wanted()) == [] and "nouveau" in verdict(node).reboot
    reboot(node)
    assert verdict(node).reboot == ""
    converge(node, wanted())
    assert look(node, wanted())[STATE].running == VERSION


def test_another_version_is_replaced() -> None:
    node = fresh()
    node.add_gpu(driver=True, version=OLDER)
    assert verdict(node).obstacles == () and f"{OLDER} is there" in verdict(node).reason
    converge(node, wanted())
    found = look(node, wanted())[STATE]
    assert (found.running, found.library, found.modules[node.kernel.release]) == (VERSION, VERSION, VERSION)


def test_a_version_on_the_disk_under_another_one_that_runs_waits_for_a_reboot() -> None:
    node = fresh()
    node.add_gpu()
    converge(node, wanted())
    node.files.write("/sys/module/nvidia/version", f"{OLDER}\n")
    assert changes(node, wanted()) == [] and OLDER in verdict(node).reboot


def test_a_module_that_is_not_loaded_is_loaded() -> None:
    node = fresh()
    node.add_gpu()
    converge(node, wanted())
    for module in ("nvidia_uvm", "nvidia_drm", "nvidia_modeset", "nvidia"):
        node.run(["modprobe", "-r", module])
    assert look(node, wanted())[STATE].running == ""
    converge(node, wanted())
    assert not installs(node) and look(node, wanted())[STATE].running == VERSION


def test_the_checksum_is_checked_when_it_is_declared() -> None:
    node = fresh()
    node.add_gpu()
    content = node.internet[node.add_runfile(VERSION)]
    wrong = PIECE.model_copy(update={"runfile_sha256": "0" * 64})
    commands = changes(node, wanted(wrong))
    done = [node.run(command.argv, command.stdin) for command in commands]
    failed = next(each for each in done if not each.ok)
    assert "its SHA-256 is" in failed.stderr and not node.files.exists(CACHE)
    assert look(node, wanted())[STATE].library == ""
    converge(node, wanted(PIECE.model_copy(update={"runfile_sha256": hashlib.sha256(content.encode()).hexdigest()})))


def test_what_is_damaged_is_not_run_and_fetched_again() -> None:
    node = fresh()
    node.add_gpu()
    node.files.mkdir(CACHE.rpartition("/")[0], parents=True)
    node.files.write(CACHE, "#!/bin/sh\nexit 1\n")
    results = [node.run(command.argv, command.stdin) for command in changes(node, wanted())]
    assert any("damaged" in each.stderr for each in results) and not node.files.exists(CACHE)
    converge(node, wanted())


def test_an_installer_that_fails_shows_the_end_of_its_log() -> None:
    node = fresh()
    node.add_gpu()
    commands = changes(node, wanted())
    results = [
        node.run(each.argv, each.stdin) for each in commands if "gcc" not in each.argv and "apt-get" not in each.argv
    ]
    failed = next(each for each in results if "--dkms" in each.stderr or "installer failed" in each.stderr)
    assert "nvidia-installer.log ends with" in failed.stderr and "ERROR" in failed.stderr


def add_container(node: Node, device: str) -> None:
    node.run(["pveam", "update"])
    place = node.add_tarball("local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst")
    assert place
    tarball = "local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst"
    for argv in (
        ["pct", "create", "901", tarball, "--storage", "local-zfs", "--unprivileged", "1", "--dev0", device],
        ["pct", "start", "901"],
    ):
        assert node.run(argv).ok, node.run(argv)


def test_containers_that_use_another_version_are_in_the_way() -> None:
    node = fresh()
    node.add_gpu(driver=True, version=OLDER)
    add_container(node, "/dev/nvidia0")
    (obstacle,) = verdict(node).obstacles
    assert "901" in obstacle.reason and OLDER in obstacle.reason
    same = PIECE.model_copy(update={"version": OLDER})
    assert not any("containers" in each.reason for each in verdict(node, same).obstacles)
    assert node.run(["pct", "stop", "901"]).ok
    assert verdict(node).obstacles == ()


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        ("true", "has no NVIDIA card"),
        ("mkdir -p /etc/modprobe.d; echo 'options vfio-pci ids=10de:22ba,10DE:2b85' >/etc/modprobe.d/vfio.conf",
         "/etc/modprobe.d/vfio.conf gives it to vfio-pci"),
        ("mkdir -p /etc/modprobe.d; echo 'install nvidia /bin/false' >/etc/modprobe.d/no.conf",
         "/etc/modprobe.d/no.conf: install nvidia /bin/false"),
    ],
)  # fmt: skip
def test_what_stands_in_the_way_is_told(before: str, reason: str) -> None:
    node = fresh()
    if before != "true":
        node.add_gpu()
    assert node.run(["sh", "-c", before]).ok
    assert any(reason in each.reason for each in verdict(node).obstacles)


def test_secure_boot_is_in_the_way_until_the_key_of_the_modules_is_enrolled() -> None:
    node = fresh()
    node.add_gpu()
    node.set_secure_boot(False)
    assert verdict(node).obstacles == ()
    node.set_secure_boot(True)
    (obstacle,) = verdict(node).obstacles
    assert "secure boot" in obstacle.reason and "openssl req" in obstacle.hint
    node.files.mkdir("/var/lib/dkms", parents=True)
    node.files.write("/var/lib/dkms/mok.pub", "somebody's\n")
    (obstacle,) = verdict(node).obstacles
    assert obstacle.hint.startswith("Run: mokutil --import /var/lib/dkms/mok.pub; then reboot")
    node.enroll_key()
    assert verdict(node).obstacles == ()
    converge(node, wanted())
    assert look(node, wanted())[STATE].running == VERSION


@pytest.mark.parametrize(
    "package",
    [
        *("nvidia-driver", "nvidia-driver-libs", "nvidia-driver-bin", "nvidia-tesla-535-driver", "cuda-drivers-580"),
        *("nvidia-kernel-dkms", "nvidia-open-kernel-dkms", "nvidia-tesla-535-kernel-dkms", "nvidia-kernel-open-dkms"),
        *("libnvidia-ml1", "libnvidia-tesla-535-ml1", "nvidia-legacy-390xx-driver"),
    ],
)
def test_packages_of_debian_are_in_the_way(package: str) -> None:
    node = fresh()
    node.add_gpu()
    for name in ("nvidia-vaapi-driver", "nvidia-driver-assistant", package):
        status = f"Package: {name}\nStatus: install ok installed\nVersion: 550.163.01-2\nArchitecture: amd64\n\n"
        node.files.write("/var/lib/dpkg/status", status, append=True)
    (obstacle,) = verdict(node).obstacles
    assert obstacle.reason == f"a driver is installed from packages: {package}"
    assert obstacle.hint == f"Run: apt-get purge {package}"


def test_a_card_for_virtual_machines_is_not_counted() -> None:
    node = fresh()
    node.add_gpu()
    node.add_gpu(device="2684")
    node.files.write("/etc/modprobe.d/vfio.conf", "options vfio-pci ids=10de:2684\n")
    found = verdict(node)
    assert found.obstacles == () and "vfio-pci's" in found.notes[0]


@pytest.mark.parametrize(
    ("version", "devices", "reason"),
    [
        ("565.77", ["2b85"], "Blackwell"),
        ("590.44.01", ["1b06"], "older than Turing"),
        (VERSION, ["2b85", "1b06"], "one card takes the open modules only"),
        ("550.163.01", ["2684"], "do not build for kernel"),
    ],
)
def test_a_version_must_go_with_cards_and_kernel(version: str, devices: list[str], reason: str) -> None:
    node = fresh(runfile=version)
    for device in devices:
        node.add_gpu(device=device)
    found = verdict(node, PIECE.model_copy(update={"version": version}))
    assert any(reason in each.reason for each in found.obstacles)


def test_nothing_is_in_the_way_of_what_is_so() -> None:
    node = fresh()
    node.add_gpu()
    converge(node, wanted())
    node.set_secure_boot(True)
    assert verdict(node).obstacles == () and verdict(node).reboot == ""


def with_newer_kernel(node: Node) -> str:
    """The release of a kernel that an upgrade has brought, with its headers."""
    kernels.add(node, "6.17.4-1-pve")
    kernels.add_headers(node, "6.17.4-1-pve")
    return "6.17.4-1-pve"


def test_modules_are_built_for_the_kernel_of_the_next_boot_too() -> None:
    node = fresh()
    node.add_gpu()
    kernel = with_newer_kernel(node)
    converge(node, wanted())
    assert look(node, wanted())[STATE].modules == {kernel: VERSION, node.kernel.release: VERSION}
    reboot(node)
    assert node.kernel.release == kernel and changes(node, wanted()) == []


def test_modules_that_are_missing_for_the_next_kernel_are_built_alone() -> None:
    node = fresh()
    node.add_gpu()
    converge(node, wanted())
    kernel = with_newer_kernel(node)
    assert [command.argv for command in converge(node, wanted())] == [("dkms", "autoinstall", "-k", kernel)]


def test_a_next_kernel_that_the_driver_does_not_go_with_is_told() -> None:
    node = fresh()
    node.add_gpu()
    converge(node, wanted())
    kernels.add(node, "7.0.2-1-pve")
    kernels.add_headers(node, "7.0.2-1-pve")
    assert changes(node, wanted()) == [] and "7.0.2-1-pve" in verdict(node).notes[0]


def test_a_cuda_version_that_is_too_new_is_told() -> None:
    node = fresh()
    node.add_gpu()
    assert verdict(node, PIECE.model_copy(update={"cuda_version": "12.8"})).notes == ()
    (note,) = verdict(node, PIECE.model_copy(update={"version": "570.195.03", "cuda_version": "13.0"})).notes
    assert "CUDA 13.0" in note and "580.65" in note


def kept(node: Node, piece: Nvidia) -> list[str]:
    """What stays although it is not declared."""
    facts = look(node, wanted(piece))
    return [each.what for resource in wanted(piece) for each in resource.verdict(facts).kept]


@pytest.mark.parametrize("piece", [Nvidia(), Nvidia(install=False, version=VERSION), Nvidia(install=True)])
def test_without_a_declared_driver_ours_goes_and_the_driver_stays(piece: Nvidia) -> None:
    node = fresh()
    node.add_gpu()
    assert changes(node, wanted(piece)) == []
    converge(node, wanted())
    node.files.write("/etc/modprobe.d/foreign.conf", "blacklist nouveau\n")
    converge(node, wanted(piece))
    assert node.files.exists(MODPROBE) and node.files.exists(UNIT_FILE), "containers may need the cards"
    assert node.files.exists("/etc/modprobe.d/foreign.conf")
    assert look(node, wanted())[STATE].running == VERSION
    assert f"{MODPROBE} still keeps nouveau away, as driver {VERSION} is installed" in kept(node, piece)
    assert node.run(["nvidia-uninstall", "--silent"]).ok
    assert kept(node, piece) == []
    converge(node, wanted(piece))
    assert not node.files.exists(MODPROBE) and not node.files.exists(UNIT_FILE)
    assert node.files.exists("/etc/modprobe.d/foreign.conf")


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": "580; reboot"},
        {"version": "latest"},
        {"version": "580.76.05", "runfile_url": "$(reboot)"},
        {"version": "580.76.05", "runfile_url": "https://x/a b"},
        {"version": "580.76.05", "runfile_sha256": "abc"},
        {"drivers": []},
    ],
)
def test_hostile_values_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Nvidia.model_validate(wrong)


@pytest.mark.parametrize(
    ("version", "devices", "options"),
    [
        ("580.76.05", [0x2B85], ("--kernel-module-type=open",)),
        ("580.76.05", [0x1B06, 0x2204], ("--kernel-module-type=proprietary",)),
        ("570.86.15", [0x2204], ("--kernel-module-type=open",)),
        ("560.28.03", [0x1E04], ("--kernel-module-type=open",)),
        ("550.163.01", [0x2204], ()),
        ("535.54.03", [0x1E04, 0x2684], ()),
        ("550.163.01", [0x2342], ("-m=kernel-open",)),
        ("550.163.01", [0x2342, 0x2204], ("-m=kernel-open",)),
        ("510.108.03", [0x2342], ()),
        ("470.256.02", [0x2204], ()),
        ("550.163.01", [0x1B06], ()),
    ],
)
def test_the_installer_is_told_which_modules(version: str, devices: list[int], options: tuple[str, ...]) -> None:
    assert support.installer_options(version, devices) == options


@pytest.mark.parametrize(("version", "license_"), [("550.163.01", "NVIDIA"), ("570.195.03", "Dual MIT/GPL")])
def test_a_card_gets_the_modules_that_its_driver_has_for_it(version: str, license_: str) -> None:
    node = fresh(8, runfile=version)
    node.add_gpu(device="2204")
    converge(node, wanted(PIECE.model_copy(update={"version": version})))
    assert node.run(["modinfo", "-F", "license", "nvidia"]).stdout == f"{license_}\n"


@pytest.mark.parametrize(
    ("version", "kernel", "builds"),
    [
        ("580.76.05", "6.17.2-1-pve", True),
        ("580.119.02", "7.0.2-1-pve", False),
        ("580.159.04", "7.0.2-1-pve", True),
        ("590.48.01", "7.0.2-1-pve", False),
        ("570.133.07", "6.14.8-2-pve", False),
        ("570.133.07", "6.8.12-9-pve", True),
        ("550.163.01", "6.14.8-2-pve", True),
        ("535.230.02", "6.14.11-5-pve", False),
    ],
)
def test_which_driver_builds_for_which_kernel(version: str, kernel: str, builds: bool) -> None:
    assert support.builds(version, kernel) is builds
