"""The firewall file of a guest, ``/etc/pve/firewall/ID.fw``. Source: PVE::Firewall::Helpers."""

from __future__ import annotations

from phoenix_hypervisor.simulator.filesystem import Filesystem

_FOLDER = "/etc/pve/firewall"


def remove(files: Filesystem, ctid: int) -> None:
    """Take the file away, where there is one."""
    if files.exists(f"{_FOLDER}/{ctid}.fw"):
        files.remove(f"{_FOLDER}/{ctid}.fw")


def copy(files: Filesystem, source: int, target: int) -> None:
    """Give one guest the file of another; where that has none, neither has it."""
    remove(files, target)
    if files.exists(f"{_FOLDER}/{source}.fw"):
        files.write(f"{_FOLDER}/{target}.fw", files.read(f"{_FOLDER}/{source}.fw"))
