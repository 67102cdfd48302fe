"""The user's part of NVIDIA's driver in a container: the node's version, for the assigned cards; CUDA."""

from __future__ import annotations

from collections.abc import Iterator

from phoenix_hypervisor.documents.host import Version
from phoenix_hypervisor.documents.types import Url
from phoenix_hypervisor.features.container.nvidia import cuda
from phoenix_hypervisor.features.container.nvidia.userdriver import UserDriver
from phoenix_hypervisor.resource import Carried, Feature, Resource, Slice
from phoenix_hypervisor.resources.package import Packages
from phoenix_hypervisor.resources.runfile import CACHE, Sha256, address, runfile

PACKAGES = ("ca-certificates", "curl", "kmod")


class Nvidia(Slice):
    """The driver of the node, and the numbers of the cards that the container is given; without a version, nothing.

    Without ``runfile_url`` the installer comes from NVIDIA's archive, where the node has none that it could give.
    ``cuda_version`` asks for CUDA's toolkit, from NVIDIA's packages at ``repo_url``; without both there is none.
    """

    version: Version | None = None
    runfile_url: Url | None = None
    runfile_sha256: Sha256 | None = None
    cuda_version: Version | None = None
    repo_url: Url | None = None
    cards: tuple[int, ...] = ()


def resources(piece: Nvidia) -> Iterator[Resource]:
    """What the installer needs, then the libraries and programs of the node's version."""
    if piece.version is None:
        return
    yield Packages(name="nvidia", packages=PACKAGES)
    yield UserDriver(
        name=piece.version,
        url=address(piece.version, piece.runfile_url),
        sha256=piece.runfile_sha256.lower() if piece.runfile_sha256 else None,
        cards=len(piece.cards),
    )
    if piece.cuda_version and piece.repo_url:
        yield from cuda.resources(piece.cuda_version, piece.repo_url)


def carries(piece: Nvidia) -> Iterator[Carried]:
    """The installer that the node keeps."""
    if piece.version is not None:
        path = f"{CACHE}/{runfile(piece.version)}"
        yield Carried(path, path)


feature = Feature(
    name="nvidia",
    summary="The user's part of NVIDIA's driver in the node's version, for the assigned cards.",
    scope="container",
    slice=Nvidia,
    resources=resources,
    sources={
        "version": "site.nvidia.version",
        "runfile_url": "site.nvidia.runfile_url",
        "runfile_sha256": "site.nvidia.runfile_sha256",
        "cuda_version": "site.nvidia.cuda_version",
        "repo_url": "site.nvidia.repo_url",
        "cards": "site.gpus",
    },
    needs_names=True,
    touches=("/usr", "/etc/apt/sources.list.d", CACHE),
    carries=carries,
)
