"""Which kernel runs, which one the next boot brings, and their headers."""

from __future__ import annotations

import pytest

from features.host.converging import changes, converge, look
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.resources.kernel import KernelHeaders, Kernels, NewestKernel, package_of, version_of
from phoenix_hypervisor.resources.repository import Repository
from phoenix_hypervisor.simulator.node import Node

NEWER = "6.17.4-1-pve"


@pytest.mark.parametrize(
    ("running", "installed", "pinned", "following"),
    [
        ("6.8.12-9-pve", ("6.8.12-9-pve",), "", "6.8.12-9-pve"),
        ("6.8.9-1-pve", ("6.8.9-1-pve", "6.8.12-10-pve", "6.8.12-9-pve"), "", "6.8.12-10-pve"),
        ("6.8.12-9-pve", ("6.8.12-9-pve", "6.14.0-1-pve"), "6.8.12-9-pve", "6.8.12-9-pve"),
        ("6.8.12-9-pve", ("6.8.12-9-pve", "6.5.0-1-pve"), "6.5.0-1-pve", "6.5.0-1-pve"),
        ("6.8.12-9-pve", ("6.8.12-9-pve",), "6.2.0-1-pve", "6.8.12-9-pve"),
        ("6.14.0-1-pve", ("6.8.12-9-pve",), "", "6.14.0-1-pve"),
        ("6.12.1+deb13-amd64", ("6.12.1+deb13-amd64", "6.12.9+deb13-amd64"), "", "6.12.1+deb13-amd64"),
    ],
)
def test_the_next_boot_brings_the_pinned_or_the_newest(
    running: str, installed: tuple[str, ...], pinned: str, following: str
) -> None:
    assert Kernels(running, installed, frozenset(), pinned).next == following


def test_versions_are_numbers() -> None:
    assert version_of("6.17.2-1-pve") == (6, 17, 2, 1)
    assert version_of("6.12.107+deb13-cloud-amd64") == (6, 12, 107, 13)
    names = {each: package_of(each) for each in ("6.8.12-9-pve", "6.2.16-20-pve", "6.12.1+deb13-amd64")}
    assert list(names.values()) == [
        "proxmox-headers-6.8.12-9-pve",
        "pve-headers-6.2.16-20-pve",
        "linux-headers-6.12.1+deb13-amd64",
    ]


@pytest.mark.parametrize("version", [8, 9])
def test_a_newer_kernel_waits_for_a_reboot_and_nothing_is_changed(version: int) -> None:
    node = Node.new(version=version)
    assert NewestKernel().verdict(look(node, [NewestKernel()])).reboot == ""
    node.files.write(f"/boot/vmlinuz-{NEWER}", "")
    verdict = NewestKernel().verdict(look(node, [NewestKernel()]))
    assert NEWER in verdict.reboot and changes(node, [NewestKernel()]) == []
    node.files.mkdir("/etc/kernel", parents=True)
    node.files.write("/etc/kernel/proxmox-boot-pin", f"{node.kernel.release}\n")
    assert NewestKernel().verdict(look(node, [NewestKernel()])).reboot == ""


@pytest.mark.parametrize("version", [8, 9])
def test_headers_come_once(version: int) -> None:
    node = Node.new(version=version)
    converge(node, [Repository(name="no-subscription")])
    commands = converge(node, [KernelHeaders()])
    assert commands[-1].argv[-1] == f"proxmox-headers-{node.kernel.release}"


@pytest.mark.parametrize("text", ["", "6.8; reboot\n", "Linux\n"])
def test_a_kernel_that_cannot_be_read_is_an_error(text: str) -> None:
    node = Node.new()
    node.files.write("/usr/local/bin/unused", "")
    fact = next(NewestKernel().facts())
    with pytest.raises(NodeError, match=r"uname -r"):
        fact.parse(type(node.run(["true"]))(0, text, ""))
