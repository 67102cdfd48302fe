"""What one container's part of a plan means for those that hang on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from phoenix_hypervisor.features.lifecycle.raw import Lines
from phoenix_hypervisor.plan.step import Change, Step, Undo
from phoenix_hypervisor.proxmox.guest import Section


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one container's chain means for those that hang on it."""

    steps: tuple[Step, ...]
    notes: tuple[str, ...]
    kept: tuple[Change, ...]
    done: str | None
    """The last step; None when nothing is to be done."""
    snapshot: str | None
    """The snapshot that it declares for its clones."""
    cloneable_step: str | None
    """The step after which it can be cloned; None when it can be cloned now."""
    snapshot_layers: Mapping[str, str]
    """What a clone of it has."""
    dataset: str | None
    """Its root file system, as it is or will be."""
    is_base: bool
    """Whether it is, or will be, a template of Proxmox's."""
    section: Section
    """Its configuration, as a clone of it gets it."""
    raw: Lines
    firewall: str | None
    undo: Undo | None
