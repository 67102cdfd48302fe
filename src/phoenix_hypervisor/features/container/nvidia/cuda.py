"""CUDA's toolkit from NVIDIA's packages: compiler and libraries, beside a driver that is not theirs."""

from __future__ import annotations

from collections.abc import Iterator

from phoenix_hypervisor.resource import Resource
from phoenix_hypervisor.resources.archive import NEEDED, Archive
from phoenix_hypervisor.resources.package import Packages

_KEY = "3bf863cc.pub"
_FINGERPRINT = "EB693B3035CD5710E231E123A4B469963BF863CC"


def package(version: str) -> str:
    """The package of a version; it brings the newest patch of 12.8, and no driver."""
    major, minor = version.split(".")[:2]
    return f"cuda-toolkit-{major}-{minor}"


def resources(version: str, url: str) -> Iterator[Resource]:
    """The archive with its key, then the toolkit. ``url`` is the archive of the container's release."""
    place = url.rstrip("/")
    yield Packages(name="archives", packages=NEEDED)
    yield Archive(name="nvidia-cuda", uri=f"{place}/", suite="/", key=f"{place}/{_KEY}", fingerprint=_FINGERPRINT)
    yield Packages(name="cuda", packages=(package(version),))
