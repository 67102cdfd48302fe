"""NVIDIA's driver on the node: one exact version, its modules by DKMS, its device nodes before any container starts."""

from __future__ import annotations

from collections.abc import Iterator

from phoenix_hypervisor.documents.host import Version
from phoenix_hypervisor.documents.types import Url
from phoenix_hypervisor.features.host.nvidia.driver import Driver
from phoenix_hypervisor.features.host.nvidia.nodes import UNIT, UNIT_FILE, UNIT_TEXT, Nodes, NoUnit
from phoenix_hypervisor.features.host.nvidia.nouveau import MODPROBE, NO_NOUVEAU, Nouveau
from phoenix_hypervisor.resource import Feature, Lack, Resource, Slice
from phoenix_hypervisor.resources.file import File
from phoenix_hypervisor.resources.initramfs import DUE, Initramfs
from phoenix_hypervisor.resources.kernel import KernelHeaders
from phoenix_hypervisor.resources.package import Packages
from phoenix_hypervisor.resources.runfile import CACHE, Sha256, address
from phoenix_hypervisor.resources.service import Service

PACKAGES = ("curl", "dkms", "gcc", "make", "proxmox-default-headers")


class Nvidia(Slice):
    """The driver of the node; nothing is installed without a version, or where ``install`` is false.

    Without ``runfile_url`` the installer comes from NVIDIA's archive. ``cuda_version`` is what containers are to use:
    a driver that is too old for it is told. ``install_vllm_libs`` is of containers; the node takes no notice.
    """

    install: bool | None = None
    version: Version | None = None
    runfile_url: Url | None = None
    runfile_sha256: Sha256 | None = None
    cuda_version: Version | None = None
    install_vllm_libs: bool | None = None


def lacks(piece: Nvidia) -> Iterator[Lack]:
    """The version, where it is not said that there is to be none."""
    if piece.install is not False and not piece.knows("version"):
        yield Lack((), "version is missing.", 'Add it, or "install": false.')


def resources(piece: Nvidia) -> Iterator[Resource]:
    """What the modules are built with, nouveau out of the way, the driver, its device nodes."""
    if piece.install is False or piece.version is None:
        yield from _leftovers()
        return
    no_nouveau = File(name=MODPROBE, text=NO_NOUVEAU, notify=(DUE,))
    unit = File(name=UNIT_FILE, text=UNIT_TEXT)
    yield Packages(name="nvidia", packages=PACKAGES)
    yield KernelHeaders(after=("package:nvidia",))
    yield no_nouveau
    yield Initramfs(watches=(no_nouveau,))
    driver = Driver(
        name=piece.version,
        url=address(piece.version, piece.runfile_url),
        sha256=piece.runfile_sha256.lower() if piece.runfile_sha256 else None,
        cuda_version=piece.cuda_version,
        after=("package:nvidia", "kernel-headers:installed", "initramfs:update"),
    )
    yield driver
    yield unit
    yield Service(name=UNIT, running=None, watches=(unit,))
    yield Nodes(driver=driver, after=(f"service:{UNIT}",))


def _leftovers() -> Iterator[Resource]:
    """What Phoenix wrote goes, but what an installed driver needs: the driver stays."""
    no_nouveau = Nouveau(name=MODPROBE, notify=(DUE,))
    yield NoUnit(name=UNIT_FILE)
    yield no_nouveau
    yield Initramfs(watches=(no_nouveau,))


feature = Feature(
    name="nvidia",
    summary="NVIDIA's driver in one exact version, and its device nodes before containers start.",
    scope="host",
    slice=Nvidia,
    resources=resources,
    sources={
        "install": "host.nvidia_driver.install",
        "version": "host.nvidia_driver.version",
        "runfile_url": "host.nvidia_driver.runfile_url",
        "runfile_sha256": "host.nvidia_driver.runfile_sha256",
        "cuda_version": "host.nvidia_driver.cuda_version",
        "install_vllm_libs": "host.nvidia_driver.install_vllm_libs",
    },
    needs_names=True,
    needs=("initial_setup",),
    touches=(MODPROBE, UNIT_FILE, "initramfs", "/usr", "/lib/modules", CACHE),
    lacks=lacks,
)
