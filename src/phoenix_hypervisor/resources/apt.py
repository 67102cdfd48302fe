"""apt-get where nobody is there to answer: what it keeps, how long it waits, how what was cut off is mended."""

from __future__ import annotations

from phoenix_hypervisor.command import Command

TIMEOUT = 1800.0
"""Seconds that one call may take."""
_FETCHING = ("-q", "-o", "Acquire::Retries=3")
OPTIONS = ("-y", *_FETCHING, "-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Options::=--force-confold")
"""For whatever changes packages: files that somebody changed stay, five minutes are waited for dpkg's lock."""
UPDATE = ("apt-get", "update", *_FETCHING, "-o", "APT::Update::Error-Mode=any")
MEND = f"dpkg --configure -a --force-confold 2>&1 || apt-get install {' '.join(OPTIONS)} --fix-broken"
"""A line for ``sh``: what was cut off is finished; where dpkg cannot do that, apt gets what it lacks, or tells."""


def mend() -> Command:
    """What apt refuses everything without."""
    return Command("sh", "-c", MEND, "mend-packages", timeout=2 * TIMEOUT)


def update() -> Command:
    """The lists of packages brought up to date; one that cannot be is an error."""
    return Command(*UPDATE, timeout=TIMEOUT)


def install(*words: str) -> Command:
    """Packages installed with what they need, and nothing that they only recommend."""
    return Command("apt-get", "install", *OPTIONS, "--no-install-recommends", *words, timeout=TIMEOUT)
