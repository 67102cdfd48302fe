"""CUDA's toolkit from NVIDIA's packages: compiler and libraries, beside a driver that is not theirs."""

from __future__ import annotations

from collections.abc import Iterator

from phoenix_hypervisor.resource import Resource
from phoenix_hypervisor.resources.archive import NEEDED, Archive
from phoenix_hypervisor.resources.package import Packages

_KEY = ("3bf863cc.pub", "EB693B3035CD5710E231E123A4B469963BF863CC")
"""The file of the archive's key, and its fingerprint."""
_NEWER_KEYS = {"debian13": ("8793F200.pub", "02182E60104FCDC26EAE1B8597A5D4CB8793F200")}
"""Those of archives for releases that do not trust the first one, by the release's name in the address."""


def package(version: str) -> str:
    """The package of a version; it brings the newest patch of 12.8, and no driver."""
    major, minor = version.split(".")[:2]
    return f"cuda-toolkit-{major}-{minor}"


def resources(version: str, url: str) -> Iterator[Resource]:
    """The archive with its key, then the toolkit. ``url`` is the archive of the container's release."""
    place = url.rstrip("/")
    file, fingerprint = next((key for release, key in _NEWER_KEYS.items() if f"/{release}/" in f"{place}/"), _KEY)
    yield Packages(name="archives", packages=NEEDED)
    yield Archive(name="nvidia-cuda", uri=f"{place}/", suite="/", key=f"{place}/{file}", fingerprint=fingerprint)
    yield Packages(name="cuda", packages=(package(version),))
