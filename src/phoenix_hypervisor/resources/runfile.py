"""NVIDIA's installer: what it is called, where it comes from, where the node keeps it for its containers."""

from __future__ import annotations

from typing import Annotated

from phoenix_hypervisor.documents.types import Matching

CACHE = "/var/cache/phoenix_hypervisor"
Sha256 = Annotated[str, Matching("[0-9a-fA-F]{64}", "a SHA-256 has 64 hexadecimal digits")]
_ARCHIVE = "https://us.download.nvidia.com/XFree86/Linux-x86_64"


def runfile(version: str) -> str:
    """Its name, as NVIDIA gives it."""
    return f"NVIDIA-Linux-x86_64-{version}.run"


def address(version: str, declared: str | None) -> str:
    """Where it is fetched: where the configuration says, else NVIDIA's archive."""
    return declared or f"{_ARCHIVE}/{version}/{runfile(version)}"
