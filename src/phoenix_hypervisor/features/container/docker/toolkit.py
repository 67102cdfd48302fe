"""NVIDIA's container toolkit: GPUs of an unprivileged container in Docker's containers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.resource import Resource
from phoenix_hypervisor.resources.archive import Archive
from phoenix_hypervisor.resources.file import content_of
from phoenix_hypervisor.resources.package import Packages

PATH = "/etc/nvidia-container-runtime/config.toml"
_SET = re.compile(r"^\s*no-cgroups\s*=\s*true\b", re.MULTILINE)
_ARCHIVE = Archive(
    name="nvidia-container-toolkit",
    uri="https://nvidia.github.io/libnvidia-container/stable/deb/amd64",
    suite="/",
    key="https://nvidia.github.io/libnvidia-container/gpgkey",
    fingerprint="C95B321B61E88C1809C4F759DDCAE044F796ECB0",
)


class WithoutCgroups(Resource):
    """The toolkit leaves the device cgroup alone: an unprivileged container may not change it, and the node has."""

    kind: ClassVar[str] = "docker.no-cgroups"

    def facts(self) -> Iterator[Fact[Any]]:
        yield content_of(PATH)

    def change(self, facts: Facts) -> Iterator[Command]:
        seen = facts[content_of(PATH)]
        if seen is None or not _SET.search(seen.text or ""):
            yield Command("nvidia-ctk", "config", "--in-place", "--set", "nvidia-container-cli.no-cgroups=true")

    def __str__(self) -> str:
        return "no-cgroups"


def resources() -> Iterator[Resource]:
    """The archive, the toolkit, and its one setting."""
    yield _ARCHIVE
    yield Packages(name="nvidia-container-toolkit", packages=("nvidia-container-toolkit",))
    yield WithoutCgroups(name=PATH)
