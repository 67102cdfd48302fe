"""What is read of NVIDIA, by the real shell over a folder, and what is made of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from phoenix_hypervisor.command import Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.features.host.nvidia.nodes import ACTIVE
from phoenix_hypervisor.features.host.nvidia.state import SECURE_BOOT, SIGNED, STATE, Card, Enrolment, State
from phoenix_hypervisor.machine import Machine
from phoenix_hypervisor.transport.local import LocalTransport

FILES = {
    "sys/bus/pci/devices/0000:01:00.0/vendor": "0x10de\n",
    "sys/bus/pci/devices/0000:01:00.0/class": "0x030000\n",
    "sys/bus/pci/devices/0000:01:00.0/device": "0x2b85\n",
    "sys/bus/pci/devices/0000:01:00.1/vendor": "0x10de\n",
    "sys/bus/pci/devices/0000:01:00.1/class": "0x040300\n",
    "sys/bus/pci/devices/0000:01:00.1/device": "0x22e8\n",
    "sys/bus/pci/devices/0000:02:00.0/vendor": "0x10de\n",
    "sys/bus/pci/devices/0000:02:00.0/class": "0x030200\n",
    "sys/bus/pci/devices/0000:02:00.0/device": "0x2684\n",
    "sys/module/nvidia/version": "570.86.15\n",
    "proc/modules": "nvidia_uvm 1 0 - Live 0x0\nnvidia 9 3 nvidia_uvm, Live 0x0\nnouveau 4 0 - Live 0x0\n",
    "proc/cmdline": "BOOT_IMAGE=/boot/vmlinuz quiet vfio-pci.ids=10de:2684\n",
    "usr/lib/x86_64-linux-gnu/libnvidia-ml.so.570.86.15": "",
    "etc/modprobe.d/a.conf": "# install nvidia /bin/no\n  install nvidia /bin/false\ninstall nvidia_drm /bin/false\n",
    "etc/modprobe.d/b.conf": "options vfio_pci ids=1002:73bf,10DE:2B85 disable_vga=1\n",
    "etc/pve/lxc/901.conf": "hostname: a\ndev0: /dev/nvidia0,gid=44\n",
    "etc/pve/lxc/902.conf": "hostname: b\n\n[old]\ndev0: /dev/nvidia0\n",
    "etc/pve/lxc/903.conf": "lxc.mount.entry: /dev/nvidia1 dev/nvidia1 none bind,optional,create=file\n",
    "etc/pve/lxc/904.conf": "dev0: /dev/nvidia0\n",
    "sys/fs/cgroup/lxc/901/cgroup.procs": "",
    "sys/fs/cgroup/lxc/902/cgroup.procs": "",
    "sys/fs/cgroup/lxc/903/cgroup.procs": "",
    "sys/fs/cgroup/lxc/cgroup.procs": "",
}


def read(folder: Path, files: dict[str, str]) -> State:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return asyncio.run(Machine(LocalTransport(), str(folder)).read([STATE]))[STATE]


def test_cards_modules_claims_and_holders(tmp_path: Path) -> None:
    (tmp_path / "sys/bus/pci/devices/0000:02:00.0").mkdir(parents=True)
    (tmp_path / "sys/bus/pci/devices/0000:02:00.0/driver").symlink_to("../../../bus/pci/drivers/vfio-pci")
    state = read(tmp_path, FILES)
    assert state.cards == (
        Card("0000:01:00.0", 0x2B85, "none", "/etc/modprobe.d/b.conf"),
        Card("0000:02:00.0", 0x2684, "vfio-pci", "the kernel's command line"),
    )
    assert state.own_cards == ()
    assert (state.running, state.library) == ("570.86.15", "570.86.15")
    assert state.in_use == {"nvidia": 3, "nouveau": 0}
    assert state.holders == (901, 903)
    assert state.refused == "/etc/modprobe.d/a.conf: install nvidia /bin/false"


def test_a_machine_without_any_of_it(tmp_path: Path) -> None:
    state = read(tmp_path, {"proc/modules": "", "proc/cmdline": "quiet\n"})
    assert state == State((), "", "", {}, {}, frozenset(), ())
    assert state.missing_nodes == ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools")


@pytest.mark.parametrize(
    "text",
    [
        "card 0000:01:00.0 gtx none\n",
        "card x\n",
        "loaded nvidia\n",
        "loaded nvidia many\n",
        "holder x\n",
        "module 6.8\n",
    ],
)
def test_what_is_no_such_answer_is_an_error(text: str) -> None:
    with pytest.raises(NodeError, match="cannot be read"):
        STATE.parse(Result(0, text))


@pytest.mark.parametrize(
    ("answer", "runs"),
    [
        (Result(0, "active\n"), True),
        (Result(3, "inactive\n"), False),
        (Result(4, "inactive\n"), False),
        (Result(3, "failed\n"), False),
    ],
)
def test_whether_the_unit_has_run_is_read_of_every_systemd(answer: Result, runs: bool) -> None:
    assert ACTIVE.parse(answer) is runs


def test_a_unit_of_which_systemd_says_nothing_is_an_error() -> None:
    with pytest.raises(NodeError, match="cannot be read"):
        ACTIVE.parse(Result(1, "", "Failed to connect to bus: No such file or directory\n"))


@pytest.mark.parametrize(
    ("result", "on"),
    [
        (Result(0, "\x06\x00\x00\x00\x01"), True),
        (Result(0, "\x06\x00\x00\x00\x00"), False),
        (Result(0, ""), False),
        (Result(1, "", "cat: No such file or directory"), False),
    ],
)
def test_secure_boot_is_the_last_byte(result: Result, on: bool) -> None:
    assert SECURE_BOOT.parse(result) is on


@pytest.mark.parametrize(
    ("result", "enrolment"),
    [
        (Result(1, "var/lib/dkms/mok.pub is already enrolled\n"), Enrolment.DONE),
        (Result(0, "var/lib/dkms/mok.pub is already enrolled\n"), Enrolment.DONE),
        (Result(255, "", "mok.pub is already in the built-in trusted keyring\n"), Enrolment.DONE),
        (Result(0, "mok.pub is already in the enrollment request\n"), Enrolment.REQUESTED),
        (Result(0, "var/lib/dkms/mok.pub is not enrolled\n"), Enrolment.OPEN),
        (Result(1, "var/lib/dkms/mok.pub is not enrolled\n"), Enrolment.OPEN),
        (Result(255, "", "Failed to open var/lib/dkms/mok.pub\n"), Enrolment.NO_KEY),
        (Result(127, "", "sh: mokutil: not found"), Enrolment.UNKNOWN),
    ],
)
def test_whether_a_key_is_enrolled_is_told_by_words(result: Result, enrolment: Enrolment) -> None:
    assert SIGNED.parse(result) is enrolment
