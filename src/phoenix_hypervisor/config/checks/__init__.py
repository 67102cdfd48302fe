"""Everything that is checked beyond a document's own shape (spec section 8): one function per code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from phoenix_hypervisor.config.checks import (
    effect,
    gpu,
    host,
    lineage,
    names,
    network,
    own,
    scripts,
    serving,
    shares,
    sharing,
    spelling,
    storage,
    zfs,
)
from phoenix_hypervisor.config.checks.view import CHECKS, Check, Finding, Question, View

__all__ = ["CHECKS", "Check", "Finding", "Question", "View", "check"]

MODULES = (effect, gpu, host, lineage, names, network, own, scripts, serving, shares, sharing, spelling, storage, zfs)
"""Importing them fills CHECKS."""


def check(view: View, checks: Iterable[Check]) -> Iterator[Finding]:
    """What the checks find; one that reads a section of the host document that was lost does not judge."""
    for each in checks:
        if not view.lost(each.host):
            yield from each.find(view.narrowed(each.fields))
