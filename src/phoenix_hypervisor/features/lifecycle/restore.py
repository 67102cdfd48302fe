"""The restore point: a snapshot to which a container is put back when a run's changes to it fail (spec R5)."""

from __future__ import annotations

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.features.lifecycle.commands import pct

NAME = "phoenix-restore-point"


def roll_back(ctid: int, name: str, start: bool) -> Command:
    """Proxmox stops a running container first; ``start``: and starts it afterwards."""
    return pct("rollback", ctid, name, *(("--start", "1") if start else ()), timeout=600.0)


def forget(ctid: int) -> Command:
    return pct("delsnapshot", ctid, NAME, timeout=600.0)


def go_back(ctid: int, start: bool) -> tuple[Command, ...]:
    """Back to the restore point, which is of no use then."""
    return roll_back(ctid, NAME, start), forget(ctid)
