"""The releases of Proxmox VE that a node can be of, and what tells them apart outside of the option schemas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from phoenix_hypervisor.simulator.process import Kernel

NEWEST = 9


@dataclass(frozen=True, slots=True)
class Release:
    """A release as its installer leaves it. ``debian`` is the point release, ``zfs`` the version of both halves."""

    version: int
    manager: str
    kernel: Kernel
    debian: str
    codename: str
    zfs: str
    unprivileged: bool
    """Whether ``pct create`` makes an unprivileged container when nothing is said."""
    deb822: bool
    """Whether package sources are ``.sources`` files; one-line lists otherwise."""

    @property
    def name(self) -> str:
        """``9.2``."""
        return ".".join(self.manager.split(".")[:2])


_EIGHT = Release(
    version=8,
    manager="8.4.0/ec58e45e1bcdf2ac",
    kernel=Kernel("6.8.12-9-pve", "#1 SMP PREEMPT_DYNAMIC PMX 6.8.12-9 (2025-03-16T19:18Z)"),
    debian="12.10",
    codename="bookworm",
    zfs="2.2.7-pve2",
    unprivileged=False,
    deb822=False,
)
_NINE = Release(
    version=9,
    manager="9.2.11/14a22df35955d97d",
    kernel=Kernel("6.17.2-1-pve", "#1 SMP PREEMPT_DYNAMIC PMX 6.17.2-1 (2025-10-21T11:55Z)"),
    debian="13.2",
    codename="trixie",
    zfs="2.3.9-0+deb13u1",
    unprivileged=True,
    deb822=True,
)
RELEASES: Mapping[int, Release] = {release.version: release for release in (_EIGHT, _NINE)}
