"""What ``--allow-destroy`` names and is not on the node."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from phoenix_hypervisor.cli.options import DISK
from phoenix_hypervisor.config.site import Site
from phoenix_hypervisor.features.host.zfs.disks import BLOCKS
from phoenix_hypervisor.machine import Facts
from phoenix_hypervisor.plan.step import Plan


def with_strangers(plan: Plan, allowed: Collection[str], site: Site, facts: Facts) -> Plan:
    """The plan with a note for each disk that may be lost and is none of the node's."""
    return replace(plan, notes=(*plan.notes, *_strangers(allowed, site, facts))) if allowed else plan


def _strangers(allowed: Iterable[str], site: Site, facts: Facts) -> Iterator[str]:
    known = _known(site, facts)
    for each in allowed:
        if each.removeprefix(DISK) not in known:
            yield f"--allow-destroy {each}: the node has no such disk. What it has: lsblk -o NAME,SERIAL."


def _known(site: Site, facts: Facts) -> set[str]:
    """Serial numbers, and the last parts of declared links, for disks without one."""
    try:
        blocks = facts[BLOCKS]
    except KeyError:
        blocks = {}
    links = {link.rpartition("/")[2] for pool in (site.host.zfs.pools if site.host.zfs else ()) for link in pool.disks}
    return {block.serial for block in blocks.values()} | links
