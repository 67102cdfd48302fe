"""The way back to a restore point, when a step failed (spec R5)."""

from __future__ import annotations

from phoenix_hypervisor.features.lifecycle import commands, firewall, restore
from phoenix_hypervisor.features.lifecycle.conditions import (
    Condition,
    FirewallIs,
    NoSnapshot,
    PutBack,
    RolledBack,
    Runs,
)
from phoenix_hypervisor.plan.step import Expect, Work


def going_back(
    ctid: int, description: str, volumes: tuple[str, ...], before: str | None, starts: bool
) -> tuple[Work, ...]:
    """Configuration, volumes and firewall file (``before``) are as they were; the restore point is of no use then."""
    back = restore.roll_back(ctid, restore.NAME, start=False)
    work: list[Work] = [back, Expect((RolledBack(ctid, restore.NAME),))]
    work.append(restore.describe(ctid, description))
    held: list[Condition] = [NoSnapshot(ctid, restore.NAME), PutBack(ctid, description, volumes)]
    work += [restore.forget(ctid), restore.drop_new_volumes(ctid, volumes)]
    if before is None:
        work.append(firewall.remove(ctid))
        held.append(FirewallIs(ctid, None))
    elif firewall.is_ours(before):
        work.append(firewall.write(ctid, before))
        held.append(FirewallIs(ctid, before))
    if starts:
        work.append(commands.start(ctid))
        held.append(Runs(ctid))
    return (*work, Expect(tuple(held)))
